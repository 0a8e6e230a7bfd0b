//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"slices"
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

// request asks for a batch before the period is over.
type request struct {
	trigger string // the tag of the batch: "memory", "request"; "": Stop
	kept    *upload.Kept
}

// requests are those that the collecting goroutine has not taken yet.
type requests struct {
	mu      sync.Mutex
	waiting []request     // guarded by mu, as the following
	wake    chan struct{} // closed while there are any
	closed  bool          // no more periods
	asked   time.Time     // when a batch was last taken that was asked for
	pause   time.Duration // until the next one may be
}

func newRequests(pause time.Duration) *requests {
	return &requests{wake: make(chan struct{}), pause: pause}
}

// early returns how long a batch may not be asked for yet; 0: it may. One that waits already is no second one.
func (r *requests) early() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked.IsZero() || slices.ContainsFunc(r.waiting, isAsked) {
		return 0
	}
	return max(0, r.pause-time.Since(r.asked))
}

func isAsked(q request) bool { return q.trigger == triggerRequest }

// add ends the running period. It returns false if none will end any more.
func (r *requests) add(q request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if len(r.waiting) == 0 {
		close(r.wake)
	}
	r.waiting = append(r.waiting, q)
	return true
}

func (r *requests) woken() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wake
}

// take returns the requests that the batch to be taken now answers.
func (r *requests) take() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.waiting
	if slices.ContainsFunc(taken, isAsked) {
		r.asked = time.Now()
	}
	if len(taken) > 0 {
		r.waiting, r.wake = nil, make(chan struct{})
	}
	return taken
}

func (r *requests) close() []request {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return r.take()
}

// triggerOf is the tag of a batch that answers the requests: memory's comes first.
func triggerOf(requests []request) (trigger string) {
	for _, q := range requests {
		if q.trigger != "" && trigger != triggerMemory {
			trigger = q.trigger
		}
	}
	return trigger
}
