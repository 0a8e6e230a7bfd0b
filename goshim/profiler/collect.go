package profiler

import (
	"bytes"
	"fmt"
	"runtime"

	"github.com/cmemprof/cmemprof/upload"
)

// collector takes the profiles of one period after the other. It belongs to one goroutine, but for startC, which comes before that.
type collector struct {
	cfg      *config
	sources  sources
	messages *onceLog
	deltas   map[ProfileType]delta
	cRuns    bool
	lastC    []byte // the last profile of C that could be joined
	metrics  metrics
	cpu      *bytes.Buffer // nil: no CPU profile runs
}

func newCollector(c *config, s sources, messages *onceLog) *collector {
	k := &collector{cfg: c, sources: s, messages: messages, deltas: map[ProfileType]delta{}}
	k.metrics.reset()
	for t := range c.types {
		if types := c.deltaOf(t); types != nil {
			k.deltas[t] = s.newDelta(types...)
		}
	}
	return k
}

// startC begins to sample C's allocations. Without them the profiles of Go go on.
func (k *collector) startC() {
	if !k.cfg.types[HeapProfile] || k.cfg.cInterval == 0 {
		return
	}
	err := contained(func() error { return k.sources.startC(k.cfg.cInterval) })
	if err != nil {
		k.messages.warn("start C", fmt.Sprintf("cmemprof: C allocations are not profiled, Go's are: %v", err))
		return
	}
	k.cRuns = true
}

func (k *collector) close() {
	if k.cRuns {
		k.sources.stopC()
	}
	for _, d := range k.deltas {
		d.Close()
	}
}

func (k *collector) startCPU() {
	if !k.cfg.types[CPUProfile] {
		return
	}
	k.try(CPUProfile, func() error {
		if k.cfg.cpuRateHz != 0 {
			runtime.SetCPUProfileRate(k.cfg.cpuRateHz)
		}
		buffer := &bytes.Buffer{}
		if err := k.sources.startCPU(buffer); err != nil {
			return err
		}
		k.cpu = buffer
		return nil
	})
}

// collect takes all profiles that are on. The CPU profile ends last, but comes first in the batch.
func (k *collector) collect() []upload.Attachment {
	taken := map[ProfileType][]byte{}
	for _, t := range profileOrder {
		if t == CPUProfile || !k.cfg.types[t] {
			continue
		}
		k.try(t, func() (err error) {
			taken[t], err = k.take(t)
			return err
		})
	}
	if k.cpu != nil {
		k.try(CPUProfile, func() error {
			buffer := k.cpu
			k.cpu = nil
			k.sources.stopCPU()
			taken[CPUProfile] = buffer.Bytes()
			return nil
		})
	}
	var attachments []upload.Attachment
	for _, t := range profileOrder {
		if bytes := taken[t]; len(bytes) > 0 {
			attachments = append(attachments, upload.Attachment{Name: k.cfg.attachmentName(t), Bytes: bytes})
		}
	}
	return attachments
}

// try counts a profile that cannot be taken. The log says so for the first one of each type.
func (k *collector) try(t ProfileType, f func() error) {
	if err := contained(f); err != nil {
		counters.profilesFailed.Add(1)
		k.messages.warn("collect "+t.String(), fmt.Sprintf("cmemprof: the %s profile cannot be taken and is left out: %v", t, err))
	}
}

func (k *collector) take(t ProfileType) ([]byte, error) {
	if t == MetricsProfile {
		return k.metrics.report()
	}
	var buffer bytes.Buffer
	if err := k.sources.lookup(t.String(), &buffer); err != nil {
		return nil, err
	}
	total := buffer.Bytes()
	if t == HeapProfile && k.cRuns {
		total = k.withC(total)
	}
	if d := k.deltas[t]; d != nil {
		return d.Next(total)
	}
	return total, nil
}

// withC joins the heap of C to that of Go. As in dd-trace-go no garbage collection is forced: Go's figures are those of the last one that
// ended. When C's profile cannot be had, the one before stands in for it: without it C's counters would seem to restart, and the next delta
// would repeat all that was ever allocated.
func (k *collector) withC(goHeap []byte) []byte {
	joined := goHeap
	err := contained(func() error {
		if lost := k.sources.lostC(); lost > 0 {
			k.messages.warn("lost C", fmt.Sprintf("cmemprof: %d samples of C allocations were lost so far, so the figures of C memory are too low; "+
				"cmemprof.GetStats tells why", lost))
		}
		cHeap, err := k.sources.profileC()
		if err == nil {
			joined, err = k.join(goHeap, cHeap)
		}
		return err
	})
	if err == nil {
		return joined
	}
	counters.profilesFailed.Add(1)
	k.messages.warn("collect C", fmt.Sprintf("cmemprof: the profile of C allocations cannot be taken, Go's can: %v", err))
	if k.lastC != nil {
		joined, err = k.join(goHeap, k.lastC)
	}
	if err != nil {
		return goHeap
	}
	return joined
}

func (k *collector) join(goHeap, cHeap []byte) ([]byte, error) {
	joined, err := k.sources.merge(goHeap, cHeap)
	if err == nil {
		k.lastC = cHeap
	}
	return joined, err
}
