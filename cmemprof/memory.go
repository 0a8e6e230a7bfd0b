package cmemprof

// #include "cmemprof.h"
import "C"

import (
	"runtime"
	"runtime/metrics"
	"unsafe"

	"github.com/cmemprof/cmemprof/merge"
)

// MemoryFigures says where the resident memory of the process is, in bytes. docs/memory.md explains each part.
type MemoryFigures struct {
	HasParts                         bool   // false: there is no /proc, or it may not be read
	IsComplete                       bool   // false: Missing says what could not be looked at
	Missing                          string // "" if nothing
	RSSBytes                         uint64 // the sum of Parts
	Parts                            []MemoryPart
	PeakRSSBytes, SwapBytes, Threads uint64 // MemoryUnknown: not to be learned
	// The limit of which least is left (MemoryUnknown: none), and what counts against it, without page cache that the kernel takes first.
	LimitBytes, LimitUsedBytes uint64
	Cgroup                     CgroupMemory
}

// MemoryPart is one part of the resident memory. Key is "go_live", "malloc_free" and so on.
type MemoryPart struct {
	Key   string
	Bytes uint64
}

// MemoryUnknown is the value of a figure that could not be read, and of a limit that is not set.
const MemoryUnknown = ^uint64(0)

// CgroupMemory is the account of the process's cgroup, in bytes. Version is 0 if it is in none, or if that may not be read. What the kernel
// does not say is MemoryUnknown: version 1 knows no events but OOMKills, KernelBytes of version 2 needs Linux 5.18. Processes of one machine
// with the same ID are in one cgroup.
type CgroupMemory struct {
	Version                                       uint
	ID                                            uint64
	Bytes, LimitBytes                             uint64
	AnonBytes, FileBytes, ShmemBytes, KernelBytes uint64
	InactiveFileBytes                             uint64
	HighEvents, MaxEvents, OOMKills               uint64
}

// MemoryProfile returns where the resident memory of the process is, in figures and as an uncompressed profile.proto with the sample type
// resident_space/bytes, which is nil if there are no parts. goHeap is Go's heap profile, for the stacks of Go's live objects, or nil. allocator
// is what [GetAllocatorStats] returned lately; nil makes what is free in C's heap an estimate from samples.
func MemoryProfile(goHeap []byte, allocator *AllocatorStats) (MemoryFigures, []byte, error) {
	goHeap, err := merge.Inflate(goHeap, nil)
	if err != nil {
		return MemoryFigures{}, nil, err
	}
	goMemory := readGoMemory()
	var stats *C.struct_cmemprof_allocator_stats
	if allocator != nil {
		stats = &C.struct_cmemprof_allocator_stats{
			in_use_bytes:   C.uint64_t(allocator.InUseBytes),
			mapped_bytes:   C.uint64_t(allocator.MappedBytes),
			resident_bytes: C.uint64_t(allocator.ResidentBytes),
			metadata_bytes: C.uint64_t(allocator.MetadataBytes),
		}
	}
	profile := C.cmemprof_memory_profile_take(&goMemory, stats)
	if profile == nil {
		return MemoryFigures{}, nil, asError(C.CMEMPROF_NO_MEMORY)
	}
	defer C.cmemprof_memory_profile_free(profile)

	var c C.struct_cmemprof_memory_figures
	C.cmemprof_memory_profile_figures(profile, &c)
	figures := figuresOf(&c)
	if !figures.HasParts {
		return figures, nil, nil
	}
	var addresses *C.uintptr_t
	count := C.cmemprof_memory_profile_go_pcs(profile, &addresses)
	names := nameAddresses(unsafe.Slice((*uintptr)(unsafe.Pointer(addresses)), int(count)))

	var pinner runtime.Pinner
	defer pinner.Unpin()
	var bytes *C.uint8_t // owned by the profile
	var size C.size_t
	err = asError(C.cmemprof_memory_profile_encode(profile, names.toC(&pinner), unsafe.Pointer(unsafe.SliceData(goHeap)),
		C.size_t(len(goHeap)), &bytes, &size))
	if err != nil {
		return figures, nil, err
	}
	return figures, C.GoBytes(unsafe.Pointer(bytes), C.int(size)), nil
}

