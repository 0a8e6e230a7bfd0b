//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"errors"
	"os"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/resident"
	"github.com/cmemprof/cmemprof/goshim/internal/seldom"
)

// memoryMetrics reports where the resident memory of the process is (docs/memory.md).
type memoryMetrics struct {
	sources sources
	figures *cmemprof.MemoryFigures // of this period; nil: none were taken
	limit   seldom.Limit            // of walks over all pages
	noID    bool                    // of the cgroup, which is that of the container
}

// takeMemory takes the memory profile and keeps its figures for the metrics. What it could not look at is logged once.
func (k *collector) takeMemory() ([]byte, error) {
	figures, profile, err := k.sources.memory(k.thisGo, k.cMetrics.allocator.recent(k.sources))
	if err != nil {
		return nil, err
	}
	k.memory.figures = &figures
	resident.Keep(&figures)
	if figures.Missing != "" {
		k.messages.warn("memory", "cmemprof: the breakdown of memory is incomplete: "+figures.Missing)
	}
	if !figures.HasParts && figures.Missing == "" {
		return nil, errors.New("it has no parts, and does not say why")
	}
	return profile, nil
}

// report leaves out what could not be read. allocator is what it said in this period, or nil.
func (m *memoryMetrics) report(allocator *cmemprof.AllocatorStats) []figure {
	f := m.figures
	m.figures = nil
	if f == nil {
		return nil
	}
	incomplete := 1.0
	if f.IsComplete {
		incomplete = 0
	}
	figures := []figure{{"memory_incomplete", incomplete}}
	add := func(name string, value uint64) {
		if value != cmemprof.MemoryUnknown {
			figures = append(figures, figure{"memory_" + name, float64(value)})
		}
	}
	if f.HasParts {
		add("rss_bytes", f.RSSBytes)
	}
	for _, part := range f.Parts {
		add(part.Key+"_bytes", part.Bytes)
		if part.Key == "malloc_free" && allocator != nil && allocator.FreeBlocks > 0 {
			add("malloc_trim_bytes", wholePages(part.Bytes, allocator.FreeBlocks))
			add("malloc_free_blocks", allocator.FreeBlocks)
		}
	}
	add("peak_rss_bytes", f.PeakRSSBytes)
	add("swap_bytes", f.SwapBytes)
	add("threads", f.Threads)
	if rollup, ok := m.rollup(); ok {
		add("lazy_free_bytes", rollup.LazyFreeBytes)
		add("huge_bytes", rollup.HugeBytes)
	}
	add("limit_bytes", f.LimitBytes)
	add("limit_used_bytes", f.LimitUsedBytes)
	if m.noID {
		f.Cgroup.ID = cmemprof.MemoryUnknown
	}
	addCgroup(add, f.Cgroup)
	return figures
}

// wholePages returns what malloc_trim gives back of free resident memory at least: each free block shares its first and its last page with a
// neighbour, which is a page on average. Blocks smaller than a page make the result too small, not too large: the verdict looks at their count.
func wholePages(free, blocks uint64) uint64 {
	shared := blocks * uint64(os.Getpagesize())
	return max(free, shared) - shared
}

// exactBits are those of an integer that a figure, a float64, keeps.
const exactBits = 1<<53 - 1

func addCgroup(add func(name string, value uint64), c cmemprof.CgroupMemory) {
	if c.Version == 0 {
		return
	}
	if c.ID != cmemprof.MemoryUnknown {
		add("cgroup_id", c.ID&exactBits)
	}
	add("cgroup_bytes", c.Bytes)
	add("cgroup_limit_bytes", c.LimitBytes)
	add("cgroup_anon_bytes", c.AnonBytes)
	add("cgroup_file_bytes", c.FileBytes)
	add("cgroup_shmem_bytes", c.ShmemBytes)
	add("cgroup_kernel_bytes", c.KernelBytes)
	add("cgroup_inactive_file_bytes", c.InactiveFileBytes)
	add("cgroup_oom_kills", c.OOMKills)
	add("cgroup_high_events", c.HighEvents)
	add("cgroup_max_events", c.MaxEvents)
}

// rollup walks all pages, seldom: a process of 1 GB is walked through every other minute.
func (m *memoryMetrics) rollup() (rollup cmemprof.MemoryRollup, ok bool) {
	m.limit.Do(func() { rollup, ok = m.sources.memoryRollup() })
	return rollup, ok
}
