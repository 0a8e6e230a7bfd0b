//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/merge"
)

// cpuProfiling is a CPU profile that is running.
type cpuProfiling struct {
	buffer bytes.Buffer
	at     time.Time
}

// startTraceback makes C functions appear in the stacks of Go's CPU profile. Called once C's heap is profiled.
func (k *collector) startTraceback() {
	if !k.cfg.types[CPUProfile] || !k.cfg.cgoTraceback || k.tracesC || k.sources.startTraceback == nil {
		return
	}
	err := contained(k.sources.startTraceback)
	if errors.Is(err, cmemprof.ErrTracebackTaken) {
		k.messages.warn("traceback", "cmemprof: the program has called runtime.SetCgoTraceback, so the CPU profile has the C functions that this gives")
	} else if err != nil {
		k.messages.warn("traceback", fmt.Sprintf("cmemprof: the CPU profile has no C functions: %v", err))
	}
	k.tracesC = err == nil
}

func (k *collector) stopTraceback() {
	if k.tracesC {
		k.tracesC = false
		_ = contained(func() error { k.sources.stopTraceback(); return nil })
	}
}

func (k *collector) startCPU() {
	if !k.cfg.types[CPUProfile] {
		return
	}
	k.try(CPUProfile, func() error {
		c := &cpuProfiling{at: time.Now()}
		if err := k.sources.startCPU(&c.buffer); err != nil {
			return err
		}
		k.cpu = c
		return nil
	})
}

// takeCPU ends the CPU profile. With C's heap it is completed; if that fails, it is as Go wrote it.
func (k *collector) takeCPU() []byte {
	c := k.cpu
	k.cpu = nil
	elapsed := time.Since(c.at)
	used := k.sources.stopCPU()
	written := c.buffer.Bytes()
	raw, changed := k.withoutTraceIDs(written)
	if k.cHeap != nil && k.sources.completeCPU != nil {
		k.try(CPUProfile, func() error {
			completed, times, err := k.sources.completeCPU(raw, used)
			if err != nil {
				return err
			}
			raw, changed = completed, true
			k.cpuFigures = []figure{
				{"cpu_c_cores", float64(times.CNs) / float64(elapsed)},
				{"cpu_unsampled_cores", float64(times.UnsampledNs) / float64(elapsed)},
			}
			return nil
		})
	}
	if !changed {
		return written
	}
	if k.cfg.compression.algorithm == "" {
		raw, _ = merge.Compress(raw, merge.Output{}) // in memory: it does not fail
	}
	return raw
}
