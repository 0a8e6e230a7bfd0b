//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime/trace"
	"strconv"
	"sync"
)

// tracer is a running execution trace. It ends on stop, or at its size limit.
type tracer struct {
	mu     sync.Mutex
	buffer bytes.Buffer  // guarded by mu
	limit  int           // bytes at which the trace is ended
	cut    bool          // grew past the tail; guarded by mu
	full   chan struct{} // closed at the limit; guarded by mu
	end    chan struct{} // closed by stop
	ended  chan struct{} // closed after the runtime's last write
}

// While a trace is being ended, the runtime flushes what it has buffered: at most this much past the limit is accepted.
const traceTailBytes = 32 << 20

// startTrace starts a trace. A non-zero CPU profile rate is logged in the trace for its readers.
func startTrace(s sources, limitBytes, cpuRateHz int) (*tracer, error) {
	t := &tracer{limit: limitBytes, full: make(chan struct{}), end: make(chan struct{}), ended: make(chan struct{})}
	if err := s.startTrace(t); err != nil {
		return nil, err
	}
	if cpuRateHz != 0 {
		trace.Log(context.Background(), "cpuProfileRate", strconv.Itoa(cpuRateHz))
	}
	go func() { // not in Write: stopping waits for the last Write
		defer close(t.ended)
		select {
		case <-t.full:
		case <-t.end:
		}
		_ = contained(func() error { s.stopTrace(); return nil })
	}()
	return t, nil
}

// Write is called by the runtime.
func (t *tracer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buffer.Len()+len(p) > t.limit+traceTailBytes {
		t.cut = true
		return 0, io.ErrShortWrite
	}
	before := t.buffer.Len()
	t.buffer.Write(p)
	if before < t.limit && t.buffer.Len() >= t.limit {
		close(t.full)
	}
	return len(p), nil
}

// stop ends the trace and returns it.
func (t *tracer) stop() ([]byte, error) {
	close(t.end)
	<-t.ended
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cut {
		return nil, errors.New("the execution trace grew too fast to be ended in time")
	}
	return t.buffer.Bytes(), nil
}
