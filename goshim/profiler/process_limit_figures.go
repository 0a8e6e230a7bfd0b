//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"math"
	runtimemetrics "runtime/metrics"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler/internal/sharedlimit"
)

// Places of figures in limitMetrics.
const (
	goLimit = iota
	mappedByGo
	returned
	objects
	free
	liveObjects
	stacks
	gcSeconds
	gcIdleSeconds
	cpuSeconds
	idleSeconds
	numLimitMetrics
)

var limitMetrics = [numLimitMetrics]string{
	goLimit:       "/gc/gomemlimit:bytes",
	mappedByGo:    "/memory/classes/total:bytes",
	returned:      "/memory/classes/heap/released:bytes",
	objects:       "/memory/classes/heap/objects:bytes",
	free:          "/memory/classes/heap/free:bytes",
	liveObjects:   "/gc/heap/live:bytes",
	stacks:        "/memory/classes/heap/stacks:bytes",
	gcSeconds:     "/cpu/classes/gc/total:cpu-seconds",
	gcIdleSeconds: "/cpu/classes/gc/mark/idle:cpu-seconds",
	cpuSeconds:    "/cpu/classes/total:cpu-seconds",
	idleSeconds:   "/cpu/classes/idle:cpu-seconds",
}

// readLimitFigures does not stop the program. Collections on processors that are idle cost the program nothing.
func readLimitFigures() (sharedlimit.Figures, bool) {
	var samples [numLimitMetrics]runtimemetrics.Sample
	for i, name := range limitMetrics {
		samples[i].Name = name
	}
	process := cmemprof.MemoryKept()
	runtimemetrics.Read(samples[:])
	bytes := func(i int) uint64 { return samples[i].Value.Uint64() }
	seconds := func(i int) float64 { return samples[i].Value.Float64() }
	mapped := bytes(mappedByGo) - bytes(returned)
	return sharedlimit.Figures{
		At:         time.Now(),
		GoLimit:    int64(bytes(goLimit)),
		Process:    process,
		Go:         mapped,
		Fixed:      mapped - min(bytes(objects)+bytes(free), mapped),
		Live:       bytes(liveObjects),
		Stacks:     bytes(stacks),
		GCSeconds:  seconds(gcSeconds) - seconds(gcIdleSeconds),
		CPUSeconds: seconds(cpuSeconds) - seconds(idleSeconds) - seconds(gcIdleSeconds),
	}, process != math.MaxUint64
}
