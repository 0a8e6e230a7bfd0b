//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"errors"
	"sync"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/cprofilers"
	_ "github.com/cmemprof/cmemprof/goshim/internal/load" // DD_PROFILING_CMEMPROF_AUTOSTART
	"github.com/cmemprof/cmemprof/merge"
)

// cMemory adapts package cmemprof to cprofilers.Heap.
type cMemory struct {
	mu    sync.Mutex
	since *merge.Delta // guarded by mu; subtracts what was allocated before Start
	fault error        // of Start, which cannot return an error; guarded by mu
}

// Keeps a profiler that is already registered: another package's init may have run first.
func init() {
	cprofilers.SetFirst(&cMemory{})
}

var _ cprofilers.Heap = &cMemory{}

func (m *cMemory) StartHeap(intervalBytes int64) error { return cmemprof.Start(intervalBytes) }
func (m *cMemory) StopHeap()                           { cmemprof.Stop() }
func (m *cMemory) Heap() ([]byte, error)               { return cmemprof.Profile() }

func (m *cMemory) AddHeap(to unsafe.Pointer) (cmemprof.HeapTotals, error) {
	return cmemprof.AddProfile(to)
}

func (m *cMemory) LiveHeap(contents cmemprof.Contents) ([]byte, error) {
	return cmemprof.ProfileWith(contents | cmemprof.LiveOnly)
}

// Start is for other users of the extension; package profiler calls StartHeap.
func (m *cMemory) Start(rate int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = cmemprof.Start(int64(rate))
	if m.fault != nil {
		return
	}
	m.since = merge.NewDelta("alloc_objects", "alloc_space")
	m.fault = m.next(&bytes.Buffer{})
}

func (m *cMemory) End() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != nil {
		return nil, m.fault
	}
	if m.since == nil {
		return nil, errors.New("no profile of C allocations was started")
	}
	defer func() {
		m.since.Close()
		m.since = nil
	}()
	cmemprof.Stop()
	var delta bytes.Buffer
	if err := m.next(&delta); err != nil {
		return nil, err
	}
	return delta.Bytes(), nil
}

// next writes what was allocated since the last call.
func (m *cMemory) next(to *bytes.Buffer) error {
	total, err := cmemprof.Profile()
	if err != nil {
		return err
	}
	delta, err := m.since.Next(total)
	to.Write(delta)
	return err
}
