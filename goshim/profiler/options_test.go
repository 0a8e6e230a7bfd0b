//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func TestWithService(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_SERVICE", "of-environment")
	one(t, a, profiler.WithService("users-db")).wantTag(t, "service", "users-db")
	one(t, a, profiler.WithService("")).wantTag(t, "service", "of-environment")
}

func TestWithEnv(t *testing.T) {
	a := newAgent(t)
	one(t, a).wantTag(t, "env", "none")
	one(t, a, profiler.WithEnv("staging")).wantTag(t, "env", "staging")
	one(t, a, profiler.WithEnv("")).wantTag(t, "env")
}

func TestWithVersion(t *testing.T) {
	a := newAgent(t)
	one(t, a).wantTag(t, "version")
	one(t, a, profiler.WithVersion("2"), profiler.WithTags("version:1", "Version:0")).wantTag(t, "version", "2")
	one(t, a, profiler.WithTags("version:1", "version:0")).wantTag(t, "version", "1")
	t.Setenv("DD_VERSION", "3")
	one(t, a, profiler.WithTags("version:1")).wantTag(t, "version", "3")
}

func TestWithHostname(t *testing.T) {
	a := newAgent(t)
	one(t, a, profiler.WithHostname("box")).wantTag(t, "host", "box")
	if host := one(t, a).tags("host"); len(host) != 1 || host[0] == "" {
		t.Errorf("host %q", host)
	}
}

func TestWithTags(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_TAGS", "a:1")
	t.Setenv("DD_PROFILING_TAGS", "a:2,b:3")
	b := one(t, a, profiler.WithTags("a:4"), profiler.WithTags("c:5"))
	b.wantTag(t, "a", "1", "2", "4")
	b.wantTag(t, "b", "3")
	b.wantTag(t, "c", "5")
}

// Options copy slices that the caller may modify later.
func TestOptionsCanBeUsedTwice(t *testing.T) {
	a := newAgent(t)
	tags := []string{"a:1"}
	option := profiler.WithTags(tags...)
	for range 2 {
		one(t, a, option).wantTag(t, "a", "1")
	}
}

func TestWithCustomProfilerLabelKeys(t *testing.T) {
	a := newAgent(t)
	if got := one(t, a).event.Attributes; got != nil {
		t.Errorf("%q", got)
	}
	var keys []string
	for i := range 12 {
		keys = append(keys, fmt.Sprint("key", i))
	}
	b := one(t, a, profiler.WithCustomProfilerLabelKeys(keys[:6]...), profiler.WithCustomProfilerLabelKeys(keys[6:]...))
	if !slices.Equal(b.event.Attributes, keys[:10]) {
		t.Errorf("%q", b.event.Attributes)
	}
}

func TestWithPeriodAndCPUDuration(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(300*time.Millisecond), profiler.CPUDuration(100*time.Millisecond))
	b := a.next(t)
	if length := b.event.End.Sub(b.event.Start); length != 100*time.Millisecond {
		t.Errorf("the batch says it has %s of CPU", length)
	}
	// It starts 100 ms before the end. Delays on a loaded machine are unknown.
	p := b.profile(t, "cpu.pprof")
	if after := time.Unix(0, p.TimeNanos).Sub(b.event.Start); after < 199*time.Millisecond {
		t.Errorf("the CPU profile began after %s", after)
	}
	settings := b.event.Info.Profiler.Settings
	if settings["profile_period"] != "300ms" || settings["cpu_duration"] != "100ms" {
		t.Errorf("settings %v", settings)
	}
}

// It is at most as long as a period.
func TestCPUDurationIsCut(t *testing.T) {
	a := newAgent(t)
	b := one(t, a, profiler.WithPeriod(time.Second), profiler.CPUDuration(time.Hour))
	if got := b.event.Info.Profiler.Settings["cpu_duration"]; got != "1s" {
		t.Errorf("CPU duration %v", got)
	}
}

