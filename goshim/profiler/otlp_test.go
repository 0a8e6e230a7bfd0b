//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/otlp"
	"github.com/cmemprof/cmemprof/upload"
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

// resource returns the attributes of the resource, which all profiles of the request must have.
func (r otlpRequest) resource(t *testing.T) map[string]any {
	t.Helper()
	read, err := otlp.Decode(r.body)
	if err != nil || len(read) == 0 {
		t.Fatalf("%d profiles, %v", len(read), err)
	}
	all := map[string]any{}
	for _, a := range read[0].Resource {
		if _, twice := all[a.Key]; twice {
			t.Errorf("%s twice", a.Key)
		}
		if all[a.Key] = a.Text; a.IsNumber {
			all[a.Key] = a.Number
		}
	}
	for _, one := range read {
		if !slices.Equal(one.Resource, read[0].Resource) {
			t.Errorf("%s has another resource: %v", one.File, one.Resource)
		}
	}
	return all
}

// wantAttributes checks those that are named; nil: there is none.
func (r otlpRequest) wantAttributes(t *testing.T, want map[string]any) {
	t.Helper()
	got := r.resource(t)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
}

// wantProfiles checks that the request has the files, readable and with their period, of the service.
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
		} else if p.TimeNanos <= 0 || p.DurationNanos <= 0 {
			t.Errorf("%s: at %d for %d ns", one.File, p.TimeNanos, p.DurationNanos)
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
	r.wantAttributes(t, map[string]any{"service.name": "shop", "deployment.environment.name": "test", "process.pid": int64(os.Getpid()), "team": "a",
		"telemetry.sdk.language": "go", "process.runtime.name": "go", "telemetry.sdk.name": "cmemprof"})
	if id, _ := r.resource(t)["service.instance.id"].(string); len(id) != 36 {
		t.Errorf("service.instance.id is %q", id)
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
		"OTEL_RESOURCE_ATTRIBUTES":             "region=north%2C1,service.name=ignored,team=ignored",
		"OTEL_EXPORTER_OTLP_PROTOCOL":          "grpc",
	} {
		t.Setenv(name, value)
	}
	startOTLP(t)
	r := e.next(t)
	if r.path != "/own/path" || r.headers.Get("X-Tenant") != "two" || r.headers.Get("Authorization") != "" || r.headers.Get("Content-Encoding") != "" {
		t.Errorf("%s with %v", r.path, r.headers)
	}
	r.wantAttributes(t, map[string]any{"region": "north,1", "service.name": "shop", "team": "a"})
	r.wantProfiles(t, "delta-heap.pprof")
}

// OpenTelemetry's variables go before defaults and what is found out, behind DD_* and options.
func TestOTLPResource(t *testing.T) {
	const all = "service.name=shop%2C2,deployment.environment.name=prod,service.version=3,service.instance.id=one,host.name=h,process.pid=7,k8s.pod.name=q"
	for name, c := range map[string]struct {
		variables map[string]string
		options   []profiler.Option
		want      map[string]any
	}{
		"all": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": all}, nil, map[string]any{"service.name": "shop,2", "deployment.environment.name": "prod",
			"service.version": "3", "service.instance.id": "one", "host.name": "h", "process.pid": int64(7)}},
		"the old name": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=prod"}, nil,
			map[string]any{"deployment.environment.name": "prod"}},
		"OTEL_SERVICE_NAME": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": all, "OTEL_SERVICE_NAME": "till"}, nil, map[string]any{"service.name": "till"}},
		"DD": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": all, "OTEL_SERVICE_NAME": "till", "DD_SERVICE": "dd", "DD_ENV": "e", "DD_VERSION": "v"}, nil,
			map[string]any{"service.name": "dd", "deployment.environment.name": "e", "service.version": "v", "service.instance.id": "one"}},
		"options": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": all, "DD_SERVICE": "dd"},
			[]profiler.Option{profiler.WithService("o"), profiler.WithEnv(""), profiler.WithVersion("w"), profiler.WithHostname("g")},
			map[string]any{"service.name": "o", "deployment.environment.name": nil, "service.version": "w", "host.name": "g"}},
		"tags": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": all, "DD_TAGS": "version:t,env:u,pod_name:p"}, nil,
			map[string]any{"service.version": "t", "deployment.environment.name": "u", "k8s.pod.name": "p"}},
		"not to be sent": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": all, "DD_PROFILING_REPORT_HOSTNAME": "false",
			"DD_PROFILING_REPORT_PROCESS_ID": "false"}, nil, map[string]any{"host.name": nil, "process.pid": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, false)
			for name, value := range c.variables {
				t.Setenv(name, value)
			}
			if err := profiler.Start(append(c.options, profiler.WithOTLP(e.URL), profiler.WithPeriod(50*time.Millisecond))...); err != nil {
				t.Fatal(err)
			}
			defer profiler.Stop()
			e.next(t).wantAttributes(t, c.want)
		})
	}
}

