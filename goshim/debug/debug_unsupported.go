//go:build !(linux && (amd64 || arm64) && cgo)

package debug

import (
	"context"
	"errors"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Status is what [ServeStatus] returns.
type Status struct {
	Profiler profiler.Counters // zero: not supported on this platform
}

func newStatus(bool) Status { return Status{Profiler: profiler.Stats()} }

var errUnsupported = errors.New("no C allocations are sampled: cmemprof is for linux/amd64 and linux/arm64, built with cgo")

func take(context.Context, string, bool, time.Duration) ([]byte, error) { return nil, errUnsupported }

func takePeak(context.Context) ([]byte, error) { return nil, errUnsupported }

func takeCPU(context.Context, time.Duration) ([]byte, error) { return nil, errUnsupported }

func samplingMetrics() []Metric { return nil }

func residentMetrics() []Metric { return nil }
