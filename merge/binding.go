// Package merge reads, merges and subtracts profiles in the format of pprof (profile.proto): heap, CPU, mutex, block and any other.
//
// The work is done by the C code of this folder. Profiles go in as bytes, compressed with gzip or zstd or not at all, and come out
// compressed with gzip, as runtime/pprof and the pprof tool have them, or as [Output] says. merge.h tells in full what is equal to what.
//
// Two samples are the same if their stacks and their labels are: same functions, lines, columns and addresses, same mapping. Sample types
// are matched by name. Values are added up and stop at the ends of int64. Input is not trusted: its size, the depth of its stacks and the
// number of its sample types have limits, and what is wrong with it is told by an [Error].
package merge

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
#cgo LDFLAGS: -ldeflate -lzstd
#include <stdlib.h>
#include "compress.h"
#include "merge.h"
#include "profile.h"
// Go 1.25 takes the variable for a macro, as namespace.h has its name, and then cannot copy it, as it is const.
static struct merge_limits default_limits(void) { return merge_default_limits; }
*/
import "C"

import (
	"embed"
	"errors"
	"fmt"
	"runtime"
	"slices"
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
	NotFound       Code = C.MERGE_NOT_FOUND       // a sample type that was named is not in the profile
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

// What C has written. The writer's memory stays its own: a block of the C heap as large as a profile would leave traces there.
func bytesOf(writer *C.struct_wire_writer) []byte {
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(writer.bytes)), int(writer.size))...)
}

// Limits of one input. A field that is 0 has the default. What is over a limit is an error, [TooLarge].
type Limits struct {
	InputBytes   int // inflated size; 256 MiB
	StringBytes  int // longest string; 1 MiB
	DepthFrames  int // most frames of one sample, inlined ones counted; 10,000
	TotalFrames  int // frames of all samples of one input; 64 Mi
	SampleTypes  int // 64
	InflateRatio int // how many times its size an input may inflate to, the first MiB is free; 1,100
}

func (l *Limits) c() C.struct_merge_limits {
	limits := C.default_limits()
	if l == nil {
		return limits
	}
	for _, f := range []struct {
		to   *C.size_t
		from int
	}{{&limits.input_bytes, l.InputBytes}, {&limits.string_bytes, l.StringBytes}, {&limits.depth_frames, l.DepthFrames},
		{&limits.total_frames, l.TotalFrames}, {&limits.sample_types, l.SampleTypes}, {&limits.inflate_ratio, l.InflateRatio}} {
		if f.from > 0 {
			*f.to = C.size_t(f.from)
		}
	}
	return limits
}

// Compression of what comes out.
type Compression int

const (
	Gzip Compression = iota
	Zstd
	Raw
)

func (c Compression) c() C.enum_merge_compression {
	switch c {
	case Zstd:
		return C.MERGE_ZSTD
	case Raw:
		return C.MERGE_RAW
	}
	return C.MERGE_GZIP
}

// Output says how a result is compressed.
type Output struct {
	Compression Compression
	Level       int // 1 to 12 for gzip, to 22 for zstd; 0: the default, 1
}

// Inflate undoes gzip or zstd, told by the magic bytes; anything else is copied. limits may be nil.
func Inflate(data []byte, limits *Limits) ([]byte, error) {
	var compress C.struct_compress
	defer C.compress_free(&compress)
	var out C.struct_wire_writer
	defer C.wire_free(&out)
	var fault C.struct_merge_fault
	c := limits.c()
	code := C.compress_inflate(&compress, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), &c, &out, &fault)
	if code != C.MERGE_OK {
		return nil, newError(code, &fault)
	}
	return bytesOf(&out), nil
}

// Compress is the way back: it compresses anything at all. With Raw it copies.
func Compress(data []byte, output Output) ([]byte, error) {
	if output.Compression == Raw {
		return append([]byte(nil), data...), nil
	}
	var compress C.struct_compress
	defer C.compress_free(&compress)
	var out C.struct_wire_writer
	defer C.wire_free(&out)
	code := C.compress_deflate(&compress, output.Compression.c(), C.int(output.Level), (*C.uint8_t)(unsafe.SliceData(data)),
		C.size_t(len(data)), &out)
	if code != C.MERGE_OK {
		return nil, &Error{Code: Code(code)}
	}
	return bytesOf(&out), nil
}

