//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const (
	heapTypes       = "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes"
	contentionTypes = "contentions/count delay/nanoseconds"
)

func TestBatchHasAllProfilesAndTags(t *testing.T) {
	a := newAgent(t)
	start(t, a,
		profiler.WithService("users-db"), profiler.WithEnv("staging"), profiler.WithVersion("1.2.3"), profiler.WithHostname("box"),
		profiler.WithTags("team:core", "with:comma,k2:v2"),
		profiler.WithPeriod(300*time.Millisecond),
		profiler.WithProfileTypes(profiler.HeapProfile, profiler.CPUProfile, profiler.BlockProfile, profiler.MutexProfile,
			profiler.GoroutineProfile))
	b := a.next(t)

	want := []string{"cpu.pprof", "delta-heap.pprof", "peak.pprof", "memory.pprof", "delta-block.pprof", "delta-mutex.pprof", "goroutines.pprof", "metrics.json"}
	if !slices.Equal(b.order, want) || !slices.Equal(b.event.Attachments, want) {
		t.Errorf("attachments %q, in the event %q, want %q", b.order, b.event.Attachments, want)
	}
	for name, types := range map[string]string{
		"cpu.pprof":         "samples/count cpu/nanoseconds",
		"delta-heap.pprof":  heapTypes,
		"delta-block.pprof": contentionTypes,
		"delta-mutex.pprof": contentionTypes,
		"goroutines.pprof":  "goroutine/count",
	} {
		if got := sampleTypes(b.profile(t, name)); got != types {
			t.Errorf("%s has %q, want %q", name, got, types)
		}
	}
	wantEvent(t, b)
	b.wantTag(t, "service", "users-db")
	b.wantTag(t, "env", "staging")
	b.wantTag(t, "version", "1.2.3")
	b.wantTag(t, "host", "box")
	b.wantTag(t, "team", "core")
	b.wantTag(t, "with", "comma")
	b.wantTag(t, "k2", "v2")
}

func wantEvent(t *testing.T, b *received) {
	t.Helper()
	if b.path != "/profiling/v1/input" || b.event.Family != "go" || b.event.Version != "4" {
		t.Errorf("path %q, event %+v", b.path, b.event)
	}
	if age := time.Since(b.event.Start); age < 0 || age > patience || !b.event.End.After(b.event.Start) {
		t.Errorf("from %s to %s", b.event.Start, b.event.End)
	}
	b.wantTag(t, "runtime", "go")
	b.wantTag(t, "language", "go")
	b.wantTag(t, "runtime_version", strings.TrimPrefix(runtime.Version(), "go"))
	b.wantTag(t, "runtime_compiler", runtime.Compiler)
	b.wantTag(t, "runtime_arch", runtime.GOARCH)
	b.wantTag(t, "runtime_os", runtime.GOOS)
	b.wantTag(t, "process_id", strconv.Itoa(os.Getpid()))
	b.wantTag(t, "profiler_version", profiler.Version)
	b.wantTag(t, "profile_seq", "0")
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if id := b.tags("runtime-id"); len(id) != 1 || !uuid.MatchString(id[0]) {
		t.Errorf("runtime-id %q", id)
	}
	for name, value := range map[string]string{
		"Dd-Evp-Origin": "cmemprof", "Dd-Evp-Origin-Version": profiler.Version, "User-Agent": "cmemprof/" + profiler.Version,
	} {
		if b.headers.Get(name) != value {
			t.Errorf("header %s: %q, want %q", name, b.headers.Get(name), value)
		}
	}
}

func TestPeriodsFollowEachOther(t *testing.T) {
	a := newAgent(t)
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes())
	for seq := range 5 {
		b := a.period(t)
		b.wantTag(t, "profile_seq", strconv.Itoa(seq))
		if want := []string{"metrics.json"}; !slices.Equal(b.order, want) {
			t.Errorf("attachments %q, want %q", b.order, want)
		}
	}
}

