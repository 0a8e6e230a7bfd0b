//go:build !cmemprof_no_libcurl

package upload_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/cmemprof/cmemprof/upload"
)

// libcurl reads neither SSL_CERT_FILE nor SSL_CERT_DIR; Go's net/http, which dd-trace-go uses, reads both.
func TestCertificatesOfTheEnvironment(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", file+".gone")
	if err := upload.Send(t.Context(), request(server.URL)); err != nil {
		t.Error(err)
	}
	t.Setenv("SSL_CERT_FILE", file+".gone") // a missing file is ignored
	wantError(t, upload.Send(t.Context(), request(server.URL)), upload.TLS, 0, "TLS failed: ")
}
