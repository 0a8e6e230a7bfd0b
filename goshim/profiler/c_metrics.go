//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// cMetrics reports metrics of C memory: estimates from samples, losses of sampling, and the allocator's own statistics.
type cMetrics struct {
	sources   sources
	at        time.Time // of stats
	stats     cmemprof.Stats
	heapAt    time.Time // of totals
	ages      cmemprof.Ages
	totals    []int64 // alloc_objects, alloc_space, inuse_objects, inuse_space; nil: unknown
	allocator allocatorQuery
}

// allocatorQuery asks the allocator at most once a period, if it is not too early (package allocator).
type allocatorQuery struct {
	tried     bool // in this period
	stats     *cmemprof.AllocatorStats
	at        time.Time // of the last answer that was reported
	unsampled float64   // in use at the last answer and in no sample: heads of blocks, what was allocated before sampling. 0: unknown
}

// ask returns nil if it is too early.
func (q *allocatorQuery) ask(of sources) *cmemprof.AllocatorStats {
	if q.tried {
		return q.stats
	}
	q.tried = true
	if answer := of.allocator(); answer.At != q.at {
		stats := answer.Stats
		q.stats, q.at, q.unsampled = &stats, answer.At, 0
		if stats.InUseBytes > 0 {
			q.unsampled = max(0, float64(stats.InUseBytes)-of.liveC())
		}
	}
	return q.stats
}

// recent returns the answer, or if it is too early, what is in use by the samples and by the last answer; nil: neither is known.
func (q *allocatorQuery) recent(of sources) *cmemprof.AllocatorStats {
	if stats := q.ask(of); stats != nil || q.unsampled == 0 {
		return stats
	}
	return &cmemprof.AllocatorStats{InUseBytes: uint64(of.liveC() + q.unsampled)}
}

// reset must be called before sampling starts.
func (m *cMetrics) reset() {
	m.at, m.stats, m.ages, m.totals = time.Now(), m.sources.statsC(), m.sources.agesC(), nil
	m.heapAt = m.at
	if m.stats.Samples == 0 {
		m.totals = make([]int64, 4)
	}
}

// report returns the metrics for a profile of C's heap that was requested at heapAt, given its totals (nil if it failed). The profile may be much younger than
// the present: symbolizing may take longer than a short period. Rates need two profiles.
func (m *cMetrics) report(totals []int64, heapAt time.Time) []figure {
	before := *m
	m.at, m.stats, m.ages, m.heapAt, m.totals = time.Now(), m.sources.statsC(), m.sources.agesC(), heapAt, totals
	figures := append(m.heap(&before), m.sampling(&before)...)
	figures = append(append(figures, m.ageFigures(before.ages)...), m.peakFigures()...)
	if before := m.stats.BeforeStartBytes; before != 0 {
		figures = append(figures, figure{"c_before_start_bytes", float64(before)})
	}
	return append(figures, m.allocatorFigures()...)
}

func (m *cMetrics) heap(before *cMetrics) []figure {
	if m.totals == nil {
		return nil
	}
	figures := []figure{{"c_live_objects", float64(m.totals[2])}, {"c_live_bytes", float64(m.totals[3])}}
	if before.totals == nil {
		return figures
	}
	var grown [4]float64
	for i := range grown {
		grown[i] = float64(m.totals[i]-before.totals[i]) / m.heapAt.Sub(before.heapAt).Seconds()
	}
	return append(figures, figure{"c_heap_growth_bytes_per_sec", grown[3]}, figure{"c_alloc_bytes_per_sec", grown[1]},
		figure{"c_allocs_per_sec", grown[0]}, figure{"c_frees_per_sec", grown[0] - grown[2]})
}

// sampling returns counts since the last report. Lost: the stack table was full, too many threads sampled at once, or the block could not be
// tracked. Reclaimed: the stack was evicted, and its samples count in "[evicted stacks]".
func (m *cMetrics) sampling(before *cMetrics) []figure {
	since := func(now, before uint64) float64 { return float64(now - before) }
	return []figure{
		{"c_samples", since(m.stats.Samples, before.stats.Samples)},
		{"c_samples_lost_stacks", since(m.stats.LostStacks, before.stats.LostStacks)},
		{"c_samples_lost_shards", since(m.stats.LostShards, before.stats.LostShards)},
		{"c_samples_lost_live", since(m.stats.LostLive, before.stats.LostLive)},
		{"c_samples_reclaimed", since(m.stats.ReclaimedSamples, before.stats.ReclaimedSamples)},
		{"c_mappings_lost", since(m.stats.LostMappings, before.stats.LostMappings)},
		{"c_mappings_nameless", since(m.stats.NamelessMappings, before.stats.NamelessMappings)},
		{"c_sampling_time", since(m.stats.SamplingNs, before.stats.SamplingNs) / float64(m.at.Sub(before.at))}, // fraction of time
		{"c_profiler_bytes", float64(m.stats.OwnBytes)},
	}
}

// ageFigures returns the live bytes older than a time, and the bytes freed since the last report after at most a time, each with all that is
// older or shorter.
func (m *cMetrics) ageFigures(before cmemprof.Ages) []figure {
	var figures []figure
	older := 0.0
	for class := len(m.ages.LiveBytes) - 1; class > 0; class-- {
		older += m.ages.LiveBytes[class]
		figures = append(figures, figure{"c_live_older_" + [...]string{"", "1m", "5m", "30m", "2h", "1d"}[class] + "_bytes", older})
	}
	names := map[int]string{0: "le_1s_", 4: "le_16s_", 8: "le_256s_", 12: "le_4096s_", len(m.ages.FreedBytes) - 1: ""}
	freed := 0.0
	for class, bytes := range m.ages.FreedBytes {
		freed += bytes - before.FreedBytes[class]
		if name, shown := names[class]; shown {
			figures = append(figures, figure{"c_lifetime_" + name + "bytes", max(freed, 0)})
		}
	}
	return append(figures, figure{"c_age_error_s", float64(m.ages.WorstPauseS)})
}

func (m *cMetrics) peakFigures() []figure {
	var figures []figure
	live, rss := m.sources.getPeaksC()
	if !live.Time.IsZero() {
		figures = append(figures, figure{"c_peak_live_bytes", live.LiveBytes})
	}
	if !rss.Time.IsZero() {
		figures = append(figures, figure{"c_peak_rss_bytes", float64(rss.RSSBytes)})
	}
	return figures
}

// allocatorFigures reports so in a period without a query, or readers would carry the last figures forward.
func (m *cMetrics) allocatorFigures() []figure {
	stats := m.allocator.ask(m.sources)
	m.allocator.stats, m.allocator.tried = nil, false
	if stats == nil {
		return []figure{{"c_allocator_left_out", 1}}
	}
	if stats.MappedBytes == 0 && stats.ResidentBytes == 0 {
		return nil // the allocator has no statistics
	}
	return []figure{
		{"c_allocator_left_out", 0},
		{"c_allocator_in_use_bytes", float64(stats.InUseBytes)},
		{"c_allocator_mapped_bytes", float64(stats.MappedBytes)},
		{"c_allocator_resident_bytes", float64(stats.ResidentBytes)},
		{"c_allocator_retained_bytes", float64(stats.RetainedBytes)},
		{"c_allocator_fragmentation_bytes", float64(stats.FragmentationBytes)},
	}
}