// Without OTLP its variables say nothing.
func TestOTLPVariablesAreForOTLP(t *testing.T) {
	a := newAgent(t)
	t.Setenv("OTEL_SERVICE_NAME", "till")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=till,deployment.environment.name=prod,team=b,a=%zz")
	t.Setenv("OTEL_PROFILES_EXPORTER", "none, console")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
	log := captureLog(t)
	if err := profiler.Start(profiler.WithAgentAddr(a.addr()), profiler.WithPeriod(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	defer profiler.Stop()
	r := a.next(t)
	if tags := r.event.Tags; strings.Contains(tags, "till") || strings.Contains(tags, "team:b") || !strings.Contains(tags, "env:none") {
		t.Errorf("tags %s", tags)
	}
	if text := strings.Join(log.all(), "\n"); !strings.Contains(text, `WARN cmemprof: OTEL_PROFILES_EXPORTER: "console" is not an exporter of profiles`) {
		t.Errorf("the log: %s", text)
	}
}

// An option that says where profiles go is stronger than the variable; of options the last one holds.
func TestOTLPTarget(t *testing.T) {
	const own, otlpURL, key = "http://127.0.0.1:1/v1development/profiles", "http://localhost:4318/v1development/profiles", testKey
	for name, c := range map[string]struct {
		exporter string
		options  []profiler.Option
		want     string
	}{
		"variable":           {"otlp", nil, otlpURL},
		"in a list":          {"console,OTLP ", nil, otlpURL},
		"another exporter":   {"console", nil, "http://localhost:8126/profiling/v1/input"},
		"Agent":              {"otlp", []profiler.Option{profiler.WithAgentAddr("a:1")}, "http://a:1/profiling/v1/input"},
		"socket":             {"otlp", []profiler.Option{profiler.WithUDS("/s")}, "http://localhost:8126/profiling/v1/input"},
		"intake":             {"otlp", []profiler.Option{profiler.WithAgentlessUpload(), profiler.WithAPIKey(key), profiler.WithURL("http://i/p")}, "http://i/p"},
		"URL":                {"otlp", []profiler.Option{profiler.WithURL("http://i/p")}, "http://localhost:8126/profiling/v1/input"},
		"WithOTLP, Agent":    {"", []profiler.Option{profiler.WithOTLP("http://127.0.0.1:1"), profiler.WithAgentAddr("a:1")}, "http://a:1/profiling/v1/input"},
		"Agent and WithOTLP": {"", []profiler.Option{profiler.WithAgentAddr("a:1"), profiler.WithOTLP("http://127.0.0.1:1")}, own},
		"socket, WithOTLP":   {"otlp", []profiler.Option{profiler.WithUDS("/s"), profiler.WithOTLP("http://127.0.0.1:1")}, own},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_PROFILES_EXPORTER", c.exporter)
			if got, err := profiler.Target(c.options...); err != nil || got != c.want {
				t.Errorf("%s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestOTLPTimeout(t *testing.T) {
	t.Setenv("DD_PROFILING_UPLOAD_TIMEOUT", "3s")
	for value, want := range map[string]time.Duration{"": 3 * time.Second, "2500": 2500 * time.Millisecond, "0": math.MaxInt32 * time.Millisecond} {
		t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", value)
		if got, err := profiler.UploadTimeout(profiler.WithOTLP("")); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", value, got, err, want)
		}
		if got, err := profiler.UploadTimeout(profiler.WithOTLP(""), profiler.WithUploadTimeout(time.Second)); err != nil || got != time.Second {
			t.Errorf("%q with an option: %s, %v", value, got, err)
		}
	}
}

func TestOTLPHeaders(t *testing.T) {
	e := newEngine(t, false)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc,user-agent=own")
	startOTLP(t, profiler.WithOTLP(e.URL))
	if h := e.next(t).headers; h.Get("Authorization") != "Basic abc" || h.Get("User-Agent") != "own" {
		t.Errorf("%v", h)
	}
}

// The log says once what a setting does that is not seen elsewhere, and nothing of an Agent.
func TestOTLPLog(t *testing.T) {
	e := newEngine(t, true)
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OTEL_PROFILES_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.invalid?tenant=a")
	t.Setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", "key.pem")
	t.Setenv("DD_API_KEY", testKey)
	t.Setenv("DD_PROFILING_URL", "http://intake.invalid/")
	t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", "false")
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate)
	log := captureLog(t)
	if err := profiler.Start(profiler.WithHTTPClient(e.Client())); err != nil {
		t.Fatal(err)
	}
	log.wantOnly(t, "WARN cmemprof: OTEL_EXPORTER_OTLP_CERTIFICATE has no effect", "WARN cmemprof: OTEL_EXPORTER_OTLP_CLIENT_KEY has no effect", "profiler started",
		"INFO cmemprof: OTEL_PROFILES_EXPORTER=otlp: profiles go to http://collector.invalid/v1development/profiles?tenant=a, not to Datadog's")
	profiler.Stop()
	log = captureLog(t)
	if err := profiler.Start(profiler.WithAgentAddr("127.0.0.1:1"), profiler.WithLogStartup(false)); err != nil {
		t.Fatal(err)
	}
	log.wantOnly(t, "WARN cmemprof: OTEL_PROFILES_EXPORTER=otlp has no effect: WithAgentAddr says that profiles go to http://127.0.0.1:1/")
	profiler.Stop()
}

func TestTagsOfKeys(t *testing.T) {
	for key, tag := range profiler.TagsOfKeys {
		if got := otlp.AttributeOfTag(tag); got != key && key != "deployment.environment" {
			t.Errorf("%s is %s, not %s", tag, got, key)
		}
	}
}

// One unreadable file does not take the others with it, and a period is that of the batch.
func TestOTLPBody(t *testing.T) {
	heap := upload.Attachment{Name: "heap.pprof", Bytes: memoryProfile(t)}
	bad := upload.Attachment{Name: "bad.pprof", Bytes: []byte("\xff\xff no profile")}
	event := []byte(`{"start":"2026-01-02T03:04:05.5Z","end":"2026-01-02T03:05:05.5Z","tags_profiler":"service:shop"}`)
	body, leftOut, err := profiler.OTLPBody(upload.Request{Event: event, Attachments: []upload.Attachment{bad, heap, bad}})
	if err != nil || !slices.Equal(leftOut, []string{"bad.pprof", "bad.pprof"}) {
		t.Fatalf("%v is left out, %v", leftOut, err)
	}
	read, err := otlp.Decode(body)
	if err != nil || len(read) != 1 || read[0].File != "heap.pprof" {
		t.Fatalf("%v, %v", read, err)
	}
	p, err := profile.ParseData(read[0].Profile)
	if err != nil {
		t.Fatal(err)
	}
	if got := time.Unix(0, p.TimeNanos).UTC().Format(time.RFC3339Nano); got != "2026-01-02T03:04:05.5Z" || p.DurationNanos != int64(time.Minute) {
		t.Errorf("at %s for %d ns", got, p.DurationNanos)
	}
	if body, _, err := profiler.OTLPBody(upload.Request{Event: event, Attachments: []upload.Attachment{bad}}); body != nil || err == nil {
		t.Errorf("%d bytes and %v of a batch without a readable file", len(body), err)
	}
}

func memoryProfile(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Want of memory passes: the batch is kept.
func TestOTLPWithoutMemory(t *testing.T) {
	var e *upload.Error
	if err := profiler.OTLPError(fmt.Errorf("x: %w", &merge.Error{Code: merge.NoMemory})); !errors.As(err, &e) || e.Code != upload.NoMemory {
		t.Errorf("%v", err)
	}
	if err := profiler.OTLPError(&merge.Error{Code: merge.Truncated}); errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}

func TestOTLPNone(t *testing.T) {
	for _, c := range [][2]string{{"OTEL_PROFILES_EXPORTER", "none"}, {"OTEL_SDK_DISABLED", "True"}} {
		t.Run(c[0], func(t *testing.T) {
			e := newEngine(t, false)
			t.Setenv(c[0], c[1])
			log := captureLog(t)
			startOTLP(t, profiler.WithOTLP(e.URL))
			profiler.Stop()
			if len(e.requests) > 0 {
				t.Error("profiles are sent")
			}
			log.wantOnly(t, "INFO cmemprof: "+c[0]+"="+strings.ToLower(c[1])+": no profiler runs")
		})
	}
}

func TestBadOTLP(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT", "ftp://x", `"ftp://x" is not an http or https URL`},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL: profiles are sent as http/protobuf, not as grpc"},
		{"OTEL_EXPORTER_OTLP_PROFILES_COMPRESSION", "br", `OTEL_EXPORTER_OTLP_PROFILES_COMPRESSION: "br" is neither gzip nor none`},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "soon", `OTEL_EXPORTER_OTLP_TIMEOUT: "soon" is not a number of milliseconds`},
		{"OTEL_EXPORTER_OTLP_HEADERS", "secret", "OTEL_EXPORTER_OTLP_HEADERS: not of the form key=value,key=value"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "a=secret%0Ab", "OTEL_EXPORTER_OTLP_HEADERS: a name or a value has a character"},
		{"OTEL_EXPORTER_OTLP_PROFILES_HEADERS", "se cret=a", "OTEL_EXPORTER_OTLP_PROFILES_HEADERS: a name or a value has a character"},
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
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "se cret")) {
				t.Errorf("the error quotes: %v", err)
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
		{status(http.StatusBadRequest, "\x08\x03\x12\x0anot today\x0a"), "rejected by the server with status 400: not today; they are dropped"},
		{status(http.StatusOK, "\x0a\x0c\x08\x02\x12\x08too many"), "rejected by the server with status 200: 2 profiles are not taken: too many; they are dropped"},
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
	e := newEngine(t, false)
	e.answers <- status(http.StatusServiceUnavailable, "")
	startOTLP(t, profiler.WithOTLP(e.URL))
	e.next(t).wantProfiles(t, "delta-heap.pprof")
}
