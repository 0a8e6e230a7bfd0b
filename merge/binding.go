// Package merge reads, merges and subtracts profiles in the format of pprof (profile.proto): heap, CPU, mutex, block and any other.
//
// The work is done by the C code of this folder. Profiles go in as bytes, compressed with gzip or zstd or not at all, and come out
// compressed with gzip, as runtime/pprof and the pprof tool have them.
//
// Two samples are the same if their stacks and their labels are: same functions, lines, columns and addresses, same mapping. Sample types
// are matched by name. Values are added up and stop at the ends of int64. Input is not trusted: its size, the depth of its stacks and the
// number of its sample types have limits, and what is wrong with it is told by an [Error].
package merge

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
#cgo LDFLAGS: -ldeflate -lzstd
#include <stdlib.h>
#include "merge.h"
*/
import "C"

import (
	"embed"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// cmd/go rebuilds a package when a file of its own directory changes. Other packages include merge.h: embedding it makes them depend on it.
//
//go:embed *.h
var _ embed.FS

// Code tells kinds of errors apart.
type Code int

const (
	NoMemory       Code = C.MERGE_NO_MEMORY
	Truncated      Code = C.MERGE_TRUNCATED       // the input ends too early
	Malformed      Code = C.MERGE_MALFORMED       // the input is not a profile
	BadCompression Code = C.MERGE_BAD_COMPRESSION // the gzip or zstd stream is damaged
	TooLarge       Code = C.MERGE_TOO_LARGE       // the input is over a limit
	TypesDiffer    Code = C.MERGE_TYPES_DIFFER    // two profiles have different sample types
	NotFound       Code = C.MERGE_NOT_FOUND       // a sample type named at NewDelta is not in the profile
)

// String returns a few words, such as "truncated input".
func (c Code) String() string { return C.GoString(C.merge_error_text(C.enum_merge_error(c))) }

// Error says what is wrong with an input.
type Error struct {
	Code   Code
	Offset int    // byte of the inflated input where it was noticed
	Text   string // details, such as "sample 12: location id 99 does not exist"
}

func (e *Error) Error() string {
	if e.Text == "" {
		return "merge: " + e.Code.String()
	}
	if e.Offset == 0 {
		return fmt.Sprintf("merge: %s: %s", e.Code, e.Text)
	}
	return fmt.Sprintf("merge: %s: %s (byte %d)", e.Code, e.Text, e.Offset)
}

func newError(code C.enum_merge_error, fault *C.struct_merge_fault) error {
	return &Error{Code: Code(code), Offset: int(fault.offset), Text: C.GoString(&fault.text[0])}
}

// Takes over what C has malloc'ed.
func takeBytes(bytes *C.uint8_t, size C.size_t) []byte {
	defer C.free(unsafe.Pointer(bytes))
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(bytes)), int(size))...)
}

// Merge adds up profiles. The first mapping of the first one stays the first, which pprof takes for the main program. Time is the earliest,
// duration the sum. The result holds only what samples with a value other than 0 use.
//
// All must have the same sample types, in any order. Errors are of type *[Error] and name the profile by its index.
func Merge(profiles ...[]byte) ([]byte, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	inputs := make([]unsafe.Pointer, len(profiles)+1)
	sizes := make([]C.size_t, len(profiles)+1)
	for i, profile := range profiles {
		data := unsafe.SliceData(profile)
		if len(profile) > 0 {
			pinner.Pin(data)
			inputs[i] = unsafe.Pointer(data)
		}
		sizes[i] = C.size_t(len(profile))
	}
	var out *C.uint8_t
	var size C.size_t
	var fault C.struct_merge_fault
	code := C.merge_profiles(&inputs[0], &sizes[0], C.size_t(len(profiles)), C.MERGE_GZIP, &out, &size, &fault)
	if code != C.MERGE_OK {
		return nil, newError(code, &fault)
	}
	return takeBytes(out, size), nil
}

// Delta turns a series of cumulative profiles, such as Go's heap profile, into what happened between one and the next.
// Its methods may be called from several goroutines.
type Delta struct {
	mu     sync.Mutex
	c      *C.struct_delta // guarded by mu; nil: closed, or there was no memory for it
	closed bool            // guarded by mu
	closer runtime.Cleanup
}

// NewDelta makes a Delta that subtracts the sample types of these names, such as "alloc_objects" and "alloc_space" for a heap profile,
// "contentions" and "delay" for a mutex profile. All other types pass through as they are.
func NewDelta(types ...string) *Delta {
	names := make([]*C.char, len(types)+1)
	for i, name := range types {
		names[i] = C.CString(name)
		defer C.free(unsafe.Pointer(names[i]))
	}
	c := C.delta_new(&names[0], C.size_t(len(types)))
	d := &Delta{c: c}
	if c != nil {
		d.closer = runtime.AddCleanup(d, func(c *C.struct_delta) { C.delta_free(c) }, c)
	}
	return d
}

// Next returns what happened since the profile before. The first profile passes as it is. Values are never negative: a counter that went
// backwards was reset, and its current value is the delta. The duration is the time since the profile before.
//
// Errors are of type *[Error], but for the one that the Delta is closed. After an error the next profile passes as the first one did.
func (d *Delta) Next(profile []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.New("merge: the Delta is closed")
	}
	if d.c == nil {
		return nil, &Error{Code: NoMemory}
	}
	var out *C.uint8_t
	var size C.size_t
	var fault C.struct_merge_fault
	code := C.delta_next(d.c, unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile)), C.MERGE_GZIP, &out, &size, &fault)
	if code != C.MERGE_OK {
		return nil, newError(code, &fault)
	}
	return takeBytes(out, size), nil
}

// Close frees the memory of the Delta. A second call does nothing.
func (d *Delta) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.c == nil {
		return
	}
	d.closer.Stop()
	C.delta_free(d.c)
	d.c = nil
}
