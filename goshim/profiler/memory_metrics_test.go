//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// ofMemory returns the metrics of memory.
func ofMemory(t *testing.T, b *received) map[string]float64 {
	t.Helper()
	metrics := map[string]float64{}
	for name, value := range metricsOf(t, b) {
		if rest, ok := strings.CutPrefix(name, "memory_"); ok {
			metrics[rest] = value
		}
	}
	return metrics
}

func wantMetrics(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("%s: %v, %t, want %v", name, v, ok, value)
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %v, want none", name, value)
		}
	}
}

func TestMetricsOfMemory(t *testing.T) {
	a, log, base := newAgent(t), captureLog(t), profiler.Stats()
	var mu sync.Mutex // guards what the profiler's goroutine uses, too
	var figures cmemprof.MemoryFigures
	var heaps [][]byte
	var allocators []*cmemprof.AllocatorStats
	walks := 0
	defer profiler.SetFakes(profiler.Fakes{
		ProfileC: emptyHeap,
		Allocator: func() cmemprof.AllocatorStats {
			return cmemprof.AllocatorStats{InUseBytes: 7, MappedBytes: 8, FreeBlocks: 10}
		},
		Memory: func(goHeap []byte, allocator *cmemprof.AllocatorStats) (cmemprof.MemoryFigures, []byte, error) {
			mu.Lock()
			defer mu.Unlock()
			heaps, allocators = append(heaps, goHeap), append(allocators, allocator)
			if !figures.HasParts {
				return figures, nil, nil
			}
			return figures, cHeap(1, 2, 3, 4), nil
		},
		MemoryRollup: func() (cmemprof.MemoryRollup, bool) {
			walks++
			return cmemprof.MemoryRollup{RSSBytes: 1, LazyFreeBytes: 2, HugeBytes: 3}, walks == 1
		},
	})()
	figures = cmemprof.MemoryFigures{HasParts: true, IsComplete: true, RSSBytes: 30,
		Parts:        []cmemprof.MemoryPart{{Key: "go_live", Bytes: 10}, {Key: "malloc_free", Bytes: 1 << 20}, {Key: "unexplained", Bytes: 20}},
		PeakRSSBytes: 40, SwapBytes: cmemprof.MemoryUnknown, Threads: 5, LimitBytes: 12, LimitUsedBytes: 11,
		Cgroup: cmemprof.CgroupMemory{Version: 2, ID: 1<<60 + 77, Bytes: 1, LimitBytes: 2, AnonBytes: 3, FileBytes: 4, ShmemBytes: 5, KernelBytes: 6,
			InactiveFileBytes: 7, HighEvents: 8, MaxEvents: 9, OOMKills: 10}}
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	b := a.period(t)
	wantMetrics(t, ofMemory(t, b), map[string]float64{"incomplete": 0, "rss_bytes": 30, "go_live_bytes": 10, "unexplained_bytes": 20,
		"malloc_free_bytes": 1 << 20, "malloc_trim_bytes": 1<<20 - 10*float64(os.Getpagesize()), "malloc_free_blocks": 10,
		"peak_rss_bytes": 40, "threads": 5, "limit_bytes": 12, "limit_used_bytes": 11, "lazy_free_bytes": 2, "huge_bytes": 3, "cgroup_id": 77, "cgroup_bytes": 1, "cgroup_limit_bytes": 2,
		"cgroup_anon_bytes": 3, "cgroup_file_bytes": 4, "cgroup_shmem_bytes": 5, "cgroup_kernel_bytes": 6, "cgroup_inactive_file_bytes": 7,
		"cgroup_high_events": 8, "cgroup_max_events": 9, "cgroup_oom_kills": 10})
	if verdict, ok := metricsOf(t, b)["c_verdict"]; !ok || verdict != 0 {
		t.Errorf("verdict of a first period: %v, %t", verdict, ok)
	}
	mu.Lock()
	if b.attachments["memory.pprof"] == nil || len(heaps) != 1 || goSamples(b.profile(t, "delta-heap.pprof")) == 0 {
		t.Errorf("attachments %q, %d calls", b.order, len(heaps))
	}
	if p, err := profile.Parse(bytes.NewReader(heaps[0])); err != nil || goSamples(p) == 0 || valuesOf(p, "sqlite3_malloc") != [4]int64{} {
		t.Errorf("the heap profile that memory got is not Go's: %v", err)
	}
	if allocators[0] == nil || allocators[0].InUseBytes != 7 {
		t.Errorf("memory was told %+v of the allocator", allocators[0])
	}

	// What the cgroup does not say is left out, and without /proc there is nothing to attach.
	figures = cmemprof.MemoryFigures{Missing: "no /proc", PeakRSSBytes: cmemprof.MemoryUnknown, SwapBytes: cmemprof.MemoryUnknown,
		LimitBytes: cmemprof.MemoryUnknown, LimitUsedBytes: cmemprof.MemoryUnknown,
		Threads: cmemprof.MemoryUnknown, Cgroup: cmemprof.CgroupMemory{Version: 1, ID: cmemprof.MemoryUnknown, LimitBytes: cmemprof.MemoryUnknown,
			KernelBytes: cmemprof.MemoryUnknown, HighEvents: cmemprof.MemoryUnknown, MaxEvents: cmemprof.MemoryUnknown}}
	mu.Unlock()
	b = a.period(t)
	wantMetrics(t, ofMemory(t, b), map[string]float64{"incomplete": 1, "cgroup_bytes": 0, "cgroup_anon_bytes": 0, "cgroup_file_bytes": 0,
		"cgroup_shmem_bytes": 0, "cgroup_inactive_file_bytes": 0, "cgroup_oom_kills": 0})
	if b.attachments["memory.pprof"] != nil {
		t.Errorf("attachments %q", b.order)
	}
	a.period(t)
	if lines := strings.Join(log.all(), "\n"); strings.Count(lines, "the breakdown of memory is incomplete: no /proc") != 1 {
		t.Errorf("log %q", lines)
	}
	if got := since(base); got.ProfilesFailed != 0 {
		t.Errorf("%+v", got)
	}
}

