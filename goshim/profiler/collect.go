//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/cmemprof/cmemprof/goshim/internal/cprofilers"
	"github.com/cmemprof/cmemprof/upload"
)

// collector takes the profiles of consecutive periods. It belongs to one goroutine, except startC, which is called before that goroutine starts.
type collector struct {
	cfg        *config
	sources    sources
	messages   *onceLog
	deltas     map[ProfileType]delta
	metrics    metrics
	cMetrics   cMetrics
	memory     memoryMetrics
	verdict    memoryVerdict
	limit      *processLimit
	cHeap      cprofilers.Heap   // nil: C's heap is not profiled
	cPeriod    cprofilers.Period // a third-party profiler without CHeapProfiler; nil: none
	cRuns      bool              // cPeriod has been started
	totalsC    []int64           // of C's heap profile of this period (cMetrics); nil: it failed
	thisCAt    time.Time         // when that was requested
	thisGo     []byte            // Go's heap profile of this period; nil if it failed
	cpuFigures []figure          // of this period's CPU profile
	cpu        *cpuProfiling     // nil: no CPU profile is running
	trace      *tracer           // nil: no execution trace is running
	tracesC    bool              // C functions are in the CPU profile

	interval   atomic.Int64                     // of sampling C allocations; 0: off
	wantedRate atomic.Pointer[int64]            // for applyRate; nil: nothing new
	live       atomic.Pointer[liveHeapProfiler] // cHeap, if it can give C's live heap alone
}

func newCollector(c *config, s sources, messages *onceLog) *collector {
	k := &collector{cfg: c, sources: s, messages: messages, deltas: map[ProfileType]delta{},
		cMetrics: cMetrics{sources: s}, memory: memoryMetrics{sources: s, noID: c.leftOut[ReportContainer]}, limit: &processLimit{sources: s, messages: messages}}
	k.metrics.reset()
	k.interval.Store(c.cInterval)
	for t := range c.types {
		if types := c.deltaOf(t); types != nil || t == HeapProfile { // without types it joins C's heap with Go's
			k.deltas[t] = s.newDelta(c.compression.ofDelta(), types...)
		}
	}
	return k
}

// cOwner is the collector that C is sampled for. A collector that Stop abandoned, and that ends late, must not stop its successor's sampling.
var cOwner atomic.Pointer[collector]

// startC starts sampling C allocations. If that fails, Go's profiles continue.
func (k *collector) startC() {
	c := cprofilers.Get()
	if !k.cfg.types[HeapProfile] || k.interval.Load() == 0 || c == nil {
		return
	}
	heap, isHeap := c.(cprofilers.Heap)
	if !isHeap {
		k.cPeriod = c
		return
	}
	k.cMetrics.reset()
	if err := k.sources.setLabelsC(k.cfg.cLabels...); err != nil {
		k.messages.warn("labels", err.Error())
	}
	if err := contained(func() error { return heap.StartHeap(k.interval.Load()) }); err != nil {
		k.messages.warn("start C", fmt.Sprintf("cmemprof: C allocations are not profiled, Go's are: %v", err))
		return
	}
	if err := k.sources.labelsErrorC(); err != nil {
		k.messages.warn("no labels", err.Error())
	}
	if _, err := os.Readlink("/proc/self/exe"); err != nil {
		k.messages.warn("no proc", fmt.Sprintf("cmemprof: there is no /proc here (%v), so the program's C functions are only named if its file is "+
			"still at the path it was started from", err))
	}
	k.cHeap = heap
	if live, ok := underlying(heap).(liveHeapProfiler); ok {
		k.live.Store(&live)
	}
	cOwner.Store(k)
	k.startTraceback()
}

// underlying is what somebody has registered by package extensions.
func underlying(heap cprofilers.Heap) any {
	if wrapped, ok := heap.(interface{ Underlying() any }); ok {
		return wrapped.Underlying()
	}
	return heap
}

// evictC evicts stacks with no live samples if the stack table is nearly full, lets samples age and looks for a peak. Called about once a second.
func (k *collector) evictC() {
	if k.cHeap != nil {
		k.sources.evictC()
	}
}

// close stops everything that is still running.
func (k *collector) close() {
	if k.cHeap != nil && cOwner.CompareAndSwap(k, nil) {
		_ = contained(func() error { k.cHeap.StopHeap(); return nil })
	}
	_, _ = k.stopPeriodC()
	k.stopTraceback()
	if k.cpu != nil {
		_ = contained(func() error { k.sources.stopCPU(); return nil })
	}
	if k.trace != nil {
		_, _ = k.trace.stop()
	}
	for _, d := range k.deltas {
		d.Close()
	}
}

// begin starts what runs for a whole period.
func (k *collector) begin(seq uint64) {
	k.sources.begin(seq)
	if interval := k.interval.Load(); k.cPeriod != nil && k.cfg.delta && interval > 0 {
		err := contained(func() error { k.cPeriod.Start(int(interval)); return nil })
		k.cRuns = err == nil
	}
	if !k.cfg.trace.due(seq == 0, k.cfg.period) {
		return
	}
	k.try(executionTrace, func() (err error) {
		k.trace, err = startTrace(k.sources, k.cfg.trace.limitBytes, k.cfg.cpuRateHz)
		return err
	})
}

