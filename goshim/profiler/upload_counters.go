//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"sync"
	"sync/atomic"

	"github.com/cmemprof/cmemprof/upload"
)

// batchCounters maps the counts of a queue to the process's counters.
var batchCounters = []struct {
	of      func(*upload.Counts) *uint64
	counter *atomic.Uint64
}{
	{func(c *upload.Counts) *uint64 { return &c.Sent }, &counters.sent},
	{func(c *upload.Counts) *uint64 { return &c.SentBytes }, &counters.sentBytes},
	{func(c *upload.Counts) *uint64 { return &c.Failed }, &counters.failed},
	{func(c *upload.Counts) *uint64 { return &c.Dropped }, &counters.dropped},
	{func(c *upload.Counts) *uint64 { return &c.Retried }, &counters.retried},
	{func(c *upload.Counts) *uint64 { return &c.Spooled }, &counters.spooled},
	{func(c *upload.Counts) *uint64 { return &c.SpoolSent }, &counters.spoolSent},
	{func(c *upload.Counts) *uint64 { return &c.SpoolDropped }, &counters.spoolDropped},
	{func(c *upload.Counts) *uint64 { return &c.SpoolDamaged }, &counters.spoolDamaged},
	{func(c *upload.Counts) *uint64 { return &c.SpoolErrors }, &counters.spoolErrors},
}

// countedSoFar holds the queue's counts that are already in the process's counters.
type countedSoFar struct {
	mu     sync.Mutex
	counts upload.Counts // guarded by mu
}

// account adds the increments to the process's counters and returns them. It also logs the first fault of the spool.
func (u *uploader) account(now upload.Counts) (grown upload.Counts) {
	u.counted.mu.Lock()
	defer u.counted.mu.Unlock()
	before := &u.counted.counts
	for _, c := range batchCounters {
		// Two goroutines may get here in the reverse order of their queue queries: counts never decrease.
		if from, to := c.of(before), c.of(&now); *to > *from {
			*c.of(&grown) = *to - *from
			*from = *to
			c.counter.Add(*c.of(&grown))
		}
	}
	u.failures.losses.Add(grown.Failed + grown.Dropped + grown.SpoolDropped + grown.SpoolDamaged)
	u.warnOfSpool(grown)
	return grown
}

func (u *uploader) warnOfSpool(grown upload.Counts) {
	if u.cfg.spoolDirectory == "" {
		return
	}
	if text := u.queue.SpoolError(); text != "" {
		u.messages.warn("spool", "cmemprof: the spool "+u.cfg.spoolDirectory+" cannot be used: "+text+"; batches wait in memory")
	}
	if grown.SpoolDropped > 0 {
		u.messages.warn("spool full", "cmemprof: the spool "+u.cfg.spoolDirectory+" is full; its oldest batches are deleted")
	}
	if grown.SpoolDamaged > 0 {
		u.messages.warn("spool damaged", "cmemprof: the spool "+u.cfg.spoolDirectory+" had damaged or half-written files; they were deleted")
	}
}
