//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler/internal/sharedlimit"
)

// processLimit makes GOMEMLIMIT a limit of the process: what C and others hold is taken off Go's share, so that Go's collector makes room before
// the kernel kills. Package sharedlimit decides; this file reads, sets and says.
type processLimit struct {
	sources  sources
	messages *onceLog

	mu     sync.Mutex
	policy *sharedlimit.Policy // guarded by mu; nil: there is nothing to keep. Set to nil by look alone
	ended  bool                // Go has its own limit again; guarded by mu
	last   sharedlimit.Figures // at the last look; guarded by mu
	gc     gcShare             // guarded by mu

	saidLowered, saidFloor bool // guarded by mu
}

// tenthsOfCgroup of the cgroup's limit are the process's if GOMEMLIMIT is not set: the rest is for the kernel's memory and page cache.
const tenthsOfCgroup = 9

// noMemoryLimit is Go's word for none.
const noMemoryLimit = math.MaxInt64

// run looks at memory until exit is closed.
func (l *processLimit) run(exit <-chan struct{}) {
	for !isClosed(exit) {
		l.sources.sleepLimit(l.look(), exit)
	}
}

// begin returns false if there is no limit to keep.
func (l *processLimit) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.sources.setGoLimit(-1)
	whole := own
	if whole == noMemoryLimit {
		if limit := l.sources.cgroupLimit(); limit < noMemoryLimit {
			whole = int64(limit / 10 * tenthsOfCgroup)
		}
	}
	if whole == noMemoryLimit {
		l.messages.warn("no limit", "cmemprof: the process's memory limit is not kept: GOMEMLIMIT is not set, and there is no cgroup with a limit")
		return false
	}
	l.policy = sharedlimit.New(own, whole)
	return true
}

// look returns the time until the next one. A collection is not waited for by who ends or reports.
func (l *processLimit) look() time.Duration {
	step, at := l.decide()
	if step.Collect {
		began := time.Now()
		l.sources.freeGoMemory()
		took := time.Since(began)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.policy.Collected(at.Add(took), took)
	}
	return step.Wait
}

// decide looks, and sets Go's limit.
func (l *processLimit) decide() (step sharedlimit.Step, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := sharedlimit.Step{Wait: time.Hour}
	if l.policy == nil || l.ended {
		return idle, at
	}
	f, ok := l.sources.limitFigures()
	if !ok {
		l.messages.warn("limit figures", "cmemprof: the process's memory limit is not kept: /proc/self/status cannot be read")
		l.restore()
		l.policy = nil // nothing is reported of it either
		return idle, at
	}
	l.last = f
	if f.GoLimit != l.policy.InForce() {
		l.policy.Adopt(f.GoLimit)
	}
	step = l.policy.Step(f)
	if step.Limit != f.GoLimit {
		if before := l.sources.setGoLimit(step.Limit); before != f.GoLimit {
			l.sources.setGoLimit(before) // the program has set another one meanwhile
			l.policy.Adopt(before)
			step.Collect = false
			return step, at
		}
	}
	l.say(step, f)
	return step, f.At
}

// say tells what was done for the first time, and the first time that it was not enough.
func (l *processLimit) say(step sharedlimit.Step, f sharedlimit.Figures) {
	const mb = 1 << 20
	if step.Limit < l.policy.Whole() && !l.saidLowered {
		l.saidLowered = true
		say(slog.LevelInfo, fmt.Sprintf("cmemprof: Go's memory limit is lowered to %d MB: of the process's %d MB C and others hold %d MB. "+
			"The metric go_memory_limit_bytes follows it", step.Limit/mb, l.policy.Whole()/mb, f.Other()/mb))
	}
	if step.AtFloor && !l.saidFloor {
		l.saidFloor = true
		say(slog.LevelWarn, fmt.Sprintf("cmemprof: C and others hold %d MB of the process's %d MB, and Go's live memory does not fit into the rest: "+
			"Go's memory limit stays at %d MB, so that its collector does not run all the time; the process may exceed its limit",
			f.Other()/mb, l.policy.Whole()/mb, step.Limit/mb))
	}
}

// end gives Go its own limit back, unless the program has set another one.
func (l *processLimit) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.restore()
}

func (l *processLimit) restore() {
	if l.policy == nil || l.ended {
		return
	}
	if before := l.sources.setGoLimit(l.policy.Own()); before != l.policy.InForce() {
		l.sources.setGoLimit(before)
	}
	l.ended = true
}

// report returns the metrics of a period, also of the one that Stop ended.
func (l *processLimit) report() []figure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.policy == nil {
		return nil
	}
	figures := []figure{{"go_memory_limit_bytes", float64(l.policy.InForce())}, {"go_memory_limit_process_bytes", float64(l.policy.Whole())}}
	if l.last.Process == 0 {
		return figures // not looked yet
	}
	figures = append(figures, figure{"go_memory_limit_others_bytes", float64(l.last.Other())})
	if share, ok := l.gc.next(l.last.GCSeconds, l.last.CPUSeconds); ok {
		figures = append(figures, figure{"go_gc_cpu_time", share})
	}
	return figures
}

// gcShare is the collector's share of the CPU time that the program used between two reports.
type gcShare struct{ gc, cpu float64 }

func (g *gcShare) next(gc, cpu float64) (share float64, ok bool) {
	before := *g
	g.gc, g.cpu = gc, cpu
	if cpu <= before.cpu {
		return 0, false // no collection has ended since
	}
	return (gc - before.gc) / (cpu - before.cpu), true
}