func TestDefaultTypes(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(300*time.Millisecond))
	if b, want := a.next(t), []string{"cpu.pprof", "delta-heap.pprof", "peak.pprof", "memory.pprof", "metrics.json"}; !slices.Equal(b.order, want) {
		t.Errorf("attachments %q, want %q", b.order, want)
	}
}

func TestRatesTurnTheirProfilesOn(t *testing.T) {
	defer runtime.SetMutexProfileFraction(runtime.SetMutexProfileFraction(-1))
	defer runtime.SetBlockProfileRate(0)
	a := newAgent(t)
	start(t, a, profiler.WithProfileTypes(), profiler.MutexProfileFraction(3), profiler.BlockProfileRate(1000))
	if got := runtime.SetMutexProfileFraction(-1); got != 3 {
		t.Errorf("mutex fraction %d, want 3", got)
	}
	profiler.Stop()
	want := []string{"delta-block.pprof", "delta-mutex.pprof", "metrics.json"}
	if b := a.next(t); !slices.Equal(b.order, want) {
		t.Errorf("attachments %q, want %q", b.order, want)
	}
}

func TestTotalsInsteadOfDeltas(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithDeltaProfiles(false), profiler.WithProfileTypes(profiler.HeapProfile, profiler.MutexProfile))
	profiler.Stop()
	if b, want := a.next(t), []string{"heap.pprof", "peak.pprof", "memory.pprof", "mutex.pprof", "metrics.json"}; !slices.Equal(b.order, want) {
		t.Errorf("attachments %q, want %q", b.order, want)
	}
}

func TestMetrics(t *testing.T) {
	a := newAgent(t)
	startStepped(t, a, profiler.WithPeriod(200*time.Millisecond), profiler.WithProfileTypes())
	runtime.GC()
	values := metricsOf(t, a.period(t))
	for _, name := range []string{"go_alloc_bytes_per_sec", "go_allocs_per_sec", "go_gcs_per_sec", "go_gc_pause_time", "go_max_gc_pause_time"} {
		if values[name] <= 0 {
			t.Errorf("%s is %v after a collection, of %v", name, values[name], values)
		}
	}
	for _, name := range []string{"go_frees_per_sec", "go_heap_growth_bytes_per_sec"} {
		if _, ok := values[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	if values["go_num_goroutine"] < 2 {
		t.Errorf("%v goroutines", values["go_num_goroutine"])
	}
	if len(values) != 8 { // without a heap profile there are no C metrics
		t.Errorf("%d metrics: %v", len(values), values)
	}
}

// A process that ends within its first period must not lose its only profile.
func TestStopSendsTheRunningPeriod(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(time.Hour), profiler.CPUDuration(time.Minute))
	profiler.Stop()
	b := a.next(t)
	if want := []string{"delta-heap.pprof", "peak.pprof", "memory.pprof", "metrics.json"}; !slices.Equal(b.order, want) { // the CPU profile had not started
		t.Errorf("attachments %q, want %q", b.order, want)
	}
	if length := b.event.End.Sub(b.event.Start); length > patience {
		t.Errorf("the batch says it took %s", length)
	}
}

func TestStartTakesTheOldOnesPlace(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithService("one"), profiler.WithProfileTypes())
	start(t, a, profiler.WithService("two"), profiler.WithProfileTypes())
	a.next(t).wantTag(t, "service", "one")
	if err := profiler.Start(profiler.WithPeriod(-1)); err == nil {
		t.Error("no error for a bad option")
	}
	profiler.Stop() // the Start with the bad option failed, the first profiler kept running
	a.next(t).wantTag(t, "service", "two")
}

func TestStopFromManyGoroutines(t *testing.T) {
	a := newAgent(t)
	profiler.Stop() // nothing is running
	start(t, a, profiler.WithProfileTypes())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(profiler.Stop)
	}
	wg.Wait()
	a.next(t)
	if len(a.batches) != 0 {
		t.Errorf("%d more batches", len(a.batches))
	}
}

