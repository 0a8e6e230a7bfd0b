// Package cmemprof samples the memory that C code allocates in this process, and knows which of it is alive and which C and Go
// functions asked for it.
//
// Importing the package is what puts it in place: its C code defines malloc and its family for the whole process. It does nothing but hand
// calls on until [Start]. Most programs want [github.com/cmemprof/cmemprof/goshim/profiler] instead, which starts it and sends the
// profiles somewhere.
//
// Linux on amd64, with cgo. The C header cmemprof.h says how sampling works and what each figure means.
package cmemprof

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
// #cgo LDFLAGS: -ldl -lm
// #include "cmemprof.h"
import "C"

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	_ "github.com/cmemprof/cmemprof/merge" // its C code writes the profile
)

// Go hashes only the headers of a package's own folder; embedding makes them part of the package for those who include them.
//
//go:embed *.h
var _ embed.FS

// DefaultInterval is the mean number of bytes allocated between two samples, as Go's own runtime.MemProfileRate has it.
const DefaultInterval = C.CMEMPROF_DEFAULT_INTERVAL_BYTES

// ErrNotBound says that the C code of this process does not allocate through this package: it was loaded late, as a plugin or a
// c-shared library is, or a sanitizer's allocator came first.
var ErrNotBound = errors.New("cmemprof: " + C.GoString(C.cmemprof_error_text(C.CMEMPROF_NOT_BOUND)))

func asError(code C.enum_cmemprof_error) error {
	switch code {
	case C.CMEMPROF_OK:
		return nil
	case C.CMEMPROF_NOT_BOUND:
		return ErrNotBound
	}
	return errors.New("cmemprof: " + C.GoString(C.cmemprof_error_text(code)))
}

// Start samples one C allocation in intervalBytes of them on average; 1 takes every one, and 0 is the same as [Stop]. Called again it changes the
// interval, which each thread adopts with its next sample. What was allocated before is never seen.
func Start(intervalBytes int64) error {
	if intervalBytes < 0 {
		return fmt.Errorf("cmemprof: interval of %d bytes is negative", intervalBytes)
	}
	start, end := goText()
	C.cmemprof_set_go_text(C.uintptr_t(start), C.uintptr_t(end))
	if start, end, ok := goCall(uintptr(C.cmemprof_go_call()) - 1); ok {
		C.cmemprof_set_go_call(C.uintptr_t(start), C.uintptr_t(end))
		if start, end, ok := goPanic(start); ok {
			C.cmemprof_set_go_panic(C.uintptr_t(start), C.uintptr_t(end))
		}
	}
	if !freedMemoryIsHidden() {
		var onStack byte
		C.cmemprof_set_go_heap(C.uintptr_t(uintptr(unsafe.Pointer(&onStack))))
	}
	return asError(C.cmemprof_start(C.uint64_t(intervalBytes)))
}

// freedMemoryIsHidden says whether Go was told to take access away from memory of its heap that it has freed, as it never does otherwise. The
// runtime reads these settings once, from the environment that the process was started with.
func freedMemoryIsHidden() bool {
	settings := os.Getenv("GODEBUG")
	return strings.Contains(settings, "harddecommit=") || strings.Contains(settings, "efence=")
}

// Stop takes no new samples. Blocks that were sampled stay known until they are freed.
func Stop() {
	C.cmemprof_stop()
}

// Profile returns what C code has allocated since the first [Start], and what of it is in use now, as an uncompressed profile.proto with the
// sample types of Go's heap profile. Every sample has the label memory=C.
func Profile() ([]byte, error) {
	snapshot := C.cmemprof_snapshot_take()
	if snapshot == nil {
		return nil, asError(C.CMEMPROF_NO_MEMORY)
	}
	defer C.cmemprof_snapshot_free(snapshot)

	var addresses *C.uintptr_t
	count := C.cmemprof_snapshot_go_pcs(snapshot, &addresses)
	names := nameAddresses(unsafe.Slice((*uintptr)(unsafe.Pointer(addresses)), int(count)))

	var pinner runtime.Pinner
	defer pinner.Unpin()
	var bytes *C.uint8_t // the snapshot's
	var size C.size_t
	if err := asError(C.cmemprof_snapshot_profile(snapshot, names.toC(&pinner), &bytes, &size)); err != nil {
		return nil, err
	}
	return C.GoBytes(unsafe.Pointer(bytes), C.int(size)), nil
}

// toC gives C a view of the names for the length of one call.
func (n *names) toC(pinner *runtime.Pinner) *C.struct_cmemprof_go_names {
	c := &C.struct_cmemprof_go_names{
		address_count: C.size_t(len(n.frameCounts)),
		frame_count:   C.size_t(len(n.frames)),
		text_size:     C.size_t(len(n.text)),
	}
	if len(n.frameCounts) > 0 {
		pinner.Pin(&n.frameCounts[0])
		c.frame_counts = (*C.uint32_t)(&n.frameCounts[0])
	}
	if len(n.frames) > 0 {
		pinner.Pin(&n.frames[0])
		c.frames = (*C.struct_cmemprof_go_frame)(unsafe.Pointer(&n.frames[0]))
	}
	if len(n.text) > 0 {
		pinner.Pin(&n.text[0])
		c.text = (*C.char)(unsafe.Pointer(&n.text[0]))
	}
	return c
}

