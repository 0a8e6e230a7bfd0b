package profiler

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Counters count since process start, over all Starts and Stops.
type Counters struct {
	BatchesSent    uint64 // accepted by the server
	BatchesFailed  uint64 // given up: refused, or failed for a period, at every attempt of Stop, or ten times while the server accepted others
	BatchesDropped uint64 // given up: displaced by newer ones, or left when the time of Stop was up
	BatchesRetried uint64 // attempts after a batch's first
	BytesSent      uint64 // of BatchesSent
	BatchesSpooled uint64 // could not be sent at once and wait in the spool (WithSpool)
	SpoolSent      uint64 // of BatchesSent, those sent from the spool, whichever process wrote them
	SpoolDropped   uint64 // deleted from the spool to stay within its size
	SpoolDamaged   uint64 // deleted from the spool because they were truncated or damaged
	SpoolErrors    uint64 // spool files that could not be written, whose batches stayed in memory, or that could not be deleted
	ProfilesFailed uint64 // profiles that could not be taken; their batch was sent without them
	MemoryTriggers uint64 // times that memory was short, so that a batch was taken before its time
	PeriodsBrief   uint64 // periods whose batch has C's live heap and metrics only, since memory was short
	OutputsFailed  uint64 // batches that could not be written to DD_PROFILING_OUTPUT_DIR
	EndpointsLost  uint64 // requests to endpoints beyond the first 1,000 of a period
	Panics         uint64 // contained panics
}

var counters struct {
	sent, sentBytes, failed, dropped, retried, spooled, spoolSent, spoolDropped, spoolDamaged, spoolErrors atomic.Uint64
	profilesFailed, outputsFailed, endpointsLost, panics, memoryTriggers, periodsBrief                     atomic.Uint64
}

// Stats returns the counters. It is cheap and may be called at any time.
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
		MemoryTriggers: counters.memoryTriggers.Load(),
		PeriodsBrief:   counters.periodsBrief.Load(),
		OutputsFailed:  counters.outputsFailed.Load(),
		EndpointsLost:  counters.endpointsLost.Load(),
		Panics:         counters.panics.Load(),
	}
}

// say logs. The handler belongs to the service: a panic in it must neither end the process from a profiler goroutine nor end the caller.
func say(level slog.Level, message string, attributes ...any) {
	defer func() {
		if recover() != nil {
			counters.panics.Add(1)
		}
	}()
	slog.Log(context.Background(), level, message, attributes...)
}

var firstPanic sync.Once

// contained runs f and turns a panic into an error. The first panic of the process is logged with its stack.
func contained(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			counters.panics.Add(1)
			err = fmt.Errorf("panic: %v", r)
			stack := debug.Stack()
			firstPanic.Do(func() {
				say(slog.LevelError, "cmemprof: a panic was contained; this is a bug in the profiler", "panic", r, "stack", string(stack))
			})
		}
	}()
	return f()
}
