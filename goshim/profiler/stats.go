package profiler

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Counters count what the profiler did since the process started, over all Starts and Stops.
type Counters struct {
	BatchesSent    uint64 // the server took them
	BatchesFailed  uint64 // given up: the server refused them, or failed at them for a period, at each try of Stop, or ten times while it took others
	BatchesDropped uint64 // given up: newer ones needed the place, or Stop's time was over
	BatchesRetried uint64 // sendings of batches that were tried before
	BytesSent      uint64 // of the batches that the server took
	BatchesSpooled uint64 // could not be sent at once and were left to the spool (WithSpool), where they wait for the server
	SpoolSent      uint64 // of BatchesSent, those from the spool, whoever has written them there
	SpoolDropped   uint64 // deleted from the spool to stay within its size
	SpoolDamaged   uint64 // deleted from the spool since they were cut or damaged
	SpoolErrors    uint64 // files of the spool that could not be written, their batches stayed in memory, or not be deleted
	ProfilesFailed uint64 // single profiles that could not be taken; their batch went without them
	OutputsFailed  uint64 // batches that could not be written to DD_PROFILING_OUTPUT_DIR
	EndpointsLost  uint64 // requests to endpoints beyond the first 1,000 of a period
	Panics         uint64 // contained
}

var counters struct {
	sent, sentBytes, failed, dropped, retried, spooled, spoolSent, spoolDropped, spoolDamaged, spoolErrors atomic.Uint64
	profilesFailed, outputsFailed, endpointsLost, panics                                                   atomic.Uint64
}

// Stats returns the counters. It costs nothing and may be called at any time.
func Stats() Counters {
	return Counters{
		BatchesSent:    counters.sent.Load(),
		BatchesFailed:  counters.failed.Load(),
		BatchesDropped: counters.dropped.Load(),
		BatchesRetried: counters.retried.Load(),
		BytesSent:      counters.sentBytes.Load(),
		BatchesSpooled: counters.spooled.Load(),
		SpoolSent:      counters.spoolSent.Load(),
		SpoolDropped:   counters.spoolDropped.Load(),
		SpoolDamaged:   counters.spoolDamaged.Load(),
		SpoolErrors:    counters.spoolErrors.Load(),
		ProfilesFailed: counters.profilesFailed.Load(),
		OutputsFailed:  counters.outputsFailed.Load(),
		EndpointsLost:  counters.endpointsLost.Load(),
		Panics:         counters.panics.Load(),
	}
}

// say logs. The handler is the service's: a panic in it must neither reach the service on a goroutine of ours nor end what called.
func say(level slog.Level, message string, attributes ...any) {
	defer func() {
		if recover() != nil {
			counters.panics.Add(1)
		}
	}()
	slog.Log(context.Background(), level, message, attributes...)
}

var firstPanic sync.Once

// contained runs f and turns a panic into an error. The first one of the process is logged with its stack.
func contained(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			counters.panics.Add(1)
			err = fmt.Errorf("panic: %v", r)
			stack := debug.Stack()
			firstPanic.Do(func() {
				say(slog.LevelError, "cmemprof: a panic was contained; this is a fault of the profiler", "panic", r, "stack", string(stack))
			})
		}
	}()
	return f()
}
