package otlp

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/otlp"
)

// `cmemprof run` sends to a collector, whose exporter passes it on.
func TestRunSendsToACollector(t *testing.T) {
	receiver := built.Receiver(t)
	c := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--rate", "1", "--otlp", collector(t, receiver), "--", "ls", "/")
	c.Env = built.Environment("DD_ENV=test", "DD_VERSION=1.2", "OTEL_SERVICE_NAME=tool", "DD_TAGS=team:a")
	if output, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	got := firstUpload(t, receiver, "tool")
	if got.Env != "test" || got.Version != "1.2" || got.Language != "native" || !slices.Contains(got.Tags, "team:a") || !slices.Contains(got.files(), "delta-heap.pprof") {
		t.Errorf("%+v", got)
	}
	wantPeriod(t, receiver, got)
}

// hashOf is OpenTelemetry's build id of a program: of its first and last 4096 bytes and its size.
func hashOf(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(slices.Concat(b[:4096], b[len(b)-4096:]), uint64(len(b))))
	return hex.EncodeToString(sum[:16])
}

// The variables alone, as of the Go profiler: where to, over TLS with a certificate of one's own, with headers, and attributes of the resource.
func TestRunByTheEnvironment(t *testing.T) {
	type request struct {
		header http.Header
		path   string
		body   []byte
	}
	got := make(chan request, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header, r.URL.Path, body}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer server.Close()
	directory := t.TempDir()
	roots := filepath.Join(directory, "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(variables []string, options ...string) string {
		c := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), slices.Concat([]string{"run", "--rate", "1"}, options, []string{"--", "ls", "/"})...)
		c.Dir = directory
		c.Env = built.Environment(variables...)
		output, _ := c.CombinedOutput()
		return string(output)
	}
	variables := []string{"OTEL_PROFILES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT=" + server.URL + "/own", "OTEL_EXPORTER_OTLP_CERTIFICATE=" + roots,
		"OTEL_EXPORTER_OTLP_HEADERS=X-Tenant=a%20b,user-agent=mine", "OTEL_EXPORTER_OTLP_COMPRESSION=none", "OTEL_EXPORTER_OTLP_TIMEOUT=30000",
		"OTEL_RESOURCE_ATTRIBUTES=service.name=tool,deployment.environment.name=test,zone=eu%2D1,note=a%2Cb%3Dc:d,my:key=x"}
	output := run(variables)
	var got0 []byte
	select {
	case r := <-got:
		got0 = r.body
		if r.path != "/own" || r.header.Get("X-Tenant") != "a b" || r.header.Get("User-Agent") != "mine" || r.header.Get("Content-Encoding") != "" {
			t.Errorf("%s %v", r.path, r.header)
		}
		profiles, err := otlp.Decode(r.body)
		if err != nil || len(profiles) == 0 || r.body[0]&7 != 2 { // not gzip
			t.Fatalf("%d profiles: %v", len(profiles), err)
		}
		texts := map[string]string{}
		for _, a := range profiles[0].Resource {
			if _, twice := texts[a.Key]; twice {
				t.Errorf("%s is there twice", a.Key)
			}
			texts[a.Key] = a.Text
			if a.Key == "process.pid" && !a.IsNumber {
				t.Error("process.pid is no number")
			}
		}
		if texts["service.name"] != "tool" || texts["deployment.environment.name"] != "test" || texts["zone"] != "eu-1" || texts["process.runtime.name"] != "native" {
			t.Errorf("%v", texts)
		}
		if texts["note"] != "a,b=c:d" || texts["my:key"] != "x" { // characters that part tags
			t.Errorf("%v", texts)
		}
	default:
		t.Fatalf("nothing was sent:\n%s", output)
	}
	if !bytes.Contains(got0, []byte("process.executable.build_id.htlhash")) || !bytes.Contains(got0, []byte(hashOf(t, "ls"))) {
		t.Error("the hash of ls is not in the request")
	}
	// An option goes before; the server's certificate is not the system's; and what is wrong is said before the program runs.
	if output := run(variables, "-o", "own.pprof"); len(got) > 0 {
		t.Errorf("sent, in spite of -o:\n%s", output)
	}
	if _, err := os.Stat(filepath.Join(directory, "own.pprof")); err != nil {
		t.Error(err)
	}
	if output := run([]string{"OTEL_EXPORTER_OTLP_CERTIFICATE=" + filepath.Join(directory, "none")}, "--otlp", server.URL); !strings.Contains(output, "OTEL_EXPORTER_OTLP_CERTIFICATE") || len(got) > 0 {
		t.Errorf("output:\n%s", output)
	}
	if output := run(nil, "--otlp", server.URL); len(got) > 0 {
		t.Errorf("sent to a server that is not trusted:\n%s", output)
	}
	if output := run([]string{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT=http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_CERTIFICATE=" + roots}, "--otlp", server.URL); len(got) == 0 {
		t.Errorf("--otlp does not go before the variable:\n%s", output)
	}
}