func TestMemoryIsSwitchedOff(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_MEMORY", "false")
	a := newAgent(t)
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	b := a.period(t)
	if metrics := ofMemory(t, b); len(metrics) != 0 || b.attachments["memory.pprof"] != nil || b.attachments["delta-heap.pprof"] == nil {
		t.Errorf("attachments %q, metrics %v", b.order, metrics)
	}
}

// The parts of this very process add up, to the byte, in the profile and in the metrics.
func TestMemoryOfThisProcess(t *testing.T) {
	a := newAgent(t)
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	b := a.period(t)
	metrics, parts, sum := ofMemory(t, b), map[string]float64{}, 0.0
	p := b.profile(t, "memory.pprof")
	if sampleTypes(p) != "resident_space/bytes" {
		t.Errorf("sample types %q", sampleTypes(p))
	}
	goStacks := 0
	for _, s := range p.Sample {
		parts[s.Label["part"][0]] += float64(s.Value[0])
		if s.HasLabel("part", "go_live") && len(s.Location) > 2 {
			goStacks++
		}
		sum += float64(s.Value[0])
	}
	if goStacks == 0 {
		t.Error("Go's live objects have no stacks")
	}
	if sum != metrics["rss_bytes"] || metrics["incomplete"] != 0 {
		t.Errorf("samples sum up to %v; metrics %v", sum, metrics)
	}
	for _, key := range []string{"go_live", "go_dead", "go_free", "go_stacks", "go_metadata", "malloc_live", "malloc_free", "malloc_metadata", "mapped",
		"thread_stacks", "files", "shared_memory", "program", "profiler", "mapped_not_seen", "unexplained"} {
		if value, ok := metrics[key+"_bytes"]; !ok || value != parts[key] {
			t.Errorf("%s: %v in metrics, %t, %v in the profile", key, value, ok, parts[key])
		}
	}
}
