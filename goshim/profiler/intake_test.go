//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const testKey = "0123456789abcdef0123456789abcdef"

func wantTarget(t *testing.T, want string, options ...profiler.Option) {
	t.Helper()
	if got, err := profiler.Target(options...); got != want || err != nil {
		t.Errorf("batches go to %q, %v, want %q", got, err, want)
	}
}

func TestWithAgentlessUpload(t *testing.T) {
	a := newAgent(t)
	b := one(t, a, profiler.WithAgentlessUpload(), profiler.WithAPIKey(testKey), profiler.WithURL(a.URL+"/api/v2/profile"))
	if b.path != "/api/v2/profile" || b.headers.Get("DD-API-KEY") != testKey {
		t.Errorf("posted to %q with the key %q", b.path, b.headers.Get("DD-API-KEY"))
	}
	if b.event.Info.Profiler.Settings["agentless"] != true {
		t.Errorf("settings %v", b.event.Info.Profiler.Settings)
	}
}

func TestAgentlessNeedsAKey(t *testing.T) {
	for _, key := range []string{"", testKey[1:], testKey + "0", strings.ToUpper(testKey), "@" + testKey[1:], "á" + testKey[2:], "á" + testKey[1:]} {
		wantError(t, "needs an API key", profiler.WithAgentlessUpload(), profiler.WithAPIKey(key))
	}
}

// A key alone does not bypass the Agent.
func TestWithAPIKey(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	if b := one(t, a, profiler.WithAPIKey(testKey)); b.path != "/profiling/v1/input" || b.headers.Get("DD-API-KEY") != testKey {
		t.Errorf("posted to %q with the key %q", b.path, b.headers.Get("DD-API-KEY"))
	}
	if b := one(t, a); b.headers.Get("DD-API-KEY") != "" {
		t.Errorf("key %q out of nowhere", b.headers.Get("DD-API-KEY"))
	}
	log.wantOnly(t)
	one(t, a, profiler.WithAPIKey(testKey), profiler.WithLogStartup(true))
	log.wantOnly(t, "profiler started", "WithAPIKey sets an API key, which is sent to the Agent at http://"+a.addr(), "profiler stopped")
	log = captureLog(t)
	b := one(t, a, profiler.WithAPIKey(testKey), profiler.WithLogStartup(true), profiler.WithReport(profiler.ReportAPIKey, false))
	log.wantOnly(t, "profiler started", "WithAPIKey sets an API key, which is not sent", "profiler stopped")
	for name, values := range b.headers {
		if strings.Contains(name+strings.Join(values, " "), testKey) {
			t.Errorf("header %s has the key", name)
		}
	}
}

func TestAPIKeyFromTheEnvironment(t *testing.T) {
	a := newAgent(t)
	want := func(key string, options ...profiler.Option) {
		t.Helper()
		if got := one(t, a, options...).headers.Get("DD-API-KEY"); got != key {
			t.Errorf("key %q, want %q", got, key)
		}
	}
	t.Setenv("DD_API_KEY", "general")
	want("general")
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("of the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DD_PROFILING_API_KEY_FILE", file)
	want("of the file")
	t.Setenv("DD_PROFILING_API_KEY", "of the profiler")
	want("of the profiler")
	want("of the option", profiler.WithAPIKey("of the option"))
	want("", profiler.WithAPIKey(""))
}

func TestAgentlessFromTheEnvironment(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_AGENTLESS", "true")
	wantError(t, "needs an API key")
	t.Setenv("DD_API_KEY", testKey)
	t.Setenv("DD_PROFILING_URL", a.URL+"/intake")
	if b := one(t, a); b.path != "/intake" {
		t.Errorf("posted to %q", b.path)
	}
	t.Setenv("DD_TRACE_AGENT_URL", "unix:///var/run/agent.socket") // the Agent's, hence not used
	if b := one(t, a); b.path != "/intake" {
		t.Errorf("posted to %q", b.path)
	}
}

// Of WithSite and WithURL the later one applies; both override the environment.
func TestSite(t *testing.T) {
	agentless := []profiler.Option{profiler.WithAgentlessUpload(), profiler.WithAPIKey(testKey)}
	with := func(more ...profiler.Option) []profiler.Option { return append(agentless[:2:2], more...) }
	wantTarget(t, "https://intake.profile.datadoghq.com/api/v2/profile", with()...)
	wantTarget(t, "https://intake.profile.datadoghq.eu/api/v2/profile", with(profiler.WithSite("datadoghq.eu"))...)
	wantTarget(t, "https://intake.profile.b/api/v2/profile", with(profiler.WithURL("http://a/"), profiler.WithSite("b"))...)
	wantTarget(t, "http://a/", with(profiler.WithSite("b"), profiler.WithURL("http://a/"))...)
	t.Setenv("DD_SITE", "us5.datadoghq.com")
	wantTarget(t, "https://intake.profile.us5.datadoghq.com/api/v2/profile", with()...)
	t.Setenv("DD_PROFILING_URL", "https://proxy.local/profiles")
	wantTarget(t, "https://proxy.local/profiles", with()...)
	wantTarget(t, "https://intake.profile.datadoghq.eu/api/v2/profile", with(profiler.WithSite("datadoghq.eu"))...)
	wantTarget(t, "http://a/", with(profiler.WithURL("http://a/"))...)
	wantTarget(t, "http://localhost:8126/profiling/v1/input") // with an Agent none of it is used
}

func TestWithURLIsNotForTheAgent(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	if b := one(t, a, profiler.WithURL(a.URL+"/other"), profiler.WithLogStartup(true)); b.path != "/profiling/v1/input" {
		t.Errorf("posted to %q", b.path)
	}
	log.wantOnly(t, "profiler started", "the URL of WithURL is for uploads without an Agent only", "profiler stopped")
}

func TestAgentAddress(t *testing.T) {
	wantTarget(t, "http://agent:1234/profiling/v1/input", profiler.WithAgentAddr("agent:1234"))
	t.Setenv("DD_AGENT_HOST", "agent_1")
	wantTarget(t, "http://agent_1:8126/profiling/v1/input")
	t.Setenv("DD_TRACE_AGENT_PORT", "6218")
	wantTarget(t, "http://agent_1:6218/profiling/v1/input")
	t.Setenv("DD_AGENT_HOST", "::1")
	wantTarget(t, "http://[::1]:6218/profiling/v1/input")
	t.Setenv("DD_TRACE_AGENT_URL", "https://other:443/")
	wantTarget(t, "https://other:443/profiling/v1/input")
	wantTarget(t, "http://agent:1234/profiling/v1/input", profiler.WithAgentAddr("agent:1234"))
}