// With the runtime's own rate nothing is printed to standard error; any other rate is refused, since it would be.
func TestCPUProfileRate(t *testing.T) {
	for _, hz := range []int{1, 99, 101, 250} {
		wantError(t, fmt.Sprintf("invalid CPU profile rate %d: ", hz), profiler.CPUProfileRate(hz))
	}
	for _, hz := range []int{0, 100} {
		a := newAgent(t)
		start(t, a, profiler.WithPeriod(100*time.Millisecond), profiler.CPUProfileRate(hz))
		if p := a.next(t).profile(t, "cpu.pprof"); p.Period != int64(time.Second/100) {
			t.Errorf("one sample in %s", time.Duration(p.Period))
		}
	}
}

func TestWithDeltaProfilesBeatsTheEnvironment(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_DELTA", "false")
	for delta, want := range map[bool]string{true: "delta-heap.pprof", false: "heap.pprof"} {
		b := one(t, a, profiler.WithProfileTypes(profiler.HeapProfile), profiler.WithDeltaProfiles(delta))
		if !slices.Contains(b.order, want) {
			t.Errorf("attachments %q, want %s", b.order, want)
		}
	}
}

func TestStartupLogsFromTheEnvironment(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	run := func(options ...profiler.Option) {
		t.Helper()
		options = append(options, profiler.WithAgentAddr(a.addr()), profiler.WithProfileTypes(), profiler.WithUploadTimeout(time.Hour))
		if err := profiler.Start(options...); err != nil {
			t.Fatal(err)
		}
		profiler.Stop()
		a.next(t)
	}
	t.Setenv("DD_TRACE_STARTUP_LOGS", "false")
	run()
	log.wantOnly(t)
	run(profiler.WithLogStartup(true))
	log.wantOnly(t, "started", "stopped")
}

func TestNoSecretInTheLog(t *testing.T) {
	a := newAgent(t)
	var text bytes.Buffer
	defer captureText(&text)()
	one(t, a, profiler.WithLogStartup(true), profiler.WithAPIKey(testKey), profiler.WithURL("http://user:"+testKey+"@host/"))
	if !strings.Contains(text.String(), "profile_period=1m0s") || strings.Contains(text.String(), testKey) {
		t.Errorf("log %s", text.String())
	}
	text.Reset()
	agentless := []profiler.Option{profiler.WithAgentlessUpload(), profiler.WithAPIKey(testKey), profiler.WithLogStartup(true)}
	one(t, a, append(agentless, profiler.WithURL(a.URL+"/t/token-in-a-path/api/v2/profile"))...)
	if !strings.Contains(text.String(), "/t/xxxxx/api/v2/profile") || strings.Contains(text.String(), "token-in-a-path") {
		t.Errorf("log %s", text.String())
	}
	if err := profiler.Start(append(agentless, profiler.WithURL("ftp://host/t/token-in-a-path"))...); err == nil ||
		strings.Contains(err.Error(), "token-in-a-path") {
		t.Errorf("got %v", err)
	}
}

func TestUnmarshalProfileType(t *testing.T) {
	for name, want := range map[string]profiler.ProfileType{
		"heap": profiler.HeapProfile, "cpu": profiler.CPUProfile, "block": profiler.BlockProfile, "mutex": profiler.MutexProfile,
		"goroutine": profiler.GoroutineProfile, "goroutineleak": profiler.GoroutineLeakProfile,
	} {
		var got profiler.ProfileType
		if err := got.UnmarshalText([]byte(name)); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	var got profiler.ProfileType
	if err := got.UnmarshalText([]byte("metrics")); err == nil {
		t.Error("no error")
	}
}

// statsd records its calls.
type statsd struct {
	mu    sync.Mutex
	lines []string
	panic bool
}

func (s *statsd) Count(event string, times int64, tags []string, rate float64) error {
	return s.add(fmt.Sprintf("%s %d %v", event, times, rate), tags)
}

func (s *statsd) Timing(event string, d time.Duration, tags []string, rate float64) error {
	return s.add(fmt.Sprintf("%s %t %v", event, d >= 0 && d < patience, rate), tags)
}

func (s *statsd) add(line string, tags []string) error {
	if s.panic {
		panic("in the statsd client")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line+" "+strings.Join(tags, ","))
	return errors.New("ignored")
}

func (s *statsd) want(t *testing.T, line string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.lines, line) {
		t.Errorf("no %q in %q", line, s.lines)
	}
}

