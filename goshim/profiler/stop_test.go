//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/upload"
)

// over is a clock on which deadlines up to limit pass at once, and longer ones never.
func over(limit time.Duration) func(time.Duration) <-chan time.Time {
	return func(d time.Duration) <-chan time.Time {
		c := make(chan time.Time, 1)
		if d <= limit {
			c <- time.Now()
		}
		return c
	}
}

// Stop waits only for its own clock: with everything hanging for ever, it returns at its deadlines, none of which exceeds two
// seconds. With the test's clock they pass at once; if Stop waited for anything else, the test would not end.
func TestStopWaitsForNothingThatHangs(t *testing.T) {
	if profiler.StopTime > 2*time.Second || profiler.SendTime > profiler.StopTime || profiler.CollectTime > profiler.SendTime {
		t.Errorf("Stop takes %s, %s, %s", profiler.CollectTime, profiler.SendTime, profiler.StopTime)
	}
	for name, hanging := range map[string]func(hang func()) profiler.Fakes{
		"naming of C": func(hang func()) profiler.Fakes {
			return profiler.Fakes{ProfileC: func() ([]byte, error) { hang(); return emptyHeap() }}
		},
		"end of CPU profile": func(hang func()) profiler.Fakes {
			return profiler.Fakes{StopCPU: func() uint64 { hang(); return 0 }, StartCPU: func(io.Writer) error { return nil }}
		},
		"end of a trace": func(hang func()) profiler.Fakes { return profiler.Fakes{StopTrace: hang} },
		"a runtime's profile": func(hang func()) profiler.Fakes {
			return profiler.Fakes{Lookup: func(string, io.Writer) error { hang(); return errors.New("too late") }}
		},
		"sending": func(hang func()) profiler.Fakes {
			return profiler.Fakes{Send: func(context.Context, upload.Request) error { hang(); return nil }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			hung, began := make(chan struct{}), make(chan struct{}, 100) // per test case: abandoned goroutines end a moment later
			f := hanging(func() {
				began <- struct{}{}
				<-hung
			})
			a := newAgent(t)
			t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
			f.After = over(profiler.StopTime)
			f.StartTrace = func(io.Writer) error { return nil }
			if f.StopTrace == nil {
				f.StopTrace = func() {}
			}
			if f.Send == nil {
				f.Send = func(context.Context, upload.Request) error { return nil }
			}
			defer profiler.SetFakes(f)()
			goroutines := runtime.NumGoroutine()
			start(t, a, profiler.WithPeriod(10*time.Millisecond), profiler.WithUploadTimeout(time.Hour),
				profiler.WithProfileTypes(profiler.HeapProfile, profiler.CPUProfile, profiler.GoroutineProfile))
			<-began
			profiler.Stop()
			close(hung)
			waitFor(t, "the end of what was left alone", func() bool { return runtime.NumGoroutine() <= goroutines })
		})
	}
}
