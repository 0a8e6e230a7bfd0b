//go:build linux && (amd64 || arm64) && cgo

package debug

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
	"time"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/merge"
)

// One profile at a time: symbolizing C addresses temporarily takes tens of megabytes.
var taking = make(chan struct{}, 1)

var errOff = errors.New("no C allocations are sampled: call profiler.Start or cmemprof.Start at the beginning of main")

// take returns Go's profile "heap" or "allocs" merged with C's or, if d > 0, its change over d.
func take(ctx context.Context, name string, gc bool, d time.Duration) ([]byte, error) {
	before, err := takeNow(ctx, name, gc)
	if err != nil || d == 0 {
		return before, err
	}
	if err := wait(ctx, d); err != nil {
		return nil, err
	}
	after, err := takeNow(ctx, name, gc)
	if err != nil {
		return nil, err
	}
	return subtract(after, before)
}

// wait is a variable for tests.
var wait = func(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// alone waits until no other profile is being taken.
func alone(ctx context.Context) (done func(), err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case taking <- struct{}{}:
		return func() { <-taking }, nil
	}
}

// takePeak serves one that ended with sampling, too.
func takePeak(ctx context.Context) ([]byte, error) {
	done, err := alone(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if live, _ := cmemprof.GetPeaks(); live.Time.IsZero() && cmemprof.GetStats().IntervalBytes == 0 {
		return nil, errOff
	}
	return cmemprof.Peaks()
}

// takeCPU returns Go's CPU profile over d, with C functions. One that the program, or package profiler, is taking is in the way.
func takeCPU(ctx context.Context, d time.Duration) ([]byte, error) {
	if cmemprof.GetStats().IntervalBytes == 0 {
		return nil, errOff
	}
	if err := cmemprof.StartCgoTraceback(); err == nil {
		defer cmemprof.StopCgoTraceback()
	} else if !errors.Is(err, cmemprof.ErrTracebackTaken) {
		return nil, err
	}
	var goCPU bytes.Buffer
	if err := cmemprof.StartCPUProfile(&goCPU); err != nil {
		return nil, err
	}
	err := wait(ctx, d)
	used := cmemprof.StopCPUProfile()
	if err != nil {
		return nil, err
	}
	done, err := alone(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	completed, _, err := cmemprof.CPUProfile(goCPU.Bytes(), used)
	return completed, err
}

func takeNow(ctx context.Context, name string, gc bool) ([]byte, error) {
	done, err := alone(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if cmemprof.GetStats().IntervalBytes == 0 {
		return nil, errOff
	}
	if gc {
		runtime.GC()
	}
	var goHeap bytes.Buffer
	if err := pprof.Lookup(name).WriteTo(&goHeap, 0); err != nil {
		return nil, err
	}
	joined := merge.NewDelta() // of nothing
	defer joined.Close()
	// C first: its first mapping, the program, stays first, so that pprof can symbolize a stripped one.
	return joined.Join(false, func(to unsafe.Pointer) error {
		_, err := cmemprof.AddProfile(to)
		return err
	}, merge.Encoded(goHeap.Bytes(), nil))
}

// subtract does what net/http/pprof does: after minus before, negative where memory was freed, with the time between the two as duration.
func subtract(after, before []byte) ([]byte, error) {
	d := merge.NewDeltaWith(merge.DeltaOptions{
		Types: []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"},
		Rule:  merge.LikePprof,
	})
	defer d.Close()
	if _, err := d.Next(before); err != nil {
		return nil, err
	}
	return d.Next(after)
}