func TestUnixSocket(t *testing.T) {
	a := newUnstartedAgent()
	path := filepath.Join(t.TempDir(), "apm.socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	a.Listener.Close()
	a.Listener = listener
	a.Start()
	defer a.Close()

	if err := profiler.Start(profiler.WithUDS(path), profiler.WithProfileTypes(), profiler.WithLogStartup(false), profiler.WithUploadTimeout(time.Hour)); err != nil {
		t.Fatal(err)
	}
	profiler.Stop()
	a.next(t)

	t.Setenv("DD_TRACE_AGENT_URL", "unix://"+path)
	if err := profiler.Start(profiler.WithProfileTypes(), profiler.WithLogStartup(false), profiler.WithUploadTimeout(time.Hour)); err != nil {
		t.Fatal(err)
	}
	profiler.Stop()
	a.next(t)

	tcp := newAgent(t) // an option overrides the environment
	start(t, tcp, profiler.WithProfileTypes())
	profiler.Stop()
	tcp.next(t)

	// Where it usually is, it need not be named; whatever names another address comes first.
	defer profiler.SetAgentSocket(path)()
	t.Setenv("DD_TRACE_AGENT_URL", "")
	if err := profiler.Start(profiler.WithProfileTypes(), profiler.WithLogStartup(false), profiler.WithUploadTimeout(time.Hour)); err != nil {
		t.Fatal(err)
	}
	profiler.Stop()
	a.next(t)
	start(t, tcp, profiler.WithProfileTypes())
	profiler.Stop()
	tcp.next(t)
	host, port, _ := net.SplitHostPort(tcp.addr())
	for _, variables := range [][2]string{{host, port}, {"", port}} {
		t.Setenv("DD_AGENT_HOST", variables[0])
		t.Setenv("DD_TRACE_AGENT_PORT", variables[1])
		if err := profiler.Start(profiler.WithProfileTypes(), profiler.WithLogStartup(false), profiler.WithUploadTimeout(time.Hour)); err != nil {
			t.Fatal(err)
		}
		profiler.Stop()
		tcp.next(t)
	}
	defer profiler.SetAgentSocket(filepath.Dir(path))() // a folder is no socket
	t.Setenv("DD_TRACE_AGENT_PORT", "")
	if target, err := profiler.Target(); err != nil || target != "http://localhost:8126/profiling/v1/input" {
		t.Errorf("%s, %v", target, err)
	}
}

func TestProfileTypeNames(t *testing.T) {
	for _, c := range []struct {
		t                   profiler.ProfileType
		name, filename, tag string
	}{
		{profiler.HeapProfile, "heap", "heap.pprof", "profile_type:heap"},
		{profiler.CPUProfile, "cpu", "cpu.pprof", "profile_type:cpu"},
		{profiler.BlockProfile, "block", "block.pprof", "profile_type:block"},
		{profiler.MutexProfile, "mutex", "mutex.pprof", "profile_type:mutex"},
		{profiler.GoroutineProfile, "goroutine", "goroutines.pprof", "profile_type:goroutine"},
		{profiler.MetricsProfile, "metrics", "metrics.json", "profile_type:metrics"},
		{profiler.GoroutineLeakProfile, "goroutine-leak", "goroutineleak.pprof", "profile_type:goroutine-leak"},
		{profiler.ProfileType(99), "unknown", "unknown", "profile_type:unknown"},
	} {
		if c.t.String() != c.name || c.t.Filename() != c.filename || c.t.Tag() != c.tag {
			t.Errorf("%d: %q, %q, %q", int(c.t), c.t.String(), c.t.Filename(), c.t.Tag())
		}
	}
}

func TestStartupLog(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	start(t, a, profiler.WithProfileTypes(), profiler.WithLogStartup(true))
	profiler.Stop()
	log.wantOnly(t, "INFO cmemprof: profiler started", "INFO cmemprof: profiler stopped")
}
