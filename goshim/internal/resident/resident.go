//go:build linux && (amd64 || arm64) && cgo

// Package resident holds what the profiler found last of the resident memory, for those who show it without taking it themselves: walking all pages
// takes milliseconds.
package resident

import (
	"sync/atomic"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// Memory is a breakdown, and when it was made. It must not be changed.
type Memory struct {
	Figures *cmemprof.MemoryFigures
	At      time.Time
}

var last atomic.Pointer[Memory]

// Keep replaces what was kept.
func Keep(figures *cmemprof.MemoryFigures) { last.Store(&Memory{figures, time.Now()}) }

// Last returns what was kept, or nil.
func Last() *Memory { return last.Load() }
