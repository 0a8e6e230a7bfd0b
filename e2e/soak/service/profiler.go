package main

// #include "work.h"
import "C"

import (
	"math"
	"os"
	"strconv"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// startProfiler starts the profiler with all profile types.
func startProfiler(s settings) {
	for name, value := range map[string]string{
		"DD_PROFILING_CMEMPROF_SAMPLING_RATE":     strconv.FormatInt(s.interval, 10),
		"DD_PROFILING_WAIT_PROFILE":               "true",
		"DD_PROFILING_EXECUTION_TRACE_ENABLED":    "true",
		"DD_PROFILING_EXECUTION_TRACE_PERIOD":     (10 * s.period).String(),
		"DD_PROFILING_ENDPOINT_COUNT_ENABLED":     "true",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED":    "false",
		"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS": "legacy",
	} {
		must(os.Setenv(name, value))
	}
	must(profiler.Start(
		profiler.WithService("soak"), profiler.WithUDS(s.socket), profiler.WithPeriod(s.period), profiler.CPUDuration(s.period),
		profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.MutexProfile, profiler.BlockProfile, profiler.GoroutineProfile,
			profiler.GoroutineLeakProfile, profiler.MetricsProfile)))
}

func stopProfiler() { profiler.Stop() }

type profilerFigures struct {
	C       cmemprof.Stats
	Batches profiler.Counters
}

func figures() *profilerFigures { return &profilerFigures{cmemprof.GetStats(), profiler.Stats()} }

// truth has the program's own count of its allocations, and the profile's.
type truth struct{ Bytes, Objects, Live comparison }

type comparison struct{ True, Estimate, StandardError float64 }

// compare takes a profile of all counted allocations. No counted allocation may happen meanwhile.
func (w *work) compare() *truth {
	var live C.struct_soak_count
	for i := range w.lanes {
		C.soak_lane_live(w.lanes[i].blocks, &live)
	}
	data, err := cmemprof.Profile()
	must(err)
	p, err := profile.ParseData(data)
	must(err)
	var sums [4]float64 // alloc_objects, alloc_space, inuse_objects, inuse_space
	for _, sample := range p.Sample {
		if isCounted(sample) {
			for i := range sums {
				sums[i] += float64(sample.Value[i])
			}
		}
	}
	return &truth{
		Bytes:   comparison{float64(w.truth.bytes), sums[1], math.Sqrt(float64(w.truth.bytes_variance))},
		Objects: comparison{float64(w.truth.objects), sums[0], math.Sqrt(float64(w.truth.objects_variance))},
		Live:    comparison{float64(live.bytes), sums[3], math.Sqrt(float64(live.bytes_variance))},
	}
}

func isCounted(sample *profile.Sample) bool {
	for _, location := range sample.Location {
		for _, line := range location.Line {
			if line.Function.Name == "soak_counted" {
				return true
			}
		}
	}
	return false
}
