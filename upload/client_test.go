package upload_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/cmemprof/cmemprof/upload"
)

// Programs replace the default transport.
func TestDefaultTransportIsNotOurs(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = struct{ http.RoundTripper }{before}
	checkSend(t)
}

// A batch for a socket bypasses the proxy, whatever its URL is.
func TestNoProxyForASocket(t *testing.T) {
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	var uri string
	server := httptest.NewUnstartedServer(readFirst(func(_ http.ResponseWriter, r *http.Request) { uri = r.RequestURI }))
	path := fmt.Sprintf("@cmemprof-proxy-test-%d", os.Getpid())
	server.Listener = listenUnix(t, path)
	server.Start()
	defer server.Close()
	r := request("http://agent.invalid/input")
	r.UnixSocket = path
	if err := upload.Send(t.Context(), r); err != nil || uri != "/input" {
		t.Errorf("%q, %v", uri, err)
	}
}
