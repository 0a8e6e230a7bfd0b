//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// cpuFakes are those of a CPU profile "as Go wrote it", with C's heap. The process uses 5 s of CPU time.
func cpuFakes() profiler.Fakes {
	var to io.Writer
	return profiler.Fakes{
		StartC:   func(int64) error { return nil },
		ProfileC: emptyHeap,
		StartCPU: func(w io.Writer) error { to = w; return nil },
		StopCPU: func() uint64 {
			_, _ = io.WriteString(to, "as Go wrote it")
			return 5e9
		},
	}
}

func inflated(t *testing.T, data []byte) string {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v: %q", err, data)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCPUProfileIsCompleted(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	fakes := cpuFakes()
	fakes.CompleteCPU = func(taken []byte, processNs uint64) ([]byte, cmemprof.CPUTimes, error) {
		if string(taken) != "as Go wrote it" || processNs != 5e9 {
			t.Errorf("%q with %d ns is completed", taken, processNs)
		}
		return []byte("completed"), cmemprof.CPUTimes{UnsampledNs: 1e9, CNs: 3e9}, nil
	}
	defer profiler.SetFakes(fakes)()
	startStepped(t, a)
	b := a.period(t)
	if got := inflated(t, b.attachments["cpu.pprof"]); got != "completed" {
		t.Errorf("cpu.pprof is %q", got)
	}
	figures := metricsOf(t, b)
	if ratio := figures["cpu_c_cores"] / figures["cpu_unsampled_cores"]; math.Abs(ratio-3) > 1e-6 {
		t.Errorf("%v times as much CPU time in C as without samples", ratio)
	}
	if cores := figures["cpu_unsampled_cores"]; cores <= 0 {
		t.Errorf("%v cores of CPU time have no sample", cores)
	}
	if got := since(base); got.ProfilesFailed != 0 {
		t.Errorf("%+v", got)
	}
}

// Without completion the profile is as Go wrote it, and no metric says that all was sampled.
func TestCPUProfileThatCannotBeCompleted(t *testing.T) {
	for name, c := range map[string]struct {
		fault  error
		failed uint64
		change func(*profiler.Fakes)
	}{
		"fails":     {errors.New("no memory"), 1, func(*profiler.Fakes) {}},
		"without C": {nil, 0, func(f *profiler.Fakes) { f.StartC = func(int64) error { return cmemprof.ErrNotBound } }},
	} {
		t.Run(name, func(t *testing.T) {
			captureLog(t)
			a, base, fakes := newAgent(t), profiler.Stats(), cpuFakes()
			fakes.CompleteCPU = func([]byte, uint64) ([]byte, cmemprof.CPUTimes, error) {
				return []byte("completed"), cmemprof.CPUTimes{}, c.fault
			}
			c.change(&fakes)
			defer profiler.SetFakes(fakes)()
			startStepped(t, a)
			b := a.period(t)
			if got := string(b.attachments["cpu.pprof"]); got != "as Go wrote it" {
				t.Errorf("cpu.pprof is %q", got)
			}
			if _, said := metricsOf(t, b)["cpu_unsampled_cores"]; said || since(base).ProfilesFailed != c.failed {
				t.Errorf("%v, %+v", metricsOf(t, b), since(base))
			}
		})
	}
}

func TestTracebackIsStartedWithC(t *testing.T) {
	for name, c := range map[string]struct {
		fault          error
		environment    string
		options        []profiler.Option
		starts, stops  int32
		line           string
		withoutBinding bool
	}{
		"by default":        {starts: 1, stops: 1},
		"taken":             {fault: cmemprof.ErrTracebackTaken, starts: 1, line: "the program has called runtime.SetCgoTraceback"},
		"fails":             {fault: errors.New("no memory"), starts: 1, line: "the CPU profile has no C functions: no memory"},
		"option":            {options: []profiler.Option{profiler.WithCgoTraceback(false)}},
		"variable":          {environment: "false"},
		"option comes last": {environment: "false", options: []profiler.Option{profiler.WithCgoTraceback(true)}, starts: 1, stops: 1},
		"no CPU profile":    {options: []profiler.Option{profiler.WithProfileTypes(profiler.HeapProfile)}},
		"no C":              {withoutBinding: true},
	} {
		t.Run(name, func(t *testing.T) {
			var starts, stops atomic.Int32
			a, log, fakes := newAgent(t), captureLog(t), cpuFakes()
			fakes.StartTraceback = func() error { starts.Add(1); return c.fault }
			fakes.StopTraceback = func() { stops.Add(1) }
			if c.withoutBinding {
				fakes.StartC = func(int64) error { return cmemprof.ErrNotBound }
			}
			defer profiler.SetFakes(fakes)()
			t.Setenv("DD_PROFILING_CGO_TRACEBACK", c.environment)
			startStepped(t, a, c.options...)
			a.period(t)
			profiler.Stop()
			if starts.Load() != c.starts || stops.Load() != c.stops {
				t.Errorf("started %d times, stopped %d times", starts.Load(), stops.Load())
			}
			lines := strings.Join(log.all(), "\n")
			if told := strings.Count(lines, "SetCgoTraceback") + strings.Count(lines, "has no C functions"); c.line == "" && told != 0 ||
				c.line != "" && (told != 1 || !strings.Contains(lines, c.line)) {
				t.Errorf("log %q", lines)
			}
		})
	}
}
