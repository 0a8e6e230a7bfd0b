//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"io"
	"runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func traced(b *received) bool { return slices.Contains(b.order, "go.trace") }

// The first period always has a trace. Later ones are random: with a trace period of an hour none follows in this test, with 1 ms each has one.
func TestExecutionTrace(t *testing.T) {
	for period, next := range map[string]bool{"1ms": true, "1000h": false} {
		a := newAgent(t)
		t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
		t.Setenv("DD_PROFILING_EXECUTION_TRACE_PERIOD", period)
		startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes())
		for i := range 4 {
			b := a.period(t)
			if want := i == 0 || next; traced(b) != want {
				t.Errorf("period %d of %s: attachments %q", i, period, b.order)
			}
			b.wantTag(t, "_dd.profiler.go_execution_trace_enabled", "true")
			if traced(b) {
				b.wantTag(t, "go_execution_traced", "yes")
				if !bytes.HasPrefix(b.attachments["go.trace"], []byte("go 1.")) {
					t.Errorf("go.trace begins with %q", b.attachments["go.trace"][:16])
				}
			} else {
				b.wantTag(t, "go_execution_traced")
			}
		}
		profiler.Stop()
	}
	if trace.IsEnabled() {
		t.Error("a trace runs on")
	}
}

func TestExecutionTraceIsOffByDefault(t *testing.T) {
	if b := one(t, newAgent(t)); traced(b) {
		t.Errorf("attachments %q", b.order)
	}
}

// The trace ends at the limit. The period is an hour, so only the limit can have ended it.
func TestExecutionTraceLimit(t *testing.T) {
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_LIMIT_BYTES", "100000")
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(time.Hour), profiler.CPUDuration(0), profiler.WithProfileTypes())
	wake, answer := make(chan int), make(chan int)
	go func() {
		for i := range wake {
			answer <- i
		}
	}()
	waitFor(t, "a trace", trace.IsEnabled)
	waitFor(t, "the trace to end", func() bool {
		for i := range 1000 {
			wake <- i
			<-answer
		}
		return !trace.IsEnabled()
	})
	close(wake)
	profiler.Stop()
	b := a.next(t)
	if size := len(b.attachments["go.trace"]); size < 100000 || size > 4<<20 {
		t.Errorf("a trace of %d bytes", size)
	}
}

// The service may be taking its own trace.
func TestExecutionTraceIsTaken(t *testing.T) {
	a, log, base := newAgent(t), captureLog(t), profiler.Stats()
	if err := trace.Start(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer trace.Stop()
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	if b := one(t, a); traced(b) {
		t.Errorf("attachments %q", b.order)
	}
	if !trace.IsEnabled() || since(base).ProfilesFailed != 1 {
		t.Errorf("the service's trace runs: %t, %+v", trace.IsEnabled(), since(base))
	}
	if lines := strings.Join(log.all(), "\n"); !strings.Contains(lines, "the execution-trace profile cannot be taken") {
		t.Errorf("log %q", lines)
	}
}

// The trace and the CPU profile of the running period end also without a flush.
func TestStopWithoutFlushEndsWhatRuns(t *testing.T) {
	t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", "false")
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(time.Hour), profiler.CPUDuration(time.Hour))
	waitFor(t, "a trace", trace.IsEnabled)
	profiler.Stop()
	if trace.IsEnabled() {
		t.Error("the trace runs on")
	}
	if n := a.requests.Load(); n != 0 {
		t.Errorf("%d requests after Stop", n)
	}
	t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", "true")
	start(t, a, profiler.WithPeriod(100*time.Millisecond))
	if b := a.next(t); !slices.Contains(b.order, "cpu.pprof") { // its CPU profile could start
		t.Errorf("attachments %q", b.order)
	}
}
