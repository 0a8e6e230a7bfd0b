//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"math"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/goshim/profiler/internal/sharedlimit"
)

const mb = 1 << 20

// limited is a Go runtime with a memory limit, in a process whose memory the test says. Each look is a second after the one before.
type limited struct {
	mu         sync.Mutex
	goLimit    int64               // guarded by mu
	figures    sharedlimit.Figures // guarded by mu
	unreadable bool                // guarded by mu
	freed      int                 // guarded by mu
	cgroup     uint64
	looks      chan struct{} // each receive lets the profiler look once more
}

func newLimited(limitMB, cgroupMB uint64) *limited {
	return &limited{goLimit: int64(limitMB * mb), cgroup: cgroupMB * mb, looks: make(chan struct{}),
		figures: sharedlimit.Figures{At: time.Unix(1000, 0), Process: 100 * mb, Go: 100 * mb, Fixed: 10 * mb, Live: 40 * mb, CPUSeconds: 10, GCSeconds: 1}}
}

func (l *limited) set(bytes int64) (before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.goLimit
	if bytes >= 0 {
		l.goLimit = bytes
	}
	return before
}

func (l *limited) read() (sharedlimit.Figures, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.At = l.figures.At.Add(time.Second)
	f := l.figures
	f.GoLimit = l.goLimit
	return f, !l.unreadable
}

func (l *limited) free() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freed++
}

func (l *limited) sleep(_ time.Duration, exit <-chan struct{}) {
	select {
	case l.looks <- struct{}{}:
	case <-exit:
	}
}

func (l *limited) fakes(f profiler.Fakes) profiler.Fakes {
	f.SetGoLimit, f.LimitFigures, f.FreeGoMemory, f.SleepLimit = l.set, l.read, l.free, l.sleep
	f.CgroupLimit = func() uint64 { return l.cgroup }
	return f
}

// holds makes others hold so much, and waits until the profiler has looked. It returns Go's limit.
func (l *limited) holds(t *testing.T, megabytes uint64) uint64 {
	t.Helper()
	l.mu.Lock()
	l.figures.Process = l.figures.Go + megabytes*mb
	l.mu.Unlock()
	for range 2 { // the first may be that of a look which is over
		select {
		case <-l.looks:
		case <-time.After(patience):
			t.Fatal("it does not look")
		}
	}
	return uint64(l.set(-1)) / mb
}

func TestProcessMemoryLimit(t *testing.T) {
	a, log, l := newAgent(t), captureLog(t), newLimited(1000, 5000)
	restore := profiler.SetFakes(l.fakes(a.steps()))
	start(t, a, wholePeriod, profiler.WithProfileTypes(), profiler.WithProcessMemoryLimit(true))
	restore()
	for _, c := range []struct{ held, want uint64 }{{0, 1000}, {300, 700}, {310, 700}, {600, 400}} {
		if got := l.holds(t, c.held); got != c.want {
			t.Errorf("%d MB for Go where others hold %d of 1000, want %d", got, c.held, c.want)
		}
	}
	b := a.period(t)
	metrics := metricsOf(t, b)
	for name, want := range map[string]float64{
		"go_memory_limit_bytes": 400 * mb, "go_memory_limit_process_bytes": 1000 * mb, "go_memory_limit_others_bytes": 600 * mb, "go_gc_cpu_time": 0.1,
	} {
		if got, ok := metrics[name]; !ok || got != want {
			t.Errorf("%s: %v, %t, want %v", name, got, ok, want)
		}
	}
	if b.event.Info.Profiler.Settings["cmemprof_process_memory_limit"] != true {
		t.Errorf("settings %v", b.event.Info.Profiler.Settings)
	}
	l.mu.Lock()
	if l.freed != 0 {
		t.Errorf("%d collections", l.freed)
	}
	l.mu.Unlock()
	l.holds(t, 990)
	l.holds(t, 995)
	if metricsOf(t, a.period(t))["go_gc_cpu_time"] != 0 {
		t.Error("a share of no CPU time")
	}
	profiler.Stop()
	if l.goLimit != 1000*mb {
		t.Errorf("limit %d after Stop", l.goLimit)
	}
	log.wantOnly(t, "Go's memory limit is lowered to 700 MB: of the process's 1000 MB C and others hold 300 MB",
		"C and others hold 990 MB of the process's 1000 MB, and Go's live memory does not fit into the rest: Go's memory limit stays at 61 MB")
}

// Go stays above its limit by itself: a collection is run.
func TestProcessMemoryLimitCollects(t *testing.T) {
	a, l := newAgent(t), newLimited(1000, 5000)
	l.figures.Go = 900 * mb
	restore := profiler.SetFakes(l.fakes(a.steps()))
	start(t, a, wholePeriod, profiler.WithProfileTypes(), profiler.WithProcessMemoryLimit(true))
	restore()
	for range 2 {
		l.holds(t, 500)
	}
	profiler.Stop()
	if l.freed == 0 {
		t.Error("no collection")
	}
}

