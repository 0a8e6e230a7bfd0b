//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/upload"
)

// Merging C's heap profile into Go's. As in dd-trace-go no garbage collection is forced: Go's figures are those of the last completed one.

// liveHeapProfiler is a heap profiler that can do with little memory.
type liveHeapProfiler interface {
	LiveHeap(contents cmemprof.Contents) ([]byte, error) // alloc_* are 0
}

// applyRate adopts what SetCSamplingRate wants.
func (k *collector) applyRate() {
	wanted := k.wantedRate.Swap(nil)
	if wanted == nil {
		return
	}
	k.interval.Store(*wanted)
	switch {
	case k.cHeap == nil && k.cPeriod == nil:
		k.startC()
	case k.cHeap != nil:
		_ = contained(func() error {
			if *wanted == 0 {
				k.cHeap.StopHeap()
				return nil
			}
			return k.cHeap.StartHeap(*wanted)
		})
	}
}

// collectBrief takes C's live heap and the metrics, since memory is short. Of what ran in this period nothing is kept; allocations, contentions and delays
// count in the next batch that has them.
func (k *collector) collectBrief(left uint64) []upload.Attachment {
	counters.periodsBrief.Add(1)
	k.messages.warn("brief", fmt.Sprintf("cmemprof: less than %d MB of memory are left: batches have C's live heap and metrics only (tag left_out:memory)",
		roomToCollect>>20))
	k.totalsC, k.cpuFigures = nil, nil
	if k.cpu != nil {
		k.cpu = nil
		k.try(CPUProfile, func() error { k.sources.stopCPU(); return nil })
	}
	if k.trace != nil {
		_, _ = k.trace.stop()
		k.trace = nil
	}
	var attachments []upload.Attachment
	add := func(t ProfileType, take func() ([]byte, error)) {
		k.try(t, func() error {
			taken, err := take()
			if err != nil {
				return err
			}
			a, err := k.cfg.attachment(t, taken)
			if err == nil {
				attachments = append(attachments, a)
			}
			return err
		})
	}
	contents := cmemprof.Contents(0)
	if left < roomToName {
		contents = cmemprof.KnownNames
	}
	if live := k.live.Load(); live != nil {
		add(HeapProfile, func() ([]byte, error) { return (*live).LiveHeap(contents) })
	}
	add(MetricsProfile, func() ([]byte, error) { return k.take(MetricsProfile) })
	return attachments
}

// heapAdder is a heap profiler whose profile need not be encoded to be joined with Go's.
type heapAdder interface {
	AddHeap(to unsafe.Pointer) (cmemprof.HeapTotals, error)
}

// withC returns the delta of C's heap and Go's together; without deltas the two as they are. If C's profile fails, its last values stand in:
// without them C's counters would seem to restart, and the next delta would repeat everything ever allocated. If the two cannot be joined
// either, a delta skips this period and covers both in the next one.
func (k *collector) withC(goHeap []byte) ([]byte, error) {
	ofGo := merge.Encoded(goHeap, ofOwnProfiles)
	var joined []byte
	failed := false // C's part
	err := contained(func() (err error) {
		s := k.sources.statsC()
		if s.LostMappings+s.NamelessMappings > 0 {
			k.messages.warn("lost mappings", fmt.Sprintf("cmemprof: %d calls of mmap or its relatives were not followed so far, and %d mappings have no "+
				"stack, so the figures of mapped memory are incomplete; see cmemprof.GetStats", s.LostMappings, s.NamelessMappings))
		}
		if lost := s.LostSamples(); lost > 0 {
			k.messages.warn("lost C", fmt.Sprintf("cmemprof: %d samples of C allocations were lost so far, so the figures of C memory are too low; "+
				"see cmemprof.GetStats", lost))
		}
		k.thisCAt = time.Now()
		// C first: its first mapping, the program, stays first, so that pprof can symbolize a stripped one.
		joined, err = k.deltas[HeapProfile].Join(false, func(to unsafe.Pointer) error {
			failed = true // also if it panics
			err := k.addC(to)
			failed = err != nil
			return err
		}, ofGo)
		return err
	})
	if err == nil || !failed {
		return joined, err
	}
	k.totalsC = nil
	k.lostC(err)
	return k.deltas[HeapProfile].Join(true, ofGo)
}

// addC is the part of the heap profile that is C's.
func (k *collector) addC(to unsafe.Pointer) (err error) {
	var totals cmemprof.HeapTotals
	if adder, ok := k.cHeap.(heapAdder); ok {
		if totals, err = adder.AddHeap(to); err == nil {
			k.totalsC = totals[:]
		}
		return err
	}
	heap, err := k.cHeap.Heap()
	if err != nil {
		return err
	}
	k.totalsC = totalsOf(heap)
	return merge.Encoded(heap, ofOwnProfiles)(to)
}

// totalsOf returns the sums of a heap profile's types without mappings, whose lengths are no live memory; nil: it has other types.
func totalsOf(heap []byte) []int64 {
	sums, err := merge.Totals(heap)
	if err != nil || len(sums) != 4 {
		return nil
	}
	totals := make([]int64, len(sums))
	for i, sum := range sums {
		totals[i] = sum.All - sum.Mapped
	}
	return totals
}

// withPeriodC merges the period of a third-party profiler into Go's delta.
func (k *collector) withPeriodC(goHeap []byte) []byte {
	ofC, err := k.stopPeriodC()
	if err == nil {
		var joined []byte
		if joined, err = k.sources.merge(k.cfg.compression.ofDelta(), ofC, goHeap); err == nil {
			return joined
		}
	}
	k.lostC(err)
	return goHeap
}

// stopPeriodC ends the period of a third-party profiler, if one is running.
func (k *collector) stopPeriodC() (ofC []byte, err error) {
	if !k.cRuns {
		return nil, nil
	}
	k.cRuns = false
	err = contained(func() error {
		if ofC, err = k.cPeriod.End(); err == nil && ofC == nil {
			err = errors.New("there is none")
		}
		return err
	})
	return ofC, err
}

func (k *collector) lostC(err error) {
	counters.profilesFailed.Add(1)
	k.cfg.count("collect_error", 1, k.cfg.typeTags(HeapProfile)...)
	k.messages.warn("collect C", fmt.Sprintf("cmemprof: the profile of C allocations cannot be taken, Go's can: %v", err))
}
