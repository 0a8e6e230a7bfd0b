// Package sharedlimit decides which memory limit Go gets in a process whose memory is limited as a whole.
//
//	limit of the process (GOMEMLIMIT)   ├──────────── others ────────────┤───────────── Go's limit ─────────────┤
//	what Go's limit must hold, at least                          floor:  ├ fixed ┤── live ──┤─ room to collect ─┤
//
// Others is what only the process can give back and Go does not count: C's heap with what its allocator keeps, mappings, thread stacks, the
// program's data. It is measured as the process's anonymous, shared and swapped memory minus what Go has mapped and not returned, and not as C's
// live bytes: those are an estimate from samples, know nothing of what an allocator keeps or of other allocators' mappings, and the kernel kills for
// pages. Memory that Go has mapped and never written to makes others look smaller by as much as Go's count is larger, so the sum is right; once it
// is written to, the next look sees it.
//
// Floor: with little room above what is live the collector runs all the time. Room is a quarter of what it scans, which is a collection four times
// as often as with GOGC=100, and is doubled while collections take more than two fifths of the CPU time that the program uses, up to GOGC=100's. Below
// the floor the process may exceed its limit: that is said, and no worse than without.
//
// Hysteresis: lowered when a 64th of the whole is at stake, raised when a 16th has been free for ten seconds, or to the floor at once.
//
// Not safe for concurrent use.
package sharedlimit

import "time"

// Figures are read at one moment, in bytes.
type Figures struct {
	At         time.Time
	GoLimit    int64  // as it is set
	Process    uint64 // memory that only the process can give back
	Go         uint64 // mapped by Go and not returned: what its limit counts
	Fixed      uint64 // of Go: neither objects nor free
	Live       uint64 // objects that the last collection found in use
	Stacks     uint64 // of goroutines: scanned as well
	GCSeconds  float64
	CPUSeconds float64 // used by the program, with GCSeconds; both are brought up to date when a collection ends
}

// Other returns what Go does not count.
func (f Figures) Other() uint64 { return max(f.Process, f.Go) - f.Go }

// Step is what to do.
type Step struct {
	Limit   int64
	AtFloor bool
	Collect bool // collect and return memory to the kernel: Go has not come down to its limit by itself
	Wait    time.Duration
}

const (
	leastRoom    = 4 << 20 // Go's own smallest heap
	headroom     = 32      // of a goal under a limit Go's pacer keeps 3 % free
	lowerBy      = 64      // parts of the whole
	raiseBy      = 16
	raiseAfter   = 10 * time.Second
	tooMuchGC    = 0.40
	littleGC     = 0.15
	judgedAfter  = 1.0     // seconds of CPU time
	fastest      = 2 << 30 // half of what is left is seen going at 1 GiB/s
	shortestWait = 20 * time.Millisecond
	longestWait  = 2 * time.Second
	collectAfter = 250 * time.Millisecond
	seldom       = 20 // a collection that took t is not repeated for 20 t
)

// Policy is the state. Use New.
type Policy struct {
	own, whole, inForce int64
	room                float64 // of what is scanned
	gc, cpu             float64 // when the share of collections was judged last
	judged              bool
	higherSince         time.Time // zero: there is no room to raise the limit
	overSince           time.Time // zero: Go keeps its limit
	nextCollection      time.Time
}

// New returns a policy for a process that may use whole bytes, while Go has a limit of its own.
func New(own, whole int64) *Policy { return &Policy{own: own, whole: whole, inForce: own, room: 0.25} }

// InForce is the limit that Go should have now, Whole that of the process, Own what Go gets back at the end.
func (p *Policy) InForce() int64 { return p.inForce }
func (p *Policy) Whole() int64   { return p.whole }
func (p *Policy) Own() int64     { return p.own }

// Adopt takes a limit that the program has set for the process's.
func (p *Policy) Adopt(limit int64) {
	p.own, p.whole, p.inForce, p.higherSince = limit, limit, limit, time.Time{}
}

// Collected says that the collection which Step asked for ended now and took so long.
func (p *Policy) Collected(now time.Time, took time.Duration) {
	p.nextCollection = now.Add(max(seldom*took, time.Second))
}

// Step decides.
func (p *Policy) Step(f Figures) Step {
	floor := p.floor(f)
	wanted := p.whole - int64(min(f.Other(), uint64(p.whole)))
	atFloor := wanted < floor
	wanted = min(max(wanted, floor), p.whole)
	p.judge(f, atFloor)
	switch {
	case wanted <= p.inForce-p.whole/lowerBy, p.inForce > p.whole, p.inForce < min(floor, p.whole):
		p.inForce, p.higherSince = wanted, time.Time{}
	case wanted < p.inForce+p.whole/raiseBy && !(wanted == p.whole && p.inForce < p.whole):
		p.higherSince = time.Time{}
	case p.higherSince.IsZero():
		p.higherSince = f.At
	case f.At.Sub(p.higherSince) >= raiseAfter:
		p.inForce, p.higherSince = wanted, time.Time{}
	}
	return Step{Limit: p.inForce, AtFloor: atFloor, Collect: p.collect(f), Wait: p.wait(f)}
}

func (p *Policy) floor(f Figures) int64 {
	scanned := float64(f.Live + f.Stacks)
	heap := float64(f.Live) + max(leastRoom, p.room*scanned)
	return int64(float64(f.Fixed) + heap + heap/headroom)
}

// judge widens the room while collections cost too much, and narrows it when they no longer do.
func (p *Policy) judge(f Figures, atFloor bool) {
	used := f.CPUSeconds - p.cpu
	if p.judged && used < judgedAfter {
		return
	}
	share := (f.GCSeconds - p.gc) / used
	switch {
	case !p.judged:
	case share > tooMuchGC && atFloor:
		p.room = min(2*p.room, 1)
	case share < littleGC:
		p.room = max(p.room/2, 0.25)
	}
	p.gc, p.cpu, p.judged = f.GCSeconds, f.CPUSeconds, true
}

// collect: Go's collector starts with an allocation. A program that does not allocate, or whose free memory waits to be returned, stays above its limit.
func (p *Policy) collect(f Figures) bool {
	slack := uint64(p.whole / lowerBy)
	over := f.Go > uint64(p.inForce)+slack && f.Go > f.Fixed+f.Live+slack // the second: there is something to gain
	if !over {
		p.overSince = time.Time{}
		return false
	}
	if p.overSince.IsZero() {
		p.overSince = f.At
	}
	return f.At.Sub(p.overSince) >= collectAfter && !f.At.Before(p.nextCollection)
}

func (p *Policy) wait(f Figures) time.Duration {
	left := uint64(p.whole) - min(f.Process, uint64(p.whole))
	return min(max(time.Duration(float64(left)/fastest*float64(time.Second)), shortestWait), longestWait)
}
