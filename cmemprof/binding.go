// Package cmemprof samples the memory that C code allocates in this process, and knows which of it is live and which C and Go
// functions allocated it.
//
// Importing the package installs it: its C code defines malloc and its family for the whole process. Until [Start] it only passes
// calls on. Most programs want [github.com/cmemprof/cmemprof/goshim/profiler] instead, which starts it and uploads the
// profiles.
//
// Linux on amd64 or arm64, with cgo. The C header cmemprof.h explains the sampling and each figure.
package cmemprof

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
// #cgo LDFLAGS: -ldl
// #include "cmemprof.h"
// #include "snapshot_join.h"
import "C"

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	_ "github.com/cmemprof/cmemprof/base"  // headers that the C code includes
	_ "github.com/cmemprof/cmemprof/merge" // its C code encodes the profile
)

// Go's build cache hashes only headers in a package's own folder; embedding makes them part of the package for packages that include them.
//
//go:embed *.h
var _ embed.FS

// DefaultInterval is the mean number of bytes allocated between two samples, the same as Go's runtime.MemProfileRate.
const DefaultInterval = C.CMEMPROF_DEFAULT_INTERVAL_BYTES

// ErrNotBound means that the C code of this process does not allocate through this package: it was loaded late, as a plugin or
// c-shared library, or a sanitizer's allocator came first.
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

// Start samples one allocation per intervalBytes allocated by C code on average; 1 samples every one, and 0 is the same as [Stop]. A further call
// changes the interval, which each thread adopts with its next sample. Earlier allocations are never seen.
func Start(intervalBytes int64) error {
	if intervalBytes < 0 {
		return fmt.Errorf("cmemprof: interval of %d bytes is negative", intervalBytes)
	}
	tellGo()
	if intervalBytes > 0 {
		searchedLabels.Do(findLabels)
	}
	return asError(C.cmemprof_start(C.uint64_t(intervalBytes)))
}

// tellGoText tells C where Go's code is.
func tellGoText() {
	start, end := goText()
	C.cmemprof_set_go_text(C.uintptr_t(start), C.uintptr_t(end))
}

// tellGo tells C where Go's code and heap are, and how Go calls C.
func tellGo() {
	tellGoText()
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
}

// freedMemoryIsHidden reports whether Go was told to make freed heap memory inaccessible, which it does not do by default. The
// runtime reads these settings once, from the environment at the process's start.
func freedMemoryIsHidden() bool {
	settings := os.Getenv("GODEBUG")
	return strings.Contains(settings, "harddecommit=") || strings.Contains(settings, "efence=")
}

// Stop takes no new samples. Sampled blocks are tracked until they are freed.
func Stop() {
	C.cmemprof_stop()
}

// Contents are what a profile may lack.
type Contents uint

const (
	// KnownNames opens no file: C addresses that no earlier profile named have none.
	KnownNames Contents = C.CMEMPROF_KNOWN_NAMES
	// LiveOnly has alloc_* of 0, and no stacks without live memory.
	LiveOnly Contents = C.CMEMPROF_LIVE_ONLY
)

// Profile returns what C code has allocated since the first [Start], and what of it is in use now, as an uncompressed profile.proto with the
// sample types of Go's heap profile. Every sample has the label memory=C, or memory=mmap if C has mapped the memory itself. A comment that begins with "cmemprof: samples=" has the figures of [Stats],
// and besides nameless, how many C addresses have no name: where there is no /proc, and the program's file is not where it was when it was
// started, those are all of its own C functions. Nothing is printed.
func Profile() ([]byte, error) { return ProfileWith(0) }

// ProfileWith is Profile with less in it, for when memory is short.
func ProfileWith(contents Contents) ([]byte, error) {
	return encode(C.cmemprof_snapshot_take(), contents)
}

// HeapTotals are sums over the samples of a profile, without mappings: allocated objects and bytes, and those in use.
type HeapTotals [C.CMEMPROF_HEAP_TYPES]int64

// AddProfile adds what [Profile] returns to a profile of C's (merge.Part), without encoding it.
func AddProfile(to unsafe.Pointer) (totals HeapTotals, err error) {
	snapshot := C.cmemprof_snapshot_take()
	if snapshot == nil {
		return totals, asError(C.CMEMPROF_NO_MEMORY)
	}
	defer C.cmemprof_snapshot_free(snapshot)
	var pinner runtime.Pinner
	defer pinner.Unpin()
	err = asError(C.snapshot_join(snapshot, namesOf(snapshot).toC(&pinner), (*C.struct_profile)(to), (*C.int64_t)(&totals[0])))
	return totals, err
}

// Peaks returns what C code had in use at two moments since the last [Start]: the peak of live C memory (sample types peak_objects and
// peak_space), and the peak of the process's RSS (peak_rss_objects, peak_rss_space), as far as [MakeRoom] and [Profile] saw. For each
// of them a comment that begins with "cmemprof: peak=" says when it was and how high.
func Peaks() ([]byte, error) {
	return encode(C.cmemprof_snapshot_take_peaks(), 0)
}

