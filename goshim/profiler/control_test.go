//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func TestTakeBatch(t *testing.T) {
	if profiler.TakeBatch() == nil || profiler.SetCSamplingRate(1) == nil {
		t.Error("no profiler runs")
	}
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(time.Hour))
	for range 3 {
		if err := profiler.TakeBatch(); err != nil {
			t.Fatal(err)
		}
		a.next(t).wantTag(t, "trigger", "request")
	}
	profiler.Stop()
	a.last(t)
	if profiler.TakeBatch() == nil {
		t.Error("the profiler has stopped")
	}
}

// One that is asked for too early is not taken, and the answer says when the next one may be.
func TestTakeBatchTooEarly(t *testing.T) {
	log := captureLog(t)
	a := newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{RequestPause: time.Hour})()
	start(t, a, profiler.WithPeriod(time.Hour), profiler.WithControlSignal(syscall.SIGUSR2))
	if err := profiler.TakeBatch(); err != nil {
		t.Fatal(err)
	}
	a.next(t).wantTag(t, "trigger", "request")
	var early profiler.TooEarlyError
	if err := profiler.TakeBatch(); !errors.As(err, &early) || early.Wait <= 0 || early.Wait > time.Hour {
		t.Errorf("%v", err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a line in the log", func() bool {
		return strings.Contains(strings.Join(log.all(), "\n"), "a signal asked for a batch, and none is taken")
	})
	profiler.Stop()
	a.last(t) // no other was taken
}

func wantInterval(t *testing.T, want uint64) {
	t.Helper()
	waitFor(t, "the interval of sampling", func() bool { return cmemprof.GetStats().IntervalBytes == want })
}

func TestSetCSamplingRate(t *testing.T) {
	a := newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{EvictInterval: time.Millisecond})()
	start(t, a, profiler.WithPeriod(time.Hour))
	wantInterval(t, cmemprof.DefaultInterval)
	for _, c := range []struct {
		rate int64
		want uint64
	}{{4096, 4096}, {0, 0}, {8192, 8192}, {-1, cmemprof.DefaultInterval}} {
		if err := profiler.SetCSamplingRate(c.rate); err != nil {
			t.Fatal(err)
		}
		wantInterval(t, c.want)
		if err := profiler.TakeBatch(); err != nil {
			t.Fatal(err)
		}
		settings := a.next(t).event.Info.Profiler.Settings
		if settings["cmemprof_sampling_rate"] != float64(c.want) || settings["cmemprof_enabled"] != (c.want > 0) {
			t.Errorf("settings %v and %v at %d", settings["cmemprof_sampling_rate"], settings["cmemprof_enabled"], c.want)
		}
	}
}

// A process that began without sampling can be switched on.
func TestSamplingIsSwitchedOn(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_ENABLED", "false")
	a := newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{EvictInterval: time.Millisecond})()
	start(t, a, profiler.WithPeriod(time.Hour))
	wantInterval(t, 0)
	if err := profiler.SetCSamplingRate(1); err != nil {
		t.Fatal(err)
	}
	wantInterval(t, 1)
	sampleAll(t)
	allocate(t, 7)
	if err := profiler.TakeBatch(); err != nil {
		t.Fatal(err)
	}
	if got := allocated(a.next(t).profile(t, "delta-heap.pprof"))[0]; got < 14 {
		t.Errorf("%d allocations", got)
	}
	profiler.Stop()
	wantInterval(t, 0)
	start(t, a, profiler.WithProfileTypes())
	if profiler.SetCSamplingRate(1) == nil {
		t.Error("no heap profiles are taken")
	}
}

func TestControlSignal(t *testing.T) {
	for name, option := range map[string]profiler.Option{"": profiler.WithControlSignal(syscall.SIGUSR2), "SIGUSR2": nil, "USR2": nil, "12": nil} {
		t.Setenv("DD_PROFILING_CONTROL_SIGNAL", name)
		a := newAgent(t)
		start(t, a, profiler.WithPeriod(time.Hour), profiler.WithProfileTypes(), option)
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		a.next(t).wantTag(t, "trigger", "request")
		profiler.Stop()
		// A signal now does nothing; without the profiler's care it would end the process. One that came late would ask the next profiler.
		seen := make(chan os.Signal, 1)
		signal.Notify(seen, syscall.SIGUSR2)
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		<-seen
		signal.Stop(seen) // waits until all have been told
		profiler.SignalsAreHandled()
	}
	for _, name := range []string{"KILL", "SEGV", "9", "27", "9999", "usr2"} {
		t.Setenv("DD_PROFILING_CONTROL_SIGNAL", name)
		wantError(t, "DD_PROFILING_CONTROL_SIGNAL")
	}
	t.Setenv("DD_PROFILING_CONTROL_SIGNAL", "")
	wantError(t, "control signal", profiler.WithControlSignal(syscall.SIGPROF))
}

func TestControlFile(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	path := filepath.Join(t.TempDir(), "control")
	n := 0
	write := func(text string) {
		t.Helper()
		n++
		file := path + ".new"
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1_000_000_000+n), 0)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file, path); err != nil {
			t.Fatal(err)
		}
	}
	write("rate=2048\nbatch\n") // the batch was asked for before the start
	defer profiler.SetFakes(profiler.Fakes{EvictInterval: time.Millisecond})()
	t.Setenv("DD_PROFILING_CONTROL_FILE", path)
	start(t, a, profiler.WithPeriod(time.Hour))
	wantInterval(t, 2048)
	write("# stop it\n\n rate=off \n")
	wantInterval(t, 0)
	write("rate=on\nbatch\n")
	a.next(t).wantTag(t, "trigger", "request")
	wantInterval(t, cmemprof.DefaultInterval)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write("rate=-5\nrate=4096\n")
	wantInterval(t, 4096) // the other lines are followed
	write("rate=1")
	wantInterval(t, 1)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(2_000_000_000, 0)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the log says that others can write it", func() bool { return len(log.all()) == 2 })
	profiler.Stop()
	if len(a.batches) != 1 {
		t.Errorf("%d batches besides the last; tags of the next: %q", len(a.batches)-1, a.next(t).event.Tags)
	}
	log.wantOnly(t, `"rate=-5" is neither`, "others can write it")
	wantError(t, "control file", profiler.WithControlFile(""))
}