// The two sides of names.frames must agree; this does not compile if they differ in size.
var _ = [1]struct{}{}[unsafe.Sizeof(frame{})-unsafe.Sizeof(C.struct_cmemprof_go_frame{})]

// SetMemoryLimit bounds the memory of the profiler's tables. 0, the default, is 1 % of the process's resident memory, at least 8 MiB. When it
// is used up, stacks of which nothing is alive make room, and until they have samples are dropped and counted.
func SetMemoryLimit(bytes uint64) {
	C.cmemprof_set_memory_limit(C.uint64_t(bytes))
}

// MakeRoom makes room in the tables where memory is short, as [Profile] does, and says whether it did. To be called once a second or so: what
// fills the tables between two profiles then costs samples for that long at most. When there is nothing to do it takes no more than a look.
func MakeRoom() bool {
	return bool(C.cmemprof_make_room())
}

// Stats tells what the profiler did since the process started. Of every sample exactly one thing becomes: Samples is the number of those that
// a profile shows + LostStacks + LostShards.
type Stats struct {
	IntervalBytes    uint64 // 0: off
	Samples          uint64 // allocations chosen
	Live             uint64 // of these, alive now
	Stacks           uint64 // distinct stacks
	OwnBytes         uint64 // memory of the profiler's tables
	LimitBytes       uint64 // what they may grow to
	LostStacks       uint64 // samples dropped: the table of stacks is full
	LostShards       uint64 // samples dropped: too many threads sampled at the same moment
	LostLive         uint64 // samples counted as allocated whose block could not be followed
	ReclaimedStacks  uint64 // taken out of the table because nothing of them was alive and their memory was needed
	ReclaimedSamples uint64 // theirs: in a profile they are one sample, "[evicted stacks]"
	UnsampledNested  uint64 // allocations made inside the profiler itself that would have been samples
	CutNoRule        uint64 // stacks cut at code without call-frame information
	CutUnsupported   uint64 // stacks cut at call-frame information of a kind that is not followed
	CutUnreadable    uint64 // stacks cut at memory that is not a stack
	CutDepth         uint64 // stacks cut at 512 frames
	UnwindFallbacks  uint64 // frames followed by frame pointer, for want of call-frame information
	SamplingNs       uint64 // CPU time spent in sampling, without the allocator's own, from one sample in 256
}

// GetStats returns the present figures.
func GetStats() Stats {
	var s C.struct_cmemprof_stats
	C.cmemprof_get_stats(&s)
	return Stats{
		IntervalBytes:    uint64(s.interval_bytes),
		Samples:          uint64(s.samples),
		Live:             uint64(s.live),
		Stacks:           uint64(s.stacks),
		OwnBytes:         uint64(s.own_bytes),
		LimitBytes:       uint64(s.limit_bytes),
		LostStacks:       uint64(s.lost_stacks),
		LostShards:       uint64(s.lost_shards),
		LostLive:         uint64(s.lost_live),
		ReclaimedStacks:  uint64(s.reclaimed_stacks),
		ReclaimedSamples: uint64(s.reclaimed_samples),
		UnsampledNested:  uint64(s.unsampled_nested),
		CutNoRule:        uint64(s.cut_no_rule),
		CutUnsupported:   uint64(s.cut_unsupported),
		CutUnreadable:    uint64(s.cut_unreadable),
		CutDepth:         uint64(s.cut_depth),
		UnwindFallbacks:  uint64(s.unwind_fallbacks),
		SamplingNs:       uint64(s.sampling_ns),
	}
}

// AllocatorStats tells what the allocator behind the profiler says of all its memory, sampled or not. A figure is 0 if the allocator does not
// say it; see struct cmemprof_allocator_stats in cmemprof.h for what each allocator means.
type AllocatorStats struct {
	Name               string // "glibc", "jemalloc", "tcmalloc", "mimalloc", "musl" or "other"
	InUseBytes         uint64 // allocated and not freed
	MappedBytes        uint64 // address space held to serve them
	ResidentBytes      uint64 // in memory of that, at most
	RetainedBytes      uint64 // kept for later
	FragmentationBytes uint64 // resident - in use
}

// GetAllocatorStats returns the present figures. It takes the allocator's locks, so it is for once a profile, not for once a request.
func GetAllocatorStats() AllocatorStats {
	var s C.struct_cmemprof_allocator_stats
	C.cmemprof_get_allocator_stats(&s)
	return AllocatorStats{
		Name:               C.GoString(s.name),
		InUseBytes:         uint64(s.in_use_bytes),
		MappedBytes:        uint64(s.mapped_bytes),
		ResidentBytes:      uint64(s.resident_bytes),
		RetainedBytes:      uint64(s.retained_bytes),
		FragmentationBytes: uint64(s.fragmentation_bytes),
	}
}
