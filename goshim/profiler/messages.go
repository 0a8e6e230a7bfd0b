//go:build linux && amd64 && cgo

package profiler

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// onceLog logs the first message of each kind. What happens every period must not fill a service's log.
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

// warnAfterFailures failures in a row the log says that batches wait: a server that restarts is back by then, and nothing was lost.
const warnAfterFailures = 3

// failureLog logs two lines for each time that sending fails: one when it begins, one when it works again.
type failureLog struct {
	address, spool string
	losses         atomic.Uint64 // batches lost so far
	mu             sync.Mutex
	failures       int    // in a row; guarded by mu
	said           bool   // guarded by mu
	before         uint64 // losses when it last worked; guarded by mu
}

// waits: a batch could not be sent, and is tried again later. A refusal is said at once.
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

// lost: a batch is no more. It is among losses already.
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
