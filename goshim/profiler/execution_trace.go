//go:build linux && amd64 && cgo

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

// tracer is one running execution trace. It ends when it is asked to, or when it is as large as it may be.
type tracer struct {
	mu     sync.Mutex
	buffer bytes.Buffer  // guarded by mu
	limit  int           // bytes at which the trace is ended
	cut    bool          // guarded by mu
	full   chan struct{} // closed at the limit; guarded by mu
	end    chan struct{} // closed by stop
	ended  chan struct{} // closed when the runtime writes no more
}

// Ending a trace takes the runtime a moment, in which it writes what it still has. More than this behind the limit is no moment any more.
const traceTailBytes = 32 << 20

// startTrace begins one. With a rate of the CPU profile that is not the default, the trace says so for its readers.
func startTrace(s sources, limitBytes, cpuRateHz int) (*tracer, error) {
	t := &tracer{limit: limitBytes, full: make(chan struct{}), end: make(chan struct{}), ended: make(chan struct{})}
	if err := s.startTrace(t); err != nil {
		return nil, err
	}
	if cpuRateHz != 0 {
		trace.Log(context.Background(), "cpuProfileRate", strconv.Itoa(cpuRateHz))
	}
	go func() { // Write cannot do it: stopping waits for the last Write
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
