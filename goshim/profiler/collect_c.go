//go:build linux && amd64 && cgo

package profiler

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// How C's profile gets into that of Go's heap. As in dd-trace-go no garbage collection is forced: Go's figures are those of the last one that
// ended.

// withC joins the heap of C to that of Go. When C's profile cannot be had, the one before stands in for it: without it C's counters would seem
// to restart, and the next delta would repeat all that was ever allocated. If it cannot be joined either, a delta gets nothing in this period,
// and both in the next one.
func (k *collector) withC(goHeap []byte) ([]byte, error) {
	joined := goHeap
	err := contained(func() error {
		if s := k.sources.statsC(); s.LostStacks+s.LostShards+s.LostLive > 0 {
			k.messages.warn("lost C", fmt.Sprintf("cmemprof: %d samples of C allocations were lost so far, so the figures of C memory are too low; "+
				"cmemprof.GetStats tells why", s.LostStacks+s.LostShards+s.LostLive))
		}
		k.thisCAt = time.Now()
		cHeap, err := k.cHeap.Heap()
		if err == nil {
			joined, err = k.join(goHeap, cHeap)
		}
		if err == nil {
			k.lastC, k.thisC = cHeap, cHeap
		}
		return err
	})
	if err == nil {
		return joined, nil
	}
	k.lostC(err)
	if k.lastC == nil {
		return goHeap, nil
	}
	joined, err = k.join(goHeap, k.lastC)
	if err != nil && k.deltas[HeapProfile] == nil {
		return goHeap, nil
	}
	return joined, err
}

func (k *collector) join(goHeap, cHeap []byte) ([]byte, error) {
	return k.sources.merge(cHeap, goHeap) // the first mapping is the first one's: of a stripped program its C code, for pprof to name
}

// withPeriodC joins what somebody else's profiler says of the period to what Go allocated in it.
func (k *collector) withPeriodC(goHeap []byte) []byte {
	ofC, err := k.stopPeriodC()
	if err == nil {
		var joined []byte
		if joined, err = k.join(goHeap, ofC); err == nil {
			return joined
		}
	}
	k.lostC(err)
	return goHeap
}

// stopPeriodC ends the period of somebody else's profiler, if it has begun.
func (k *collector) stopPeriodC() (ofC []byte, err error) {
	if !k.cRuns {
		return nil, nil
	}
	k.cRuns = false
	err = contained(func() error {
		p, err := k.cPeriod.Stop()
		if err != nil {
			return err
		}
		if p == nil {
			return errors.New("there is none")
		}
		var buffer bytes.Buffer
		err = p.WriteUncompressed(&buffer)
		ofC = buffer.Bytes()
		return err
	})
	return ofC, err
}

func (k *collector) lostC(err error) {
	counters.profilesFailed.Add(1)
	k.cfg.count("collect_error", 1, k.cfg.typeTags(HeapProfile)...)
	k.messages.warn("collect C", fmt.Sprintf("cmemprof: the profile of C allocations cannot be taken, Go's can: %v", err))
}
