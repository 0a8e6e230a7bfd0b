//go:build linux && amd64 && cgo

package profiler_test

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/otlp"
)

// engine is a server of OpenTelemetry's protocol that stores requests.
type engine struct {
	*httptest.Server
	requests chan otlpRequest
	answers  chan func(http.ResponseWriter) // instead of 200
}

type otlpRequest struct {
	path    string
	headers http.Header
	body    []byte // inflated
}

func newEngine(t *testing.T, secure bool) *engine {
	t.Helper()
	e := &engine{requests: make(chan otlpRequest, 100), answers: make(chan func(http.ResponseWriter), 100)}
	e.Server = httptest.NewUnstartedServer(e)
	if secure {
		e.StartTLS()
	} else {
		e.Start()
	}
	t.Cleanup(e.Close)
	return e
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body, _ = io.ReadAll(unpacked)
	}
	select {
	case answer := <-e.answers:
		answer(w)
		return
	default:
	}
	e.requests <- otlpRequest{r.URL.Path, r.Header, body}
}

func (e *engine) next(t *testing.T) otlpRequest {
	t.Helper()
	select {
	case r := <-e.requests:
		return r
	case <-time.After(patience):
		t.Fatal("no request came")
		return otlpRequest{}
	}
}

// wantProfiles checks that the request has the files, readable, of the service.
func (r otlpRequest) wantProfiles(t *testing.T, files ...string) {
	t.Helper()
	read, err := otlp.Decode(r.body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range read {
		got = append(got, one.File)
		if p, err := profile.ParseData(one.Profile); err != nil {
			t.Errorf("%s: %v", one.File, err)
		} else if err := p.CheckValid(); err != nil {
			t.Errorf("%s: %v", one.File, err)
		}
	}
	for _, file := range files {
		if !slices.Contains(got, file) {
			t.Errorf("%s is not among %v", file, got)
		}
	}
}

func startOTLP(t *testing.T, options ...profiler.Option) {
	t.Helper()
	err := profiler.Start(append([]profiler.Option{profiler.WithPeriod(200 * time.Millisecond), profiler.WithService("shop"), profiler.WithEnv("test"),
		profiler.WithTags("team:a")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(profiler.Stop)
}

func TestWithOTLP(t *testing.T) {
	e := newEngine(t, false)
	startOTLP(t, profiler.WithOTLP(e.URL+"/"))
	r := e.next(t)
	if r.path != "/v1development/profiles" || r.headers.Get("Content-Type") != "application/x-protobuf" || r.headers.Get("Content-Encoding") != "gzip" {
		t.Errorf("%s with %v", r.path, r.headers)
	}
	for _, header := range []string{"Dd-Api-Key", "Datadog-Container-Id", "Dd-Evp-Origin"} {
		if r.headers.Get(header) != "" {
			t.Errorf("%s is sent", header)
		}
	}
	r.wantProfiles(t, "cpu.pprof", "delta-heap.pprof")
	for _, text := range []string{"service.name", "shop", "deployment.environment.name", "test", "process.pid", "team", "telemetry.sdk.language",
		"service.instance.id", "process.runtime.name"} {
		if !bytes.Contains(r.body, []byte(text)) {
			t.Errorf("the request has no %q", text)
		}
	}
}

func TestOTLPByEnvironment(t *testing.T) {
	e := newEngine(t, true)
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"OTEL_PROFILES_EXPORTER":               "otlp",
		"OTEL_EXPORTER_OTLP_ENDPOINT":          "http://127.0.0.1:1/elsewhere",
		"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT": e.URL + "/own/path",
		"OTEL_EXPORTER_OTLP_HEADERS":           "x-tenant=one,authorization=Basic%20abc",
		"OTEL_EXPORTER_OTLP_PROFILES_HEADERS":  "x-tenant=two",
		"OTEL_EXPORTER_OTLP_COMPRESSION":       "none",
		"OTEL_EXPORTER_OTLP_TIMEOUT":           "60000",
		"OTEL_EXPORTER_OTLP_CERTIFICATE":       certificate,
		"OTEL_RESOURCE_ATTRIBUTES":             "region=north%2C1,service.name=ignored",
		"OTEL_EXPORTER_OTLP_PROTOCOL":          "grpc",
	} {
		t.Setenv(name, value)
	}
	startOTLP(t)
	r := e.next(t)
	if r.path != "/own/path" || r.headers.Get("X-Tenant") != "two" || r.headers.Get("Authorization") != "Basic abc" || r.headers.Get("Content-Encoding") != "" {
		t.Errorf("%s with %v", r.path, r.headers)
	}
	if !bytes.Contains(r.body, []byte("north,1")) || bytes.Contains(r.body, []byte("ignored")) {
		t.Error("OTEL_RESOURCE_ATTRIBUTES are not as they should be")
	}
	r.wantProfiles(t, "delta-heap.pprof")
}

func TestOTLPServiceName(t *testing.T) {
	e := newEngine(t, false)
	t.Setenv("DD_SERVICE", "")
	t.Setenv("OTEL_SERVICE_NAME", "till")
	if err := profiler.Start(profiler.WithOTLP(e.URL), profiler.WithPeriod(200*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	defer profiler.Stop()
	if r := e.next(t); !bytes.Contains(r.body, []byte("till")) {
		t.Error("the service has another name")
	}
}

func TestOTLPNone(t *testing.T) {
	e := newEngine(t, false)
	t.Setenv("OTEL_PROFILES_EXPORTER", "none")
	startOTLP(t, profiler.WithOTLP(e.URL))
	profiler.Stop()
	if len(e.requests) > 0 {
		t.Error("profiles are sent")
	}
}

func TestBadOTLP(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"OTEL_PROFILES_EXPORTER", "jaeger", `OTEL_PROFILES_EXPORTER: "jaeger" is neither otlp nor none`},
		{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT", "ftp://x", `"ftp://x" is not an http or https URL`},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL: profiles are sent as http/protobuf, not as grpc"},
		{"OTEL_EXPORTER_OTLP_PROFILES_COMPRESSION", "br", `OTEL_EXPORTER_OTLP_PROFILES_COMPRESSION: "br" is neither gzip nor none`},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "soon", `OTEL_EXPORTER_OTLP_TIMEOUT: "soon" is not a number of milliseconds`},
		{"OTEL_EXPORTER_OTLP_HEADERS", "secret", "OTEL_EXPORTER_OTLP_HEADERS: not of the form key=value,key=value"},
		{"OTEL_RESOURCE_ATTRIBUTES", "a=%zz", "OTEL_RESOURCE_ATTRIBUTES: not of the form"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent", "OTEL_EXPORTER_OTLP_CERTIFICATE: open /nonexistent"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/dev/null", "OTEL_EXPORTER_OTLP_CERTIFICATE: /dev/null has no certificates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			err := profiler.Start(profiler.WithOTLP(""))
			profiler.Stop()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// What a server refuses is said in its own words; what it cannot take now is sent again.
func TestOTLPRefusals(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/x-protobuf")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, c := range []struct {
		answer func(http.ResponseWriter)
		want   string
	}{
		{status(http.StatusBadRequest, "\x08\x03\x12\x0anot today\x0a"), "not today"},
		{status(http.StatusOK, "\x0a\x0c\x08\x02\x12\x08too many"), "2 profiles are not taken: too many"},
	} {
		log := captureLog(t)
		e := newEngine(t, false)
		e.answers <- c.answer
		startOTLP(t, profiler.WithOTLP(e.URL))
		e.next(t).wantProfiles(t, "delta-heap.pprof") // the next one
		profiler.Stop()
		if !strings.Contains(strings.Join(log.all(), "\n"), c.want) {
			t.Errorf("the log does not say %q: %s", c.want, strings.Join(log.all(), "\n"))
		}
	}
	log := captureLog(t)
	e := newEngine(t, false)
	e.answers <- status(http.StatusServiceUnavailable, "")
	startOTLP(t, profiler.WithOTLP(e.URL))
	e.next(t).wantProfiles(t, "delta-heap.pprof")
	profiler.Stop()
	if strings.Contains(strings.Join(log.all(), "\n"), "lost") {
		t.Errorf("a batch is lost: %s", strings.Join(log.all(), "\n"))
	}
}
