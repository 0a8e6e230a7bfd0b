//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func metricsOf(t *testing.T, b *received) map[string]float64 {
	t.Helper()
	var points [][2]any
	if err := json.Unmarshal(b.attachments["metrics.json"], &points); err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, point := range points {
		values[point[0].(string)] = point[1].(float64)
	}
	return values
}

// C rates use the time up to the snapshot, without the time for symbolization.
func TestRatesOfCAreUpToTheSnapshot(t *testing.T) {
	a, before := newAgent(t), time.Now()
	var starting, asked atomic.Int64 // ns: duration of Start; time until the snapshot was requested
	defer profiler.SetFakes(profiler.Fakes{
		ProfileC: func() ([]byte, error) {
			asked.Store(int64(time.Since(before)))
			time.Sleep(time.Duration(starting.Load()) + 10*time.Millisecond) // if this counted, the time would exceed the upper bound
			return cHeap(10, 1000, 4, 400), nil
		},
		StatsC: func() cmemprof.Stats { return cmemprof.Stats{} },
	})()
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	started := time.Now()
	starting.Store(int64(started.Sub(before)))
	time.Sleep(50 * time.Millisecond)
	lower := time.Since(started)
	rate := metricsOf(t, a.period(t))["c_allocs_per_sec"]
	upper := time.Duration(asked.Load())
	if took := 10 / rate; !(took >= lower.Seconds()*0.999 && took <= upper.Seconds()*1.001) {
		t.Errorf("10 allocations in %v s, want %s to %s", took, lower, upper)
	}
}

func TestMetricsOfC(t *testing.T) {
	a := newAgent(t)
	var asked atomic.Uint64 // calls of GetStats: before the first period, and twice in it, for the log and for metrics.json
	heaps := [][4]int64{{10, 1000, 4, 400}, {30, 5000, 8, 900}, {50, 6000, 8, 900}}
	var taken atomic.Int32
	defer profiler.SetFakes(profiler.Fakes{
		ProfileC: func() ([]byte, error) {
			v := heaps[min(int(taken.Add(1))-1, len(heaps)-1)]
			return cHeap(v[0], v[1], v[2], v[3]), nil
		},
		StatsC: func() cmemprof.Stats {
			n := asked.Add(1) / 2
			s := cmemprof.Stats{Samples: 100 * n, LostStacks: n, LostShards: 2 * n, LostLive: 3 * n, OwnBytes: 7, LostMappings: 4 * n, NamelessMappings: 5 * n}
			if n >= 3 {
				s.ReclaimedSamples = 5
			}
			return s
		},
		Allocator: func() cmemprof.AllocatorStats {
			return cmemprof.AllocatorStats{Name: "test", InUseBytes: 10, MappedBytes: 40, ResidentBytes: 30, RetainedBytes: 5, FragmentationBytes: 20}
		},
	})()
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))

	time.Sleep(50 * time.Millisecond)  // lower bound of the period
	first := metricsOf(t, a.period(t)) // the first C allocations are in this period
	for name, want := range map[string]float64{"c_live_objects": 4, "c_live_bytes": 400, "c_samples": 100, "c_samples_lost_stacks": 1,
		"c_samples_lost_shards": 2, "c_samples_lost_live": 3, "c_mappings_lost": 4, "c_mappings_nameless": 5, "c_samples_reclaimed": 0, "c_profiler_bytes": 7, "c_allocator_in_use_bytes": 10,
		"c_allocator_mapped_bytes": 40, "c_allocator_left_out": 0, "c_allocator_resident_bytes": 30, "c_allocator_retained_bytes": 5, "c_allocator_fragmentation_bytes": 20} {
		if got, ok := first[name]; !ok || got != want {
			t.Errorf("%s: %v, %t, want %v", name, got, ok, want)
		}
	}
	wantRatio := func(values map[string]float64, name, to string, want float64) {
		t.Helper()
		if got := values[name] / values[to]; got < want*0.999 || got > want*1.001 {
			t.Errorf("%s is %v of %s, want %v", name, got, to, want)
		}
	}
	if first["c_allocs_per_sec"] <= 0 || first["c_allocs_per_sec"] > 10/0.05 {
		t.Errorf("%v allocations a second, of 10 in 50 ms or more", first["c_allocs_per_sec"])
	}
	wantRatio(first, "c_alloc_bytes_per_sec", "c_allocs_per_sec", 100)
	wantRatio(first, "c_frees_per_sec", "c_allocs_per_sec", 0.6)
	wantRatio(first, "c_heap_growth_bytes_per_sec", "c_alloc_bytes_per_sec", 0.4)

	second := metricsOf(t, a.period(t))
	wantRatio(second, "c_alloc_bytes_per_sec", "c_allocs_per_sec", 200)
	wantRatio(second, "c_frees_per_sec", "c_allocs_per_sec", 0.8)

	third := metricsOf(t, a.period(t)) // stacks were evicted, but their totals are in the profile
	if third["c_live_bytes"] != 900 || third["c_heap_growth_bytes_per_sec"] != 0 || third["c_samples_reclaimed"] != 5 {
		t.Errorf("%v", third)
	}
	wantRatio(third, "c_alloc_bytes_per_sec", "c_allocs_per_sec", 50)
}