// due: the first period always, since start-up is unlike the rest; then at random, so that instances do not all trace at the same time.
func (t traceConfig) due(first bool, period time.Duration) bool {
	return t.enabled && (first || rand.Float64()*float64(t.period) < float64(period))
}

// collect takes all enabled profiles. The CPU profile ends after those that cost, but comes first in the batch; what it lacks is a metric.
func (k *collector) collect() []upload.Attachment {
	taken := map[ProfileType][]byte{}
	k.totalsC, k.thisGo, k.cpuFigures = nil, nil, nil
	for _, t := range profileOrder {
		if t == MetricsProfile && k.cpu != nil {
			k.try(CPUProfile, func() error { taken[CPUProfile] = k.takeCPU(); return nil })
			k.cfg.timing("collect_time", k.cfg.cpuDuration, CPUProfile)
		}
		if !k.takes(t) {
			continue
		}
		begin := time.Now()
		k.try(t, func() (err error) {
			taken[t], err = k.take(t)
			return err
		})
		k.cfg.timing("collect_time", time.Since(begin), t)
	}
	var attachments []upload.Attachment
	for _, t := range profileOrder {
		if len(taken[t]) > 0 {
			k.try(t, func() error {
				a, err := k.cfg.attachment(t, taken[t])
				if err == nil {
					a.Bytes = k.packed(t, a.Bytes)
					attachments = append(attachments, a)
				}
				return err
			})
		}
	}
	return attachments
}

func (k *collector) takes(t ProfileType) bool {
	switch t {
	case CPUProfile:
		return false
	case executionTrace:
		return k.trace != nil
	case peakProfile:
		return k.cHeap != nil && k.sources.peaksC != nil
	case memoryProfile:
		return k.cHeap != nil && k.cfg.memory && k.sources.memory != nil
	}
	return k.cfg.types[t]
}

// packed compresses as configured. If compression fails, it returns bytes unchanged.
func (k *collector) packed(t ProfileType, bytes []byte) []byte {
	if k.cfg.compression.algorithm == "" {
		return bytes
	}
	k.try(t, func() error {
		packed, err := k.sources.compress(bytes, k.cfg.compression)
		if err == nil {
			bytes = packed
		}
		return err
	})
	return bytes
}

// try runs f and counts its failure. The first failure of each type is logged.
func (k *collector) try(t ProfileType, f func() error) {
	if err := contained(f); err != nil {
		counters.profilesFailed.Add(1)
		k.cfg.count("collect_error", 1, k.cfg.typeTags(t)...)
		k.messages.warn("collect "+t.String(), fmt.Sprintf("cmemprof: the %s profile cannot be taken and is left out: %v", t, err))
	}
}

func (k *collector) take(t ProfileType) ([]byte, error) {
	switch t {
	case MetricsProfile:
		ofC := k.limit.report()
		if k.cHeap != nil {
			ofMemory := k.memory.report(k.cMetrics.allocator.stats)
			ofC = append(append(ofC, k.cMetrics.report(k.totalsC, k.thisCAt)...), ofMemory...)
			ofC = append(ofC, k.verdict.report(time.Now(), ofMemory)...)
		}
		return k.metrics.report(append(ofC, k.cpuFigures...))
	case peakProfile:
		if live, rss := k.sources.getPeaksC(); live.Time.IsZero() && rss.Time.IsZero() {
			return nil, nil // without /proc, and nothing was live yet
		}
		return k.sources.peaksC()
	case memoryProfile:
		return k.takeMemory()
	case waitProfile:
		return k.takeWait()
	case executionTrace:
		t := k.trace
		k.trace = nil
		return t.stop()
	}
	var buffer bytes.Buffer
	if err := k.sources.lookup(t.lookupName(), &buffer); err != nil {
		return nil, err
	}
	total := buffer.Bytes()
	if t == HeapProfile && k.cHeap != nil {
		k.thisGo = total
	} else if k.cfg.deltaOf(t) == nil {
		return total, nil
	}
	begin := time.Now()
	changed, err := k.changed(t, total)
	if err == nil && t == HeapProfile && k.cRuns {
		changed = k.withPeriodC(changed)
	}
	k.cfg.timing("delta_time", time.Since(begin), t)
	return changed, err
}

func (k *collector) changed(t ProfileType, total []byte) ([]byte, error) {
	if t == HeapProfile && k.cHeap != nil {
		return k.withC(total)
	}
	return k.deltas[t].Next(total)
}

// takeWait fails if there are too many goroutines: listing them stops the program.
func (k *collector) takeWait() ([]byte, error) {
	if n := runtime.NumGoroutine(); n > k.cfg.waitMaxGoroutines {
		return nil, fmt.Errorf("%d goroutines are more than DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES, %d", n, k.cfg.waitMaxGoroutines)
	}
	var text bytes.Buffer
	if err := k.sources.listGoroutines(&text); err != nil {
		return nil, err
	}
	return waitProfileOf(text.Bytes(), time.Now())
}
