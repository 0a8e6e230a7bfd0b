package profiler

import (
	"fmt"
	"log/slog"
	"sync"
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
		slog.Warn(message)
	}
}

// failureLog logs two lines for each time that sending fails: one when it begins, one when it works again.
type failureLog struct {
	address string
	mu      sync.Mutex
	failing bool   // guarded by mu
	batches uint64 // lost since it began; guarded by mu
}

func (l *failureLog) lost(cause error) {
	l.mu.Lock()
	first := !l.failing
	l.failing = true
	l.batches++
	l.mu.Unlock()
	if first {
		slog.Warn(fmt.Sprintf("cmemprof: profiles cannot be sent to %s: %s; they are dropped until it answers", l.address, describe(cause)))
	}
}

func (l *failureLog) works() {
	l.mu.Lock()
	batches, again := l.batches, l.failing
	l.failing, l.batches = false, 0
	l.mu.Unlock()
	if again {
		slog.Info(fmt.Sprintf("cmemprof: profiles reach %s again; %d batches were lost", l.address, batches))
	}
}
