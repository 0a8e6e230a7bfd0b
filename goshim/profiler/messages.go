//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// onceLog logs only the first message of each kind, so that recurring faults do not fill a service's log.
type onceLog struct {
	mu   sync.Mutex
	said map[string]bool // guarded by mu
}

func (l *onceLog) warn(kind, message string) {
	l.mu.Lock()
	first := !l.said[kind]
	if l.said == nil {
		l.said = map[string]bool{}
	}
	l.said[kind] = true
	l.mu.Unlock()
	if first {
		say(slog.LevelWarn, message)
	}
}

// warnAfterFailures consecutive failures are logged; before that, nothing is lost, and a restarting server is back.
const warnAfterFailures = 3

// failureLog logs two lines per outage: one when sending starts to fail, one when it works again.
type failureLog struct {
	address, spool string
	losses         atomic.Uint64 // batches lost so far
	mu             sync.Mutex
	failures       int    // consecutive; guarded by mu
	said           bool   // the outage was logged; guarded by mu
	before         uint64 // losses at the last success; guarded by mu
}

// waits reports a batch that will be retried. A refusal is logged at once.
func (l *failureLog) waits(cause string, refusal bool) {
	what := "the last five wait in memory until it answers"
	if l.spool != "" {
		what = "they wait in " + l.spool + " until it answers"
	}
	patience := warnAfterFailures
	if refusal {
		patience = 1
	}
	l.failed(cause, what, patience)
}

// lost reports a lost batch, which is already counted in losses.
func (l *failureLog) lost(cause string) { l.failed(cause, "they are dropped until it answers", 1) }

func (l *failureLog) failed(cause, what string, patience int) {
	l.mu.Lock()
	l.failures++
	first := !l.said && l.failures >= patience
	l.said = l.said || first
	l.mu.Unlock()
	if first {
		say(slog.LevelWarn, fmt.Sprintf("cmemprof: profiles cannot be sent to %s: %s; %s", l.address, cause, what))
	}
}

func (l *failureLog) works() {
	l.mu.Lock()
	losses := l.losses.Load()
	again, lost := l.said, losses-l.before
	l.said, l.failures, l.before = false, 0, losses
	l.mu.Unlock()
	if again {
		say(slog.LevelInfo, fmt.Sprintf("cmemprof: profiles reach %s again; %d batches were lost", l.address, lost))
	}
}
