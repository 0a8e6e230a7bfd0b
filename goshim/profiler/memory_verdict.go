//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"time"

	"github.com/cmemprof/cmemprof/series"
)

// memoryVerdict judges the memory figures of the newest periods (docs/memory.md).
type memoryVerdict struct{ memory series.Memory }

// report adds a period's figures. It returns what they amount to, or nothing for a period without figures.
func (v *memoryVerdict) report(at time.Time, figures []figure) []figure {
	if len(figures) == 0 {
		return nil
	}
	for _, f := range figures {
		v.memory.Add(f.name, at, f.value)
	}
	verdict, bytes := v.memory.Verdict()
	return []figure{{"c_verdict", float64(verdict)}, {"c_verdict_bytes", bytes}}
}
