//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func TestBadOptions(t *testing.T) {
	for text, option := range map[string]profiler.Option{
		"invalid upload timeout, must be > 0: 0s":  profiler.WithUploadTimeout(0),
		"invalid upload timeout, must be > 0: -1s": profiler.WithUploadTimeout(-time.Second),
		"invalid period, must be > 0: 0s":          profiler.WithPeriod(0),
		"invalid CPU profile":                      profiler.CPUDuration(-1),
		"invalid CPU profile, ":                    profiler.CPUProfileRate(-1),
		"unknown profile type: 99":                 profiler.WithProfileTypes(profiler.ProfileType(99)),
		"invalid address":                          profiler.WithAgentAddr(""),
		"invalid address: ":                        profiler.WithAgentAddr("host:port"),
		`"99999" is not a port`:                    profiler.WithAgentAddr("localhost:99999"),
		"invalid address: WithUDS":                 profiler.WithUDS(""),
		"WithAgentAddr takes HOST:PORT, not a URL": profiler.WithAgentAddr("http://localhost:8126"),
		"WithAgentAddr takes HOST:PORT, not":       profiler.WithAgentAddr("localhost:8126/path"),
		"invalid address: WithAgentAddr takes":     profiler.WithAgentAddr("user:secret@localhost:8126"),
		"invalid HTTP client":                      profiler.WithHTTPClient(nil),
		"invalid statsd client":                    profiler.WithStatsd(nil),
		"invalid site":                             profiler.WithSite(""),
		"invalid API key":                          profiler.WithAPIKey("a\r\nb: c"),
	} {
		wantError(t, text, option)
	}
	agentless := []profiler.Option{profiler.WithAgentlessUpload(), profiler.WithAPIKey(testKey)}
	wantError(t, "is not an http or https URL", append(agentless, profiler.WithURL("ftp://localhost/"))...)
	wantError(t, "has no host", append(agentless, profiler.WithURL("http:///path"))...)
	wantError(t, "is not an http or https URL", append(agentless, profiler.WithURL(""))...)
	if err := profiler.Start(append(agentless, profiler.WithURL("http://user:secret@ho st/"))...); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestBadEnvironment(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"DD_PROFILING_ENABLED", "maybe"},
		{"DD_PROFILING_DELTA", "2"},
		{"DD_PROFILING_CMEMPROF_ENABLED", "on"},
		{"DD_PROFILING_CMEMPROF_MEMORY", "some"},
		{"DD_PROFILING_CGO_TRACEBACK", "perhaps"},
		{"DD_PROFILING_CMEMPROF_LABELS", "tenant,,user"},
		{"DD_PROFILING_CMEMPROF_LABELS", "-"},
		{"DD_PROFILING_CMEMPROF_SAMPLING_RATE", "512KiB"},
		{"DD_PROFILING_CMEMPROF_SAMPLING_RATE", "-1"},
		{"DD_PROFILING_UPLOAD_TIMEOUT", "10"},
		{"DD_PROFILING_UPLOAD_TIMEOUT", "0s"},
		{"DD_TRACE_AGENT_PORT", "http"},
		{"DD_TRACE_AGENT_PORT", "65536"},
		{"DD_TRACE_AGENT_PORT", "0"},
		{"DD_AGENT_HOST", "two words"},
		{"DD_AGENT_HOST", "host:8126"},
		{"DD_TRACE_AGENT_URL", "localhost:8126"},
		{"DD_TRACE_AGENT_URL", "ftp://localhost"},
		{"DD_TRACE_AGENT_URL", "unix://"},
		{"DD_TRACE_AGENT_URL", "unix://relative/path"},
		{"DD_SITE", "https://datadoghq.eu"},
		{"DD_SITE", "datadoghq.eu/path"},
		{"DD_SITE", "user@evil"},
		{"DD_PROFILING_URL", "localhost:8126"},
		{"DD_PROFILING_API_KEY_FILE", "/no/such/file"},
		{"DD_PROFILING_API_KEY_FILE", "/dev/null"},
		{"DD_PROFILING_AGENTLESS", "yes"},
		{"DD_PROFILING_FLUSH_ON_EXIT", "always"},
		{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", "lz4"},
		{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", "gzip-0"},
		{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", "gzip-13"},
		{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", "zstd-"},
		{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", "zstd-20"},
		{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", "legacy-1"},
		{"DD_PROFILING_WAIT_PROFILE", "sometimes"},
		{"DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES", "many"},
		{"DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES", "-1"},
		{"DD_PROFILING_EXECUTION_TRACE_ENABLED", "on"},
		{"DD_PROFILING_EXECUTION_TRACE_PERIOD", "15"},
		{"DD_PROFILING_EXECUTION_TRACE_PERIOD", "0s"},
		{"DD_PROFILING_EXECUTION_TRACE_LIMIT_BYTES", "5MB"},
		{"DD_PROFILING_EXECUTION_TRACE_LIMIT_BYTES", "0"},
		{"DD_PROFILING_ENDPOINT_COUNT_ENABLED", "on"},
		{"DD_TRACE_STARTUP_LOGS", "quiet"},
		{"DD_TRACE_GIT_METADATA_ENABLED", "on"},
		{"DD_EXPERIMENTAL_PROPAGATE_PROCESS_TAGS_ENABLED", "on"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			err := profiler.Start()
			if err == nil {
				profiler.Stop()
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.name+": ") {
				t.Errorf("got %v, want an error that names the variable", err)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	a := newAgent(t)
	host, port, _ := strings.Cut(a.addr(), ":")
	t.Setenv("DD_AGENT_HOST", host)
	t.Setenv("DD_TRACE_AGENT_PORT", port)
	t.Setenv("DD_SERVICE", "users-db")
	t.Setenv("DD_ENV", "staging")
	t.Setenv("DD_VERSION", "1.2.3")
	t.Setenv("DD_TAGS", "team:core region:eu")
	t.Setenv("DD_PROFILING_DELTA", "false")
	t.Setenv("DD_PROFILING_UPLOAD_TIMEOUT", "3h")
	t.Setenv("DD_PROFILING_CMEMPROF_ENABLED", "") // an empty variable counts as unset
	run := func(options ...profiler.Option) *received {
		t.Helper()
		all := append([]profiler.Option{profiler.WithProfileTypes(profiler.HeapProfile), profiler.WithLogStartup(false), nil}, options...)
		if err := profiler.Start(all...); err != nil {
			t.Fatal(err)
		}
		profiler.Stop()
		return a.next(t)
	}
	b := run()
	b.wantTag(t, "service", "users-db")
	b.wantTag(t, "env", "staging")
	b.wantTag(t, "version", "1.2.3")
	b.wantTag(t, "team", "core")
	b.wantTag(t, "region", "eu")
	if b.attachments["heap.pprof"] == nil {
		t.Errorf("attachments %q, want totals", b.order)
	}
	// Options override the environment; tags are added to it.
	t.Setenv("DD_TAGS", "team:core, with space:yes ,")
	b = run(profiler.WithService("other"), profiler.WithEnv("test"), profiler.WithVersion("2"), profiler.WithTags("a:b"),
		profiler.WithDeltaProfiles(true))
	b.wantTag(t, "service", "other")
	b.wantTag(t, "env", "test")
	b.wantTag(t, "version", "2")
	b.wantTag(t, "a", "b")
	b.wantTag(t, "team", "core")
	b.wantTag(t, "with space", "yes")
	if b.attachments["delta-heap.pprof"] == nil {
		t.Errorf("attachments %q, want deltas", b.order)
	}
	// A URL overrides host and port.
	other := newAgent(t)
	t.Setenv("DD_TRACE_AGENT_URL", other.URL+"/")
	a = other
	if b = run(); b.path != "/profiling/v1/input" {
		t.Errorf("posted to %q", b.path)
	}
}

func TestSwitchedOffByEnvironment(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_ENABLED", "false")
	start(t, a, profiler.WithProfileTypes())
	profiler.Stop()
	if n := a.requests.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
	t.Setenv("DD_PROFILING_ENABLED", "auto")
	start(t, a, profiler.WithProfileTypes())
	profiler.Stop()
	a.next(t)
}

// Likely mistakes are logged once per Start, even if WithLogStartup is off.
func TestMistakesAreSaid(t *testing.T) {
	log := captureLog(t)
	quiet := []profiler.Option{profiler.WithLogStartup(false), profiler.WithProfileTypes(), profiler.WithUploadTimeout(time.Millisecond)}
	run := func(options ...profiler.Option) {
		t.Helper()
		t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", "false") // nothing is sent
		if err := profiler.Start(append(options, quiet...)...); err != nil {
			t.Fatal(err)
		}
		profiler.Stop()
	}
	run(profiler.WithAgentAddr("localhost:8126"), profiler.WithAgentAddr(":8126"))
	log.wantOnly(t)
	const port80 = "cmemprof: the Agent's address http://localhost/profiling/v1/input has no port, so batches go to port 80; an Agent listens on 8126"
	run(profiler.WithAgentAddr("localhost"))
	log.wantOnly(t, port80)
	run(profiler.WithAgentAddr("localhost"), profiler.WithUDS("/no/such/socket"))
	run(profiler.WithAgentAddr("localhost"), profiler.WithHTTPClient(http.DefaultClient))
	run(profiler.WithAgentAddr("localhost"), profiler.WithAgentlessUpload(), profiler.WithAPIKey(testKey))
	log.wantOnly(t, port80)
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLE_RATE", "1024")
	t.Setenv("DD_PROFILING_CMEMPROF", "")
	t.Setenv("DD_PROFILING_CMEMPROF_A", "")
	run(profiler.WithAgentAddr("localhost:8126"))
	log.wantOnly(t, port80, "WARN cmemprof: DD_PROFILING_CMEMPROF_A is not a variable of the profiler",
		"DD_PROFILING_CMEMPROF_SAMPLE_RATE is not a variable of the profiler; it has DD_PROFILING_CMEMPROF_ENABLED, DD_PROFILING_CMEMPROF_GOROUTINE_LEAKS, DD_PROFILING_CMEMPROF_MEMORY, DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT, "+
			"DD_PROFILING_CMEMPROF_PROCESS_CONTEXT, DD_PROFILING_CMEMPROF_SAMPLING_RATE")
}

func TestSwitchedOffIsSaid(t *testing.T) {
	log := captureLog(t)
	t.Setenv("DD_PROFILING_ENABLED", "false")
	for _, said := range []bool{false, true} {
		if err := profiler.Start(profiler.WithLogStartup(said), profiler.WithAgentAddr("localhost")); err != nil {
			t.Fatal(err)
		}
	}
	log.wantOnly(t, "INFO cmemprof: DD_PROFILING_ENABLED=false: no profiler runs")
}

func TestSamplingIntervalOfC(t *testing.T) {
	a := newAgent(t)
	var intervals []int64
	defer profiler.SetFakes(profiler.Fakes{StartC: func(n int64) error {
		intervals = append(intervals, n)
		return nil
	}, ProfileC: emptyHeap})()
	run := func(name, value string, options ...profiler.Option) {
		t.Helper()
		t.Setenv(name, value)
		start(t, a, append([]profiler.Option{profiler.WithProfileTypes(profiler.HeapProfile)}, options...)...)
		profiler.Stop()
		a.next(t)
	}
	run("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "")
	run("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "4096")
	run("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "4096", profiler.WithProfileTypes()) // no heap profile, so no C profile
	run("DD_PROFILING_CMEMPROF_ENABLED", "false")
	run("DD_PROFILING_CMEMPROF_ENABLED", "true")
	run("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "0")
	if len(intervals) != 3 || intervals[0] != 512<<10 || intervals[1] != 4096 || intervals[2] != 4096 {
		t.Errorf("sampling began with %v, want [524288 4096 4096]", intervals)
	}
}