func TestWithStatsd(t *testing.T) {
	a := newAgent(t)
	client := &statsd{}
	defer profiler.SetFakes(profiler.Fakes{Lookup: func(name string, w io.Writer) error {
		if name == "goroutine" {
			return errors.New("out of luck")
		}
		return profiler.LookupProfile(name, w)
	}})()
	one(t, a, profiler.WithStatsd(client), profiler.WithTags("a:1"), profiler.WithProfileTypes(profiler.HeapProfile, profiler.GoroutineProfile))
	client.want(t, "datadog.profiling.go.collect_time true 1 a:1,profile_type:heap")
	client.want(t, "datadog.profiling.go.collect_time true 1 a:1,profile_type:metrics")
	client.want(t, "datadog.profiling.go.delta_time true 1 a:1,profile_type:heap")
	client.want(t, "datadog.profiling.go.collect_error 1 1 a:1,profile_type:goroutine")
}

func TestPanicInTheStatsdClient(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	b := one(t, a, profiler.WithStatsd(&statsd{panic: true}), profiler.WithProfileTypes(profiler.HeapProfile))
	if len(b.order) != 4 || since(base).Panics == 0 || since(base).ProfilesFailed != 0 {
		t.Errorf("attachments %q, %+v", b.order, since(base))
	}
}

func TestEventInfo(t *testing.T) {
	a := newAgent(t)
	b := one(t, a)
	info := b.event.Info.Profiler
	if info.Activation != "manual" || info.SSI.Mechanism != "none" {
		t.Errorf("%+v", info)
	}
	for _, name := range strings.Fields(`delta_profiles agentless profile_period cpu_duration cpu_profile_rate block_profile_rate
		mutex_profile_fraction cpu_profile_enabled heap_profile_enabled block_profile_enabled mutex_profile_enabled goroutine_profile_enabled
		goroutine_leak_profile_enabled upload_timeout execution_trace_enabled execution_trace_period execution_trace_size_limit
		endpoint_count_enabled num_custom_profiler_label_keys flush_on_exit debug_compression_settings cmemprof_enabled`) {
		if _, ok := info.Settings[name]; !ok {
			t.Errorf("no setting %s", name)
		}
	}
	b.wantTag(t, "_dd.profiler.go_execution_trace_enabled", "false")
	b.wantTag(t, "go_execution_traced")
	t.Setenv("DD_PROFILING_ENABLED", "auto")
	if got := one(t, a).event.Info.Profiler.Activation; got != "auto" {
		t.Errorf("activation %q", got)
	}
}

func TestProcessTags(t *testing.T) {
	a := newAgent(t)
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := profiler.NormalizedTag("entrypoint.name:"+filepath.Base(executable)) + ",entrypoint.type:executable,entrypoint.workdir:profiler"
	if tags := one(t, a).event.ProcessTags; !strings.HasSuffix(tags, want) {
		t.Errorf("%q, want %q at its end", tags, want)
	}
	t.Setenv("DD_EXPERIMENTAL_PROPAGATE_PROCESS_TAGS_ENABLED", "false")
	if tags := one(t, a).event.ProcessTags; tags != "" {
		t.Errorf("%q", tags)
	}
	for given, want := range map[string]string{
		"entrypoint.name:My Server  (1)": "entrypoint.name:my_server_1", "a:b,c": "a:b_c", "k:" + strings.Repeat("x", 300): "k:" + strings.Repeat("x", 198),
	} {
		if got := profiler.NormalizedTag(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
