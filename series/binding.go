// Package series says what the memory of a process, by cause over time, amounts to: a leak, memory that is kept free, or no trouble.
//
// The rules are the C code of this folder (memory_verdict.h).
package series

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
#include "memory_verdict.h"

enum { MAX_POINTS = TREND_MAX_POINTS, FIGURES = MEMORY_FIGURE_COUNT };

// points: of figure i from i * MAX_POINTS on, counts[i] of them. Returns the most important verdict.
static struct memory_verdict first_verdict(const struct series_point *points, const size_t *counts) {
    struct memory_series series[MEMORY_FIGURE_COUNT];
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    for (size_t i = 0; i < MEMORY_FIGURE_COUNT; i++) {
        series[i] = (struct memory_series){points + i * TREND_MAX_POINTS, counts[i]};
    }
    return memory_verdicts(series, verdicts) > 0 ? verdicts[0] : (struct memory_verdict){.kind = VERDICT_NONE, .figure = MEMORY_RSS};
}
*/
import "C"

import (
	"embed"
	"sync"
	"time"
)

// cmd/go rebuilds a package when a file of its own directory changes. Other packages include these headers: embedding makes them depend on it.
//
//go:embed *.h
var _ embed.FS

// Verdict is what a process's memory amounts to. Its numbers are those of c_verdict in metrics.json (docs/memory.md).
type Verdict int

// String returns the verdict's name, such as "leak".
func (v Verdict) String() string { return C.GoString(C.memory_verdict_name(uint32(v))) }

// MaxPoints is the number of points of each figure that Memory keeps: the newest.
const MaxPoints = C.MAX_POINTS

// Memory keeps the newest points of the figures that a verdict needs. The zero value is empty. Not safe for concurrent use.
type Memory struct {
	points [C.FIGURES * MaxPoints]C.struct_series_point
	counts [C.FIGURES]C.size_t
}

var figureOf = sync.OnceValue(func() map[string]int {
	figures := map[string]int{}
	for i := range int(C.FIGURES) {
		figures[C.GoString(C.memory_figure_name(uint32(i)))] = i
	}
	return figures
})

// Add adds a point of a figure, named as in metrics.json ("memory_rss_bytes"); others are ignored. Points come in the order of time.
func (m *Memory) Add(name string, at time.Time, value float64) {
	figure, ok := figureOf()[name]
	if !ok {
		return
	}
	points := m.points[figure*MaxPoints : (figure+1)*MaxPoints]
	if m.counts[figure] == MaxPoints {
		copy(points, points[1:])
		m.counts[figure]--
	}
	points[m.counts[figure]] = C.struct_series_point{ms: C.int64_t(at.UnixMilli()), value: C.double(value)}
	m.counts[figure]++
}

// Verdict returns the most important verdict and the bytes it is about: the rise of what grows, the level of what is kept.
func (m *Memory) Verdict() (Verdict, float64) {
	verdict := C.first_verdict(&m.points[0], &m.counts[0])
	return Verdict(verdict.kind), float64(verdict.bytes)
}