// encode frees the snapshot.
func encode(snapshot *C.struct_cmemprof_snapshot, contents Contents) ([]byte, error) {
	if snapshot == nil {
		return nil, asError(C.CMEMPROF_NO_MEMORY)
	}
	defer C.cmemprof_snapshot_free(snapshot)

	names := namesOf(snapshot)
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var bytes *C.uint8_t // owned by the snapshot
	var size C.size_t
	if err := asError(C.cmemprof_snapshot_contents(snapshot, names.toC(&pinner), C.unsigned(contents), &bytes, &size)); err != nil {
		return nil, err
	}
	return C.GoBytes(unsafe.Pointer(bytes), C.int(size)), nil
}

func namesOf(snapshot *C.struct_cmemprof_snapshot) *names {
	var addresses *C.uintptr_t
	count := C.cmemprof_snapshot_go_pcs(snapshot, &addresses)
	return nameAddresses(unsafe.Slice((*uintptr)(unsafe.Pointer(addresses)), int(count)))
}

// toC returns a view of the names for C, valid for one call.
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

// Fails to compile if the Go and C sides of names.frames differ in size.
var _ = [1]struct{}{}[unsafe.Sizeof(frame{})-unsafe.Sizeof(C.struct_cmemprof_go_frame{})]

// SetMemoryLimit bounds the memory of the profiler's tables. 0, the default, is 1 % of the process's resident memory, at least 8 MiB. At the
// limit, stacks with no live samples are evicted; until then samples are dropped and counted.
func SetMemoryLimit(bytes uint64) {
	C.cmemprof_set_memory_limit(C.uint64_t(bytes))
}

// MakeRoom must be called about once a second. It advances the clock by which samples have an age, keeps what is live if that is a new peak (see
// [Peaks]), and evicts stacks if memory is short, as [Profile] does: a table that fills up between two profiles then drops samples for that long
// at most. It reports whether it evicted some. Without a peak or a lack of memory it reads all live samples and some counters.
func MakeRoom() bool {
	return bool(C.cmemprof_make_room())
}

// MemoryLeft returns how many bytes are left until the process is killed for its memory: to the limit of its cgroup, or the end of what the
// machine has. math.MaxUint64: unknown.
func MemoryLeft() uint64 { return uint64(C.cmemprof_memory_left()) }

// MemoryLimit returns the lowest limit of the process's cgroup and of those above it, in bytes. math.MaxUint64: there is none, or it cannot be read.
func MemoryLimit() uint64 { return uint64(C.cmemprof_memory_limit()) }

// MemoryKept returns how many bytes of memory the process has that only the process can give back: anonymous, shared and swapped memory, not the
// pages of files. math.MaxUint64: unknown. It reads one file of /proc.
func MemoryKept() uint64 { return uint64(C.cmemprof_memory_kept()) }

// MemoryWatch watches that. The zero value is ready; one goroutine at a time may use it.
type MemoryWatch struct {
	c C.struct_cmemprof_memory_watch
}

// Step reports whether the limit, or a resident size of threshold bytes (0: none), is near or will soon be reached: once a crossing. It is to be
// called again after wait, which is a second while much is left.
func (w *MemoryWatch) Step(threshold uint64) (near bool, wait time.Duration) {
	var ns C.uint64_t
	near = bool(C.cmemprof_memory_watch_step(&w.c, C.uint64_t(threshold), &ns))
	return near, time.Duration(ns)
}

// Left and Growth return what was left at the last step, and the growth per second, in bytes.
func (w *MemoryWatch) Left() uint64   { return uint64(w.c.left_bytes) }
func (w *MemoryWatch) Growth() uint64 { return uint64(w.c.growth_bytes) }

// Stats is what the profiler did since the process started. Every sample is accounted for exactly once: Samples = those in a
// profile + LostStacks + LostShards.
type Stats struct {
	IntervalBytes    uint64 // 0: off
	Samples          uint64 // sampled allocations
	Live             uint64 // of these, live now
	Stacks           uint64 // distinct stacks
	OwnBytes         uint64 // memory of the tables that was ever written to
	LimitBytes       uint64 // what OwnBytes may grow to
	LostStacks       uint64 // samples dropped: stack table full
	LostShards       uint64 // samples dropped: too many threads sampling at the same moment
	LostLive         uint64 // samples that cannot be tracked: live table full
	ReclaimedStacks  uint64 // evicted: no live samples, and their memory was needed
	ReclaimedSamples uint64 // their samples, in a profile one sample "[evicted stacks]"
	UnsampledNested  uint64 // the profiler's own allocations that were due, never sampled
	CutNoRule        uint64 // stacks cut at code without call-frame information
	CutUnsupported   uint64 // stacks cut at a rule that the unwinder does not support
	CutUnreadable    uint64 // stacks cut at unreadable memory
	CutDepth         uint64 // stacks cut at 512 frames
	UnwindFallbacks  uint64 // frames unwound by frame pointer for lack of call-frame information
	BeforeStartBytes uint64 // in use at the first [Start], by the real allocator's count: in no profile. 0: unknown
	SamplingNs       uint64 // CPU time of sampling, without the real allocator's, from one sample in 1,024
	Mappings         uint64 // address ranges that C has mapped and not unmapped
	MappedBytes      uint64 // their length, resident or not
	LostMappings     uint64 // mappings and unmappings that were not followed
	NamelessMappings uint64 // mappings that are known, but not by which call: not in a profile
	LabelSets        uint64 // distinct sets of goroutines' labels
	LabelsLeftOut    uint64 // labels that a sample does not have because of their keys, see [SetLabels]
	LostLabels       uint64 // because they do not fit: the sample is there without them
}

