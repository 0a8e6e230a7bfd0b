//go:build linux && (amd64 || arm64) && cgo

package debug

import (
	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/resident"
)

var ageClasses = [...]string{"under_1m", "1m_to_5m", "5m_to_30m", "30m_to_2h", "2h_to_1d", "over_1d"}

func samplingMetrics() []Metric {
	s, ages := cmemprof.GetStats(), cmemprof.GetAges()
	live, rss := cmemprof.GetPeaks()
	byAge := Metric{"cmemprof_c_live_by_age_bytes", "C memory in use by its age, estimated from samples.", false, "age", nil}
	var total float64
	for i, bytes := range ages.LiveBytes {
		byAge.Samples = append(byAge.Samples, Sample{ageClasses[i], bytes})
		total += bytes
	}
	return []Metric{
		gauge("cmemprof_c_live_bytes", "C memory in use, estimated from samples; without what C maps itself.", total),
		byAge,
		gauge("cmemprof_c_peak_live_bytes", "C memory in use at its peak since sampling was started.", live.LiveBytes),
		gauge("cmemprof_c_peak_resident_bytes", "Resident memory of the process at its peak since sampling was started.", float64(rss.RSSBytes)),
		gauge("cmemprof_c_mapped_bytes", "Address space that C has mapped itself, resident or not.", float64(s.MappedBytes)),
		gauge("cmemprof_c_sampling_interval_bytes", "Mean bytes between two samples; 0: none are taken.", float64(s.IntervalBytes)),
		counter("cmemprof_c_samples_total", "Sampled allocations.", s.Samples),
		gauge("cmemprof_c_live_samples", "Sampled allocations that are in use.", float64(s.Live)),
		{"cmemprof_c_lost_samples_total", "Samples lost: stacks (the stack table was full), threads (too many sampled at once), live (their blocks could not be tracked).", true, "reason",
			[]Sample{{"stacks", float64(s.LostStacks)}, {"threads", float64(s.LostShards)}, {"live", float64(s.LostLive)}}},
		{"cmemprof_c_lost_mappings_total", "Calls of mmap and its relatives that were not followed.", true, "", []Sample{{"", float64(s.LostMappings)}}},
		{"cmemprof_c_cut_stacks_total", "Stacks that were cut.", true, "reason",
			[]Sample{{"no_rule", float64(s.CutNoRule)}, {"unsupported", float64(s.CutUnsupported)}, {"unreadable", float64(s.CutUnreadable)}, {"depth", float64(s.CutDepth)}}},
		gauge("cmemprof_c_stacks", "Distinct stacks in the profiler's table.", float64(s.Stacks)),
		gauge("cmemprof_profiler_memory_bytes", "Memory of the profiler's tables.", float64(s.OwnBytes)),
		gauge("cmemprof_profiler_memory_limit_bytes", "What they may grow to.", float64(s.LimitBytes)),
		{"cmemprof_profiler_sampling_seconds_total", "CPU time of sampling.", true, "", []Sample{{"", float64(s.SamplingNs) / 1e9}}},
	}
}

// residentMetrics is what the profiler found at the end of its last period.
func residentMetrics() []Metric {
	parts := Metric{"cmemprof_resident_memory_bytes", "Resident memory by cause, at the end of the profiler's last period.", false, "part", nil}
	incomplete := Metric{"cmemprof_resident_memory_incomplete", "1 if something could not be looked at.", false, "", nil}
	at := Metric{"cmemprof_resident_memory_timestamp_seconds", "When that was.", false, "", nil}
	last := resident.Last()
	if last == nil || !last.Figures.HasParts {
		return []Metric{parts, incomplete, at}
	}
	for _, part := range last.Figures.Parts {
		if part.Bytes != cmemprof.MemoryUnknown {
			parts.Samples = append(parts.Samples, Sample{part.Key, float64(part.Bytes)})
		}
	}
	value := 0.0
	if !last.Figures.IsComplete {
		value = 1
	}
	incomplete.Samples = []Sample{{"", value}}
	at.Samples = []Sample{{"", float64(last.At.UnixMilli()) / 1000}}
	return []Metric{parts, incomplete, at}
}
