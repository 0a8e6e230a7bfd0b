//go:build linux && (amd64 || arm64) && cgo

// Package allocator asks C's allocator for its figures, for all of this process that want them.
//
// glibc counts its free blocks under the locks that malloc takes: a tenth of a second for a million of them, in which the program waits. It has no
// cheaper figure. So the answer is kept, one caller asks at a time, and asking may take 1/10,000 of the time.
package allocator

import (
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/seldom"
)

// Requests may hold up the program for so long.
const cheap = time.Millisecond

// Answer is what the allocator said at a time; the zero Answer: nothing yet.
type Answer struct {
	Stats cmemprof.AllocatorStats
	At    time.Time
}

// Asker keeps the last answer. Use by several goroutines is safe.
type Asker struct {
	ask func() cmemprof.AllocatorStats

	mu    sync.Mutex   // held while asking
	last  Answer       // guarded by mu, as the following
	limit seldom.Limit // of asking
}

// New returns an Asker of this function.
func New(ask func() cmemprof.AllocatorStats) *Asker { return &Asker{ask: ask} }

// Process is the Asker of this process's allocator.
var Process = New(cmemprof.GetAllocatorStats)

// Recent returns a new answer, or the last one if it is too early to ask.
func (a *Asker) Recent() Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.recent()
}

// Cheap is Recent for whoever may ask as often as he likes: it does not ask if that took more than a millisecond the last time.
func (a *Asker) Cheap() Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limit.Cost > cheap {
		return a.last
	}
	return a.recent()
}

func (a *Asker) recent() Answer {
	a.limit.Do(func() { a.last = Answer{At: time.Now(), Stats: a.ask()} })
	return a.last
}