// Merge adds up profiles. The first mapping of the first one stays the first, which pprof takes for the main program. Time is the earliest,
// duration the sum. The result holds only what samples with a value other than 0 use.
//
// All must have the same sample types, in any order. Errors are of type *[Error] and name the profile by its index.
func Merge(profiles ...[]byte) ([]byte, error) {
	if len(profiles) == 0 {
		return nil, &Error{Code: Truncated, Text: "no profiles to merge"}
	}
	m := NewMerger(MergerOptions{})
	defer m.Close()
	for i, profile := range profiles {
		if err := m.Add(profile); err != nil {
			if e, ok := err.(*Error); ok {
				e.Text = fmt.Sprintf("input %d: %s", i, e.Text)
			}
			return nil, err
		}
	}
	return m.Result(Output{})
}

var errClosed = errors.New("merge: used after Close")

// MergerOptions may be left as they are.
type MergerOptions struct {
	Union  bool    // profiles may have different sample types; the result has all of them
	Limits *Limits // of each profile, nil: the defaults
}

// Merger adds up profiles that come one after the other. Its memory is for the result and one input.
// Its methods may be called from several goroutines.
type Merger struct {
	mu      sync.Mutex
	c       *C.struct_profile // guarded by mu; nil: closed, or no memory
	closed  bool              // guarded by mu
	closer  runtime.Cleanup   // guarded by mu
	options MergerOptions
	limits  C.struct_merge_limits
}

func NewMerger(options MergerOptions) *Merger {
	m := &Merger{options: options, limits: options.Limits.c()}
	m.open()
	return m
}

func (m *Merger) open() {
	m.c = C.profile_new()
	if m.c == nil {
		return
	}
	if m.options.Union {
		C.profile_allow_union(m.c)
	}
	m.closer = runtime.AddCleanup(m, func(c *C.struct_profile) { C.profile_free(c) }, m.c)
}

func (m *Merger) free() {
	if m.c != nil {
		m.closer.Stop()
		C.profile_free(m.c)
		m.c = nil
	}
}

func (m *Merger) check() error {
	if m.closed {
		return errClosed
	}
	if m.c == nil {
		m.open()
	}
	if m.c == nil {
		return &Error{Code: NoMemory}
	}
	return nil
}

// Add adds one profile, all of it or, with an error, nothing: the Merger goes on as if the profile had not been there. Only after the error
// NoMemory is it empty.
func (m *Merger) Add(profile []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return err
	}
	var fault C.struct_merge_fault
	code := C.profile_decode(m.c, unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile)), &m.limits, nil, &fault)
	if code == C.MERGE_OK {
		return nil
	}
	if code == C.MERGE_NO_MEMORY {
		m.free()
	}
	return newError(code, &fault)
}

// Scale multiplies all values of a sample type that were added so far, rounded so that their sum is right to half a unit.
func (m *Merger) Scale(sampleType string, factor float64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return err
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if code := C.profile_scale_sample_type(m.c, *cStrings(&pinner, sampleType), C.double(factor)); code != C.MERGE_OK {
		return &Error{Code: Code(code), Text: "no sample type " + sampleType}
	}
	return nil
}

// Keep leaves out all sample types but these, which come in this order.
func (m *Merger) Keep(sampleTypes ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return err
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if code := C.profile_keep_sample_types(m.c, cStrings(&pinner, sampleTypes...), C.size_t(len(sampleTypes))); code != C.MERGE_OK {
		return &Error{Code: Code(code), Text: fmt.Sprintf("of the sample types %q", sampleTypes)}
	}
	return nil
}

// Saturated is the number of sums and products so far that did not fit an int64 and were stopped at its end.
func (m *Merger) Saturated() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.c == nil {
		return 0
	}
	return uint64(C.profile_saturated_count(m.c))
}

// Result is the sum of all profiles so far. More may be added after it.
func (m *Merger) Result(output Output) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return nil, err
	}
	C.profile_trim(m.c)
	var out C.struct_wire_writer
	defer C.wire_free(&out)
	if code := C.encode_packed(m.c, output.Compression.c(), C.int(output.Level), &out); code != C.MERGE_OK {
		return nil, &Error{Code: Code(code)}
	}
	return bytesOf(&out), nil
}

// Close frees the memory of the Merger. A second call does nothing.
func (m *Merger) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.free()
}

// cStrings are texts as C has them, until pinner lets go of them: C.CString ends the process when there is no memory. There is one entry more
// than texts, so that there is a first one.
func cStrings(pinner *runtime.Pinner, texts ...string) **C.char {
	out := make([]*C.char, len(texts)+1)
	pinner.Pin(&out[0])
	for i, text := range texts {
		bytes := append([]byte(text), 0)
		pinner.Pin(&bytes[0])
		out[i] = (*C.char)(unsafe.Pointer(&bytes[0]))
	}
	return &out[0]
}

