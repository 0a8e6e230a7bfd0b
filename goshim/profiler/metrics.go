package profiler

import (
	"encoding/json"
	"math"
	"runtime"
	"time"
)

// metrics reports metrics of the Go runtime between two reports, under the names that dd-trace-go uses.
type metrics struct {
	at         time.Time
	stats      runtime.MemStats
	goroutines int // not in MemStats
}

func (m *metrics) reset() {
	m.at = time.Now()
	m.goroutines = runtime.NumGoroutine()
	runtime.ReadMemStats(&m.stats)
}

// report returns a JSON array of [name, value], Go's metrics before C's.
func (m *metrics) report(ofC []figure) ([]byte, error) {
	before := *m
	m.reset()
	elapsed := m.at.Sub(before.at)
	type point [2]any
	var points []point
	all := append(figures(&before.stats, &m.stats, elapsed, before.at), figure{"go_num_goroutine", float64(m.goroutines)})
	for _, figure := range append(all, ofC...) {
		if !math.IsNaN(figure.value) && !math.IsInf(figure.value, 0) { // not valid in JSON; two reports at the same instant divide by 0
			points = append(points, point{figure.name, figure.value})
		}
	}
	return json.Marshal(points)
}

type figure struct {
	name  string
	value float64
}

func figures(before, now *runtime.MemStats, elapsed time.Duration, since time.Time) []figure {
	perSecond := func(now, before uint64) float64 { return float64(int64(now-before)) / elapsed.Seconds() }
	return []figure{
		{"go_alloc_bytes_per_sec", perSecond(now.TotalAlloc, before.TotalAlloc)},
		{"go_allocs_per_sec", perSecond(now.Mallocs, before.Mallocs)},
		{"go_frees_per_sec", perSecond(now.Frees, before.Frees)},
		{"go_heap_growth_bytes_per_sec", perSecond(now.HeapAlloc, before.HeapAlloc)},
		{"go_gcs_per_sec", perSecond(uint64(now.NumGC), uint64(before.NumGC))},
		{"go_gc_pause_time", float64(now.PauseTotalNs-before.PauseTotalNs) / float64(elapsed)}, // fraction of time
		{"go_max_gc_pause_time", float64(longestPauseNs(now, before.NumGC, since))},
	}
}

// longestPauseNs looks at the collections since number before; the runtime keeps the last 256.
func longestPauseNs(stats *runtime.MemStats, before uint32, since time.Time) uint64 {
	var longest uint64
	known := uint32(len(stats.PauseNs))
	for i := uint32(0); i < min(stats.NumGC-before, known); i++ {
		slot := (stats.NumGC - 1 - i) % known
		if int64(stats.PauseEnd[slot]) < since.UnixNano() {
			break
		}
		longest = max(longest, stats.PauseNs[slot])
	}
	return longest
}