// LostSamples returns how many samples of allocations were dropped.
func (s Stats) LostSamples() uint64 { return s.LostStacks + s.LostShards + s.LostLive }

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
		BeforeStartBytes: uint64(s.before_start_bytes),
		SamplingNs:       uint64(s.sampling_ns),
		Mappings:         uint64(s.mappings),
		MappedBytes:      uint64(s.mapped_bytes),
		LostMappings:     uint64(s.lost_mappings),
		NamelessMappings: uint64(s.nameless_mappings),
		LabelSets:        uint64(s.label_sets),
		LabelsLeftOut:    uint64(s.labels_left_out),
		LostLabels:       uint64(s.lost_labels),
	}
}

// Ages is how old live C memory is and how long freed C memory lived, in bytes, estimated from samples. realloc counts as a free and an allocation.
type Ages struct {
	LiveBytes     [C.CMEMPROF_AGE_CLASSES]float64      // less than 1 minute, 1 to 5, 5 to 30, 30 to 120, 2 hours to a day, more
	FreedBytes    [C.CMEMPROF_LIFETIME_CLASSES]float64 // since the first Start: lived less than 1 s, then class n is [2^(n-1), 2^n) s; the last one is open
	OutlivedBytes [C.CMEMPROF_LIFETIME_CLASSES]float64 // live memory in these classes, by its age: it will live at least that long
	WorstPauseS   uint32                               // ages may be off by this: longest time between two calls of MakeRoom
}

// GetAges returns the present figures. It reads all live samples.
func GetAges() Ages {
	var a C.struct_cmemprof_ages
	C.cmemprof_get_ages(&a)
	ages := Ages{WorstPauseS: uint32(a.worst_pause_s)}
	for i, bytes := range a.live_bytes {
		ages.LiveBytes[i] = float64(bytes)
	}
	for i := range a.freed_bytes {
		ages.FreedBytes[i], ages.OutlivedBytes[i] = float64(a.freed_bytes[i]), float64(a.outlived_bytes[i])
	}
	return ages
}

// Peak is a moment that [Peaks] has the stacks of.
type Peak struct {
	LiveBytes float64   // of C, estimated from samples
	RSSBytes  uint64    // of the process; 0: unknown
	Time      time.Time // zero: there is none yet
}

// GetPeaks returns the moments of the peaks of live C memory and of RSS since the last [Start].
func GetPeaks() (live, rss Peak) {
	var l, r C.struct_cmemprof_peak
	C.cmemprof_get_peaks(&l, &r)
	return newPeak(l), newPeak(r)
}

func newPeak(p C.struct_cmemprof_peak) Peak {
	peak := Peak{LiveBytes: float64(p.live_bytes), RSSBytes: uint64(p.rss_bytes)}
	if p.time_ns != 0 {
		peak.Time = time.Unix(0, int64(p.time_ns)).UTC()
	}
	return peak
}

// AllocatorStats is what the real allocator reports of all its memory, sampled or not. A figure is 0 if it is unknown; see struct
// cmemprof_allocator_stats in cmemprof.h for each allocator's meaning.
type AllocatorStats struct {
	Name               string // "glibc", "jemalloc", "tcmalloc", "mimalloc", "musl" or "other"
	InUseBytes         uint64 // allocated and not freed
	MappedBytes        uint64 // address space held to serve them
	ResidentBytes      uint64 // upper bound of what is resident
	RetainedBytes      uint64 // kept for reuse
	FragmentationBytes uint64 // resident - in use
	FreeBlocks         uint64 // glibc: their count
	MetadataBytes      uint64 // the allocator's own tables; jemalloc only
}

// GetAllocatorStats returns the present figures. It takes the allocator's locks, glibc's for a tenth of a second for a million free blocks: call it
// once per profile, not once per request.
func GetAllocatorStats() AllocatorStats {
	var s C.struct_cmemprof_allocator_stats
	C.cmemprof_get_allocator_stats(&s)
	return AllocatorStats{
		Name:               C.GoString(s.name),
		InUseBytes:         uint64(s.in_use_bytes),
		MappedBytes:        uint64(s.mapped_bytes),
		ResidentBytes:      uint64(s.resident_bytes),
		RetainedBytes:      uint64(s.retained_bytes),
		FreeBlocks:         uint64(s.free_blocks),
		FragmentationBytes: uint64(s.fragmentation_bytes),
		MetadataBytes:      uint64(s.metadata_bytes),
	}
}
