package cmemprof

// #include "cmemprof.h"
import "C"

import (
	"errors"
	"io"
	"runtime"
	"runtime/pprof"
	"sync"
	"unsafe"

	"github.com/cmemprof/cmemprof/merge"
)

// ErrTracebackTaken means that the program, or a library of it, has called runtime.SetCgoTraceback, which can be done once.
var ErrTracebackTaken = errors.New("cmemprof: runtime.SetCgoTraceback was called by someone else")

var traceback struct {
	sync.Mutex
	isSet   bool
	holders int
}

// StartCgoTraceback makes the stacks of Go's CPU profile contain C functions, and so what Go prints when the program crashes in C. It calls
// runtime.SetCgoTraceback, which panics if somebody else has done so; that is returned as [ErrTracebackTaken]. Whoever calls it afterwards makes
// it panic there. Each call needs one of [StopCgoTraceback].
func StartCgoTraceback() error {
	traceback.Lock()
	defer traceback.Unlock()
	if !traceback.isSet {
		if !setCgoTraceback() {
			return ErrTracebackTaken
		}
		traceback.isSet = true
	}
	tellGo()
	if !bool(C.cmemprof_cgo_traceback_start()) {
		return asError(C.CMEMPROF_NO_MEMORY)
	}
	traceback.holders++
	return nil
}

// StopCgoTraceback ends what [StartCgoTraceback] began: once all have, the stacks end at the calls into C again.
func StopCgoTraceback() {
	traceback.Lock()
	defer traceback.Unlock()
	if traceback.holders--; traceback.holders == 0 {
		C.cmemprof_cgo_traceback_stop()
	}
}

// setCgoTraceback reports whether the functions are ours now. The runtime changes nothing before it panics.
func setCgoTraceback() (done bool) {
	defer func() { _ = recover() }()
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.cmemprof_cgo_traceback), nil, unsafe.Pointer(C.cmemprof_cgo_symbolizer))
	return true
}

// The rate of runtime/pprof.
const cpuHz = 100

// cpu is what C knows of one profile at a time.
var cpu struct {
	sync.Mutex      // held for each step of a profile
	isRunning  bool // StartCPUProfile's
	hasSamples bool // of the one that was stopped last, for CPUProfile
	startNs    uint64
}

var errCPUInUse = errors.New("cmemprof: cpu profiling already in use")

// StartCPUProfile is pprof.StartCPUProfile. After [StartCgoTraceback] it also samples calls into C that have begun before, which Go leaves out;
// [CPUProfile] adds them.
func StartCPUProfile(w io.Writer) error {
	cpu.Lock()
	defer cpu.Unlock()
	if cpu.isRunning {
		return errCPUInUse
	}
	runtime.LockOSThread() // the runtime's state of this thread says how it keeps that of others
	defer runtime.UnlockOSThread()
	cpu.hasSamples = false
	C.cmemprof_cpu_begin()
	cpu.startNs = ProcessCPUTime()
	if err := pprof.StartCPUProfile(w); err != nil {
		C.cmemprof_cpu_end()
		return err
	}
	C.cmemprof_cpu_began(cpuHz)
	cpu.isRunning = true
	return nil
}

// StopCPUProfile is pprof.StopCPUProfile for what [StartCPUProfile] started. It returns the CPU time that the process has used meanwhile, in nanoseconds,
// without that of the stop, in which Go samples no more, but waits for its writer for a tenth of a second. 0: unknown.
func StopCPUProfile() (processNs uint64) {
	cpu.Lock()
	defer cpu.Unlock()
	if !cpu.isRunning {
		return 0
	}
	cpu.isRunning, cpu.hasSamples = false, true
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	C.cmemprof_cpu_ending(cpuHz)
	processNs = ProcessCPUTime() - cpu.startNs
	pprof.StopCPUProfile()
	C.cmemprof_cpu_end()
	return processNs
}

// CPUStats counts stacks of C frames since the process started.
type CPUStats struct {
	Stacks         uint64 // given to Go
	LeftOut        uint64 // of these, deeper than there is room for: their middle is one frame, "(12 frames left out)"
	Busy           uint64 // not given: too many threads were in signal handlers
	CutNoRule      uint64 // cut at code without call-frame information
	CutUnsupported uint64 // cut at a rule that the unwinder does not support
	CutUnreadable  uint64 // cut at unreadable memory
	CutDepth       uint64 // deeper than 2,048 frames: without the root part
}

// GetCPUStats returns the present figures.
func GetCPUStats() CPUStats {
	var s C.struct_cmemprof_cpu_stats
	C.cmemprof_get_cpu_stats(&s)
	return CPUStats{
		Stacks:         uint64(s.stacks),
		LeftOut:        uint64(s.left_out),
		Busy:           uint64(s.busy),
		CutNoRule:      uint64(s.cut_no_rule),
		CutUnsupported: uint64(s.cut_unsupported),
		CutUnreadable:  uint64(s.cut_unreadable),
		CutDepth:       uint64(s.cut_depth),
	}
}

// CPUTimes says what the samples of a CPU profile stand for, in nanoseconds.
type CPUTimes struct {
	ProcessNs   uint64  // CPU time of the process while the profile was taken
	SampledNs   uint64  // of the samples
	UnsampledNs uint64  // of the sample "(CPU time not sampled)"; 0: there is none
	AddedNs     uint64  // of SampledNs, C code that Go had left out
	CNs         uint64  // of SampledNs, samples of C code
	Nameless    uint64  // C addresses without a name
	Weight      float64 // of Go's samples, in periods: more than 1 if timers have expired again before their signal came
}

// ProcessCPUTime returns the CPU time that the process has used, in nanoseconds. 0: unknown.
func ProcessCPUTime() uint64 { return uint64(C.cmemprof_process_cpu_ns()) }

// CPUProfile completes the CPU profile of Go's that [StopCPUProfile] has just ended, with gzip or without, and returns it uncompressed: functions and lines of
// C code, as in [Profile]; samples that Go has left out; and if the samples stand for less than processNs, the CPU time of the process while it was taken, by
// 3 % or more, the rest as one sample, "(CPU time not sampled)". processNs 0: unknown.
func CPUProfile(profile []byte, processNs uint64) ([]byte, CPUTimes, error) {
	tellGoText()
	profile, err := merge.Inflate(profile, nil)
	if err != nil {
		return nil, CPUTimes{}, err
	}
	cpu.Lock()
	defer cpu.Unlock()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var names *C.struct_cmemprof_go_names // nil: another profile has begun since
	if cpu.hasSamples {
		cpu.hasSamples = false
		var addresses *C.uintptr_t
		count := C.cmemprof_cpu_go_pcs(&addresses)
		names = nameAddresses(unsafe.Slice((*uintptr)(unsafe.Pointer(addresses)), int(count))).toC(&pinner)
	}
	var c C.struct_cmemprof_cpu
	err = asError(C.cmemprof_cpu_profile(unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile)), C.uint64_t(processNs), names, &c))
	if err != nil {
		return nil, CPUTimes{}, err
	}
	defer C.cmemprof_cpu_profile_free(&c)
	times := CPUTimes{uint64(c.process_ns), uint64(c.sampled_ns), uint64(c.unsampled_ns), uint64(c.added_ns), uint64(c.c_ns), uint64(c.nameless), float64(c.weight)}
	return C.GoBytes(unsafe.Pointer(c.bytes), C.int(c.size)), times, nil
}