// DeltaRule says what becomes of a counter that went backwards and of a stack that vanished.
type DeltaRule int

const (
	// NeverNegative: a counter that went backwards was reset, and its current value is the delta. Vanished stacks are not in the result.
	NeverNegative DeltaRule = C.DELTA_NEVER_NEGATIVE
	// LikeFastdelta: a decrease is a negative value. Vanished stacks are not in the result.
	LikeFastdelta DeltaRule = C.DELTA_LIKE_FASTDELTA
	// LikePprof: a decrease is a negative value, and a vanished stack has the negative of its last values, as in google/pprof's Merge with
	// the last profile times -1.
	LikePprof DeltaRule = C.DELTA_LIKE_PPROF
)

// DeltaOptions: all but Types may be left as they are.
type DeltaOptions struct {
	Types  []string // sample types to be subtracted; all others pass through as they are
	Rule   DeltaRule
	Output Output
	Limits *Limits // of each profile, nil: the defaults
	// TellsOnce is for a series that is sent: what earlier results have told is not told again after an error. The next profile is then
	// compared with that of the error; where that could not be kept, the next one is only kept (NotFound) for the one after it.
	TellsOnce bool
}

// Delta turns a series of cumulative profiles, such as Go's heap profile, into what happened between one and the next.
// Its methods may be called from several goroutines.
type Delta struct {
	mu      sync.Mutex
	c       *C.struct_delta // guarded by mu; nil: closed, or there was no memory for it
	closed  bool            // guarded by mu
	closer  runtime.Cleanup // guarded by mu
	options DeltaOptions
	// What C writes to; here, since a variable of Append would be allocated at each call. Guarded by mu.
	out   *C.uint8_t
	size  C.size_t
	fault C.struct_merge_fault
}

// NewDelta makes a Delta that subtracts the sample types of these names, such as "alloc_objects" and "alloc_space" for a heap profile,
// "contentions" and "delay" for a mutex profile. All other types pass through as they are.
func NewDelta(types ...string) *Delta { return NewDeltaWith(DeltaOptions{Types: types}) }

// NewDeltaWith is NewDelta with all options.
func NewDeltaWith(options DeltaOptions) *Delta {
	d := &Delta{options: options}
	d.options.Types = slices.Clone(options.Types)
	d.open()
	return d
}

func (d *Delta) open() {
	limits := d.options.Limits.c()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&limits)
	d.c = C.delta_new_with(&C.struct_delta_options{types: cStrings(&pinner, d.options.Types...), type_count: C.size_t(len(d.options.Types)),
		rule: C.enum_delta_rule(d.options.Rule), level: C.int(d.options.Output.Level), limits: &limits,
		tells_once: C.bool(d.options.TellsOnce)})
	if d.c != nil {
		d.closer = runtime.AddCleanup(d, func(c *C.struct_delta) { C.delta_free(c) }, d.c)
	}
}

// Next returns what happened since the profile before. The first profile passes as it is. Values are never negative, unless the rule says
// so: a counter that went backwards was reset, and its current value is the delta. The duration is the time since the profile before.
//
// Errors are of type *[Error], but for the one that the Delta is closed. After an error the next profile passes as the first one did, unless
// TellsOnce.
func (d *Delta) Next(profile []byte) ([]byte, error) { return d.Append(nil, profile) }

// Append is Next that appends the result to a buffer of the caller's, so that it costs no allocation when that is large enough. With an
// error the buffer comes back as it was.
func (d *Delta) Append(buffer, profile []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return buffer, errClosed
	}
	if d.c == nil {
		d.open()
	}
	if d.c == nil {
		return buffer, &Error{Code: NoMemory}
	}
	compression := d.options.Output.Compression.c()
	code := C.delta_step(d.c, unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile)), compression, &d.out, &d.size, &d.fault)
	if code != C.MERGE_OK {
		return buffer, newError(code, &d.fault)
	}
	return append(buffer, unsafe.Slice((*byte)(unsafe.Pointer(d.out)), int(d.size))...), nil
}

// Saturated is the number of sums and differences so far that did not fit an int64 and were stopped at its end.
func (d *Delta) Saturated() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.c == nil {
		return 0
	}
	return uint64(C.delta_saturated_count(d.c))
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