// A collection of many gigabytes takes seconds; Stop does not wait for it.
func TestStopDoesNotWaitForACollection(t *testing.T) {
	a, l := newAgent(t), newLimited(1000, 5000)
	l.figures.Go = 900 * mb
	l.figures.Process = 1400 * mb
	began, hung := make(chan struct{}, 100), make(chan struct{})
	fakes := l.fakes(a.steps())
	fakes.FreeGoMemory = func() {
		began <- struct{}{}
		<-hung
	}
	restore := profiler.SetFakes(fakes)
	start(t, a, wholePeriod, profiler.WithProfileTypes(), profiler.WithProcessMemoryLimit(true))
	restore()
	for collecting := false; !collecting; {
		select {
		case <-l.looks:
		case <-began:
			collecting = true
		case <-time.After(patience):
			t.Fatal("no collection")
		}
	}
	profiler.Stop()
	if got := l.set(-1); got != 1000*mb {
		t.Errorf("Go's limit is %d", got)
	}
	close(hung)
}

func TestProcessMemoryLimitOfTheCgroup(t *testing.T) {
	a, l := newAgent(t), newLimited(0, 1000)
	l.goLimit = math.MaxInt64
	t.Setenv("DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT", "true")
	restore := profiler.SetFakes(l.fakes(a.steps()))
	start(t, a, wholePeriod, profiler.WithProfileTypes())
	restore()
	if got := l.holds(t, 100); got != 800 {
		t.Errorf("%d MB, want nine tenths of 1000 MB minus 100", got)
	}
	profiler.Stop()
	if l.goLimit != math.MaxInt64 {
		t.Errorf("limit %d after Stop", l.goLimit)
	}
}

// What the program sets meanwhile is the process's limit from then on, and stays after Stop.
func TestProcessMemoryLimitIsSetByTheProgram(t *testing.T) {
	a, l := newAgent(t), newLimited(1000, 5000)
	restore := profiler.SetFakes(l.fakes(a.steps()))
	start(t, a, wholePeriod, profiler.WithProfileTypes(), profiler.WithProcessMemoryLimit(true))
	restore()
	l.holds(t, 200)
	l.set(500 * mb)
	if got := l.holds(t, 200); got != 300 {
		t.Errorf("%d MB of 500 where others hold 200", got)
	}
	l.set(450 * mb)
	profiler.Stop() // before it has looked
	if l.goLimit != 450*mb {
		t.Errorf("limit %d after Stop", l.goLimit)
	}
}

func TestProcessMemoryLimitWithoutALimit(t *testing.T) {
	a, log, l := newAgent(t), captureLog(t), newLimited(0, 0)
	l.goLimit, l.cgroup = math.MaxInt64, math.MaxUint64
	defer profiler.SetFakes(l.fakes(profiler.Fakes{}))()
	b := one(t, a, profiler.WithProcessMemoryLimit(true))
	if _, ok := metricsOf(t, b)["go_memory_limit_bytes"]; ok || l.goLimit != math.MaxInt64 {
		t.Errorf("limit %d", l.goLimit)
	}
	log.wantOnly(t, "GOMEMLIMIT is not set, and there is no cgroup with a limit")
}

func TestProcessMemoryLimitWithoutFigures(t *testing.T) {
	a, log, l := newAgent(t), captureLog(t), newLimited(1000, 5000)
	restore := profiler.SetFakes(l.fakes(a.steps()))
	start(t, a, wholePeriod, profiler.WithProfileTypes(), profiler.WithProcessMemoryLimit(true))
	restore()
	l.holds(t, 500)
	l.mu.Lock()
	l.unreadable = true
	l.mu.Unlock()
	if got := l.holds(t, 500); got != 1000 {
		t.Errorf("limit %d", got)
	}
	if got, ok := metricsOf(t, a.period(t))["go_memory_limit_bytes"]; ok {
		t.Errorf("a limit of %v is reported that is not kept", got)
	}
	profiler.Stop()
	log.wantOnly(t, "is lowered to 500 MB", "/proc/self/status cannot be read")
}

// The real figures: a program of its own is in e2e/lastwords.
func TestProcessMemoryLimitInThisProcess(t *testing.T) {
	a := newAgent(t)
	before := debug.SetMemoryLimit(1 << 40)
	defer debug.SetMemoryLimit(before)
	metrics := metricsOf(t, one(t, a, profiler.WithPeriod(100*time.Millisecond), profiler.WithProcessMemoryLimit(true)))
	if got := metrics["go_memory_limit_process_bytes"]; got != 1<<40 {
		t.Errorf("process limit %v", got)
	}
	if got := metrics["go_memory_limit_bytes"]; got != 1<<40 { // a 64th of it is not held
		t.Errorf("limit %v", got)
	}
	if got := debug.SetMemoryLimit(-1); got != 1<<40 {
		t.Errorf("limit %d after Stop", got)
	}
}

func TestProcessMemoryLimitIsOffByDefault(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT", "")
	b := one(t, newAgent(t))
	if _, ok := metricsOf(t, b)["go_memory_limit_bytes"]; ok || b.event.Info.Profiler.Settings["cmemprof_process_memory_limit"] != false {
		t.Errorf("settings %v", b.event.Info.Profiler.Settings)
	}
	t.Setenv("DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT", "perhaps")
	wantError(t, "DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT")
}