// Ages are sums over all that is older; lifetimes are of the period, and sums over all that is shorter.
func TestAgesAndPeaksOfC(t *testing.T) {
	a := newAgent(t)
	var asked atomic.Uint64 // before the first period, and once in each, since the allocator says nothing that samples would complete
	peak := cmemprof.Peak{LiveBytes: 5000, RSSBytes: 90000, Time: time.Unix(1000, 0)}
	defer profiler.SetFakes(profiler.Fakes{
		ProfileC: func() ([]byte, error) { return cHeap(10, 1000, 4, 400), nil },
		AgesC: func() cmemprof.Ages {
			n := float64(asked.Add(1))
			ages := cmemprof.Ages{LiveBytes: [6]float64{1, 10, 100, 1000, 10000, 100000 * n}, WorstPauseS: 3}
			for class := range ages.FreedBytes {
				ages.FreedBytes[class] = n * float64(class+1)
			}
			return ages
		},
		Allocator: func() cmemprof.AllocatorStats { return cmemprof.AllocatorStats{} },
		PeaksC:    func() ([]byte, error) { return cHeap(1, 2, 3, 4), nil },
		GetPeaksC: func() (live, rss cmemprof.Peak) { return peak, cmemprof.Peak{RSSBytes: 95000, Time: peak.Time} },
	})()
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	for n := 2.; n <= 3; n++ {
		b := a.period(t)
		values := metricsOf(t, b)
		for name, want := range map[string]float64{"c_live_older_1m_bytes": 11110 + 100000*n, "c_live_older_5m_bytes": 11100 + 100000*n,
			"c_live_older_30m_bytes": 11000 + 100000*n, "c_live_older_2h_bytes": 10000 + 100000*n, "c_live_older_1d_bytes": 100000 * n,
			"c_lifetime_le_1s_bytes": 1, "c_lifetime_le_16s_bytes": 15, "c_lifetime_le_256s_bytes": 45, "c_lifetime_le_4096s_bytes": 91,
			"c_lifetime_bytes": 171, "c_age_error_s": 3, "c_peak_live_bytes": 5000, "c_peak_rss_bytes": 95000} {
			if got, ok := values[name]; !ok || got != want {
				t.Errorf("%s: %v, %t, want %v", name, got, ok, want)
			}
		}
		if b.attachments["peak.pprof"] == nil {
			t.Errorf("attachments %q", b.order)
		}
	}
}

// Stacks are evicted between two profiles.
func TestRoomIsMadeDuringAPeriod(t *testing.T) {
	a := newAgent(t)
	made := make(chan struct{}, 10)
	defer profiler.SetFakes(profiler.Fakes{ProfileC: emptyHeap, EvictInterval: time.Millisecond, EvictC: func() bool {
		select {
		case made <- struct{}{}:
		default:
		}
		return false
	}})()
	start(t, a, profiler.WithPeriod(time.Hour), profiler.WithProfileTypes(profiler.HeapProfile))
	for range 3 {
		<-made
	}
	profiler.Stop() // it reads the interval, which is restored next
}

// An allocator whose query takes time t is left alone for 10,000 t.
func TestSlowAllocatorIsAskedSeldom(t *testing.T) {
	a := newAgent(t)
	var asked atomic.Int32
	defer profiler.SetFakes(profiler.Fakes{ProfileC: emptyHeap, Allocator: func() cmemprof.AllocatorStats {
		asked.Add(1)
		time.Sleep(10 * time.Millisecond) // no query for 100 s
		return cmemprof.AllocatorStats{ResidentBytes: 1}
	}})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for i := range 5 {
		metrics := metricsOf(t, a.period(t))
		if _, ok := metrics["c_allocator_resident_bytes"]; ok != (i == 0) {
			t.Errorf("period %d: figures of the allocator: %t", i, ok)
		}
		if left, ok := metrics["c_allocator_left_out"]; !ok || (left == 1) == (i == 0) {
			t.Errorf("period %d: it is said to be left out: %v, %t", i, left, ok)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// Between two answers of the allocator, what it held beyond the samples counts as held: what was allocated before Start is not free.
func TestUnsampledMemoryStaysInUse(t *testing.T) {
	a := newAgent(t)
	var live atomic.Uint64
	live.Store(400)
	inUse := make(chan uint64, 1)
	defer profiler.SetFakes(profiler.Fakes{
		ProfileC: emptyHeap,
		AgesC: func() cmemprof.Ages {
			return cmemprof.Ages{LiveBytes: [6]float64{float64(live.Load()), 0, 0, 0, 0, 100}}
		},
		Allocator: func() cmemprof.AllocatorStats {
			time.Sleep(10 * time.Millisecond) // no query for 100 s
			return cmemprof.AllocatorStats{InUseBytes: 9500}
		},
		Memory: func(_ []byte, allocator *cmemprof.AllocatorStats) (cmemprof.MemoryFigures, []byte, error) {
			inUse <- allocator.InUseBytes
			return cmemprof.MemoryFigures{HasParts: true}, cHeap(1, 2, 3, 4), nil
		},
	})()
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	for i, want := range []uint64{9500, 9100, 10000} {
		live.Store([]uint64{400, 0, 900}[i])
		a.period(t)
		if got := <-inUse; got != want {
			t.Errorf("period %d: %d bytes in use, want %d", i, got, want)
		}
	}
}

// Without fakes: this process's own C memory.
func TestMetricsOfRealC(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	a := newAgent(t)
	startStepped(t, a, profiler.WithPeriod(50*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for deadline := time.Now().Add(patience); ; {
		values := metricsOf(t, a.period(t))
		if values["c_live_bytes"] > 0 && values["c_alloc_bytes_per_sec"] > 0 && values["c_samples"] > 0 && values["c_sampling_time"] > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v", values)
		}
	}
}