func figuresOf(c *C.struct_cmemprof_memory_figures) MemoryFigures {
	f := MemoryFigures{
		HasParts:       bool(c.has_parts),
		IsComplete:     bool(c.is_complete),
		Missing:        C.GoString(&c.missing[0]),
		RSSBytes:       uint64(c.rss_bytes),
		PeakRSSBytes:   uint64(c.peak_rss_bytes),
		SwapBytes:      uint64(c.swap_bytes),
		Threads:        uint64(c.threads),
		LimitBytes:     uint64(c.limit_bytes),
		LimitUsedBytes: uint64(c.limit_used_bytes),
		Cgroup: CgroupMemory{
			Version:           uint(c.cgroup_version),
			ID:                uint64(c.cgroup_id),
			Bytes:             uint64(c.cgroup_bytes),
			LimitBytes:        uint64(c.cgroup_limit_bytes),
			AnonBytes:         uint64(c.cgroup_anon_bytes),
			FileBytes:         uint64(c.cgroup_file_bytes),
			ShmemBytes:        uint64(c.cgroup_shmem_bytes),
			KernelBytes:       uint64(c.cgroup_kernel_bytes),
			InactiveFileBytes: uint64(c.cgroup_inactive_file_bytes),
			HighEvents:        uint64(c.cgroup_high_events),
			MaxEvents:         uint64(c.cgroup_max_events),
			OOMKills:          uint64(c.cgroup_oom_kills),
		},
	}
	for i := 0; f.HasParts && i < len(c.parts); i++ {
		key := C.GoString(C.cmemprof_memory_part_key(C.enum_cmemprof_memory_part(i)))
		f.Parts = append(f.Parts, MemoryPart{key, uint64(c.parts[i])})
	}
	return f
}

// MemoryRollup is the kernel's own sum over all pages: resident, of these free for the kernel to take (MADV_FREE), and in huge pages.
type MemoryRollup struct {
	RSSBytes, LazyFreeBytes, HugeBytes uint64
}

// GetMemoryRollup walks all pages, 14 ms a GB. ok is false if /proc/self/smaps_rollup cannot be read.
func GetMemoryRollup() (r MemoryRollup, ok bool) {
	var c C.struct_cmemprof_memory_rollup
	ok = bool(C.cmemprof_memory_get_rollup(&c))
	return MemoryRollup{uint64(c.rss_bytes), uint64(c.lazy_free_bytes), uint64(c.huge_bytes)}, ok
}

// What a processor may hold of free pages: 64 pages of 8 KiB, runtime/mpagecache.go.
const pageCacheBytes = 64 * 8192

func readGoMemory() C.struct_cmemprof_go_memory {
	sum := func(names ...string) C.uint64_t {
		samples := make([]metrics.Sample, len(names))
		for i, name := range names {
			samples[i].Name = name
		}
		metrics.Read(samples)
		var bytes uint64
		for _, sample := range samples {
			if sample.Value.Kind() == metrics.KindUint64 { // KindBad: another Go
				bytes += sample.Value.Uint64()
			}
		}
		return C.uint64_t(bytes)
	}
	return C.struct_cmemprof_go_memory{
		live:    sum("/gc/heap/live:bytes"),
		objects: sum("/memory/classes/heap/objects:bytes"),
		unused:  sum("/memory/classes/heap/unused:bytes"),
		free:    sum("/memory/classes/heap/free:bytes"),
		stacks:  sum("/memory/classes/heap/stacks:bytes"),
		metadata: sum("/memory/classes/metadata/mcache/free:bytes", "/memory/classes/metadata/mcache/inuse:bytes",
			"/memory/classes/metadata/mspan/free:bytes", "/memory/classes/metadata/mspan/inuse:bytes",
			"/memory/classes/metadata/other:bytes", "/memory/classes/other:bytes", "/memory/classes/os-stacks:bytes",
			"/memory/classes/profiling/buckets:bytes"),
		cached: C.uint64_t(runtime.GOMAXPROCS(0) * pageCacheBytes),
	}
}
