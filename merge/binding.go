// Package merge merges and subtracts profiles in pprof format (profile.proto): heap, CPU, mutex, block and any other.
//
// The engine is the C code of this folder, which needs libc only; gzip and zstd are Go's part (pack.go). Input profiles may be compressed with
// either, or uncompressed. Results are compressed with gzip, as those of runtime/pprof, or as set by [Output]. merge.h defines equality in full.
//
// Two samples are equal if their stacks and labels are: same functions, lines, columns and addresses, same mapping. Sample types
// are matched by name. Values are summed and saturate at the ends of int64. Input is not trusted: its size, stack depth and
// number of sample types are limited, and faults are returned as an [Error].
package merge

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
#include "compress.h"
#include "merge.h"
#include "profile.h"
#include "version.h"
// cgo of Go 1.25 takes the variable for a macro, since namespace.h defines its name, and then cannot copy it, since it is const.
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

	_ "github.com/cmemprof/cmemprof/base" // headers that the C code includes
)

// cmd/go rebuilds a package when a file of its own directory changes. Other packages include merge.h: embedding it makes them depend on it.
//
//go:embed *.h
var _ embed.FS

// Version of cmemprof.
const Version = C.CMEMPROF_VERSION

// Code is the kind of an [Error].
type Code int

const (
	NoMemory       Code = C.MERGE_NO_MEMORY
	Truncated      Code = C.MERGE_TRUNCATED       // the input ends too early
	Malformed      Code = C.MERGE_MALFORMED       // the input is not a profile
	BadCompression Code = C.MERGE_BAD_COMPRESSION // the gzip or zstd stream is damaged
	TooLarge       Code = C.MERGE_TOO_LARGE       // the input is over a limit
	TypesDiffer    Code = C.MERGE_TYPES_DIFFER    // two profiles have different sample types
	NotFound       Code = C.MERGE_NOT_FOUND       // the profile lacks the given sample type
)

// String returns a short description, such as "truncated input".
func (c Code) String() string { return C.GoString(C.merge_error_text(C.enum_merge_error(c))) }

// Error describes the fault of an input.
type Error struct {
	Code   Code
	Offset int    // byte of the inflated input where it was detected
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

// Limits of one input. 0 means the default. Exceeding a limit is an error with the code [TooLarge].
type Limits struct {
	InputBytes   int // inflated size; default 256 MiB
	StringBytes  int // of one string; default 16 MiB
	DepthFrames  int // frames of one sample, including inlined ones; default 10,000
	TotalFrames  int // frames of all samples of one input; default 64 Mi
	SampleTypes  int // default 64
	InflateRatio int // maximum ratio of inflated to compressed size, the first MiB is exempt; default 256, negative: any
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
	if l.InflateRatio < 0 {
		limits.inflate_ratio = 0
	}
	return limits
}

// Compression is the format of results.
type Compression int

const (
	Gzip Compression = iota
	Zstd
	Raw
)

// Output sets how a result is compressed.
type Output struct {
	Compression Compression
	Level       int // 1 to 9 for gzip; 1 to 22 for zstd, of which klauspost/compress has four; 0: the default, 1
}

// Total is the sum of one sample type over the samples of a profile.
type Total struct {
	Type, Unit string
	All        int64
	C, Mapped  int64 // of the samples with the label memory=C, and with memory=mmap
}

// Totals sums a profile's values in one pass, without building the profile.
func Totals(profile []byte) ([]Total, error) {
	u := takeUnpacker()
	defer u.give()
	var limits *Limits
	profile, err := u.unpack(profile, limits.c())
	if err != nil {
		return nil, err
	}
	var totals C.struct_totals
	var fault C.struct_merge_fault
	if code := C.totals_read(unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile)), nil, &totals, &fault); code != C.MERGE_OK {
		return nil, newError(code, &fault)
	}
	sums := make([]Total, totals.type_count)
	for i := range sums {
		t := &totals.types[i]
		sums[i] = Total{C.GoString(&t.name[0]), C.GoString(&t.unit[0]), int64(t.total), int64(t.c_total), int64(t.mapped_total)}
	}
	return sums, nil
}

// Merge sums profiles. The first mapping of the first profile stays first; pprof takes it for the main program. Time is the earliest,
// duration the sum. Samples with only zero values, and entries that only they use, are omitted.
//
// All profiles must have the same sample types, in any order. Errors are of type *[Error] and name the profile by its index.
func Merge(profiles ...[]byte) ([]byte, error) { return MergeTo(Output{}, profiles...) }

// MergeTo is [Merge] with a result that is compressed as output says.
func MergeTo(output Output, profiles ...[]byte) ([]byte, error) {
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
	return m.Result(output)
}

var errClosed = errors.New("merge: used after Close")

// MergerOptions configures a [Merger]. The zero value has the defaults.
type MergerOptions struct {
	Union      bool     // profiles may have different sample types; the result has all of them
	DropLabels []string // labels with these keys are ignored; samples that differ only in them become one
	KeepTexts  []string // if not nil: labels with other keys are ignored if their value is a text. Instead of DropLabels
	// DropComments ignores comments that begin so; "": none.
	DropComments string
	// CutPaths ends the paths of source files at their module, and leaves of those of libraries the name (merge.h).
	CutPaths     bool
	PathPrefixes []PathPrefix
	Limits       *Limits // for each profile; nil: the defaults
}

// PathPrefix is how paths begin, such as "/home/me/app/", and what stands there instead, such as "example.com/app/".
type PathPrefix struct{ Prefix, Instead string }

// Merger sums profiles incrementally. It needs memory for the result and one input.
// Its methods are safe for concurrent use.
type Merger struct {
	mu      sync.Mutex
	c       *C.struct_profile // guarded by mu; nil: closed, or no memory
	closed  bool              // guarded by mu
	closer  runtime.Cleanup   // guarded by mu
	options MergerOptions
	limits  C.struct_merge_limits
}

// NewMerger returns an empty Merger. Call [Merger.Close] when done.
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
	if len(m.options.DropLabels) > 0 {
		var pinner runtime.Pinner
		defer pinner.Unpin()
		C.profile_drop_labels(m.c, cStrings(&pinner, m.options.DropLabels...), C.size_t(len(m.options.DropLabels)))
	}
	m.redact()
	m.closer = runtime.AddCleanup(m, func(c *C.struct_profile) { C.profile_free(c) }, m.c)
}

func (m *Merger) redact() {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if keys := m.options.KeepTexts; keys != nil {
		C.profile_keep_texts(m.c, cStrings(&pinner, keys...), C.size_t(len(keys)))
	}
	if m.options.DropComments != "" {
		C.profile_drop_comments(m.c, *cStrings(&pinner, m.options.DropComments))
	}
	if m.options.CutPaths {
		prefixes := make([]C.struct_profile_path_prefix, len(m.options.PathPrefixes)+1)
		for i, p := range m.options.PathPrefixes {
			prefixes[i] = C.struct_profile_path_prefix{prefix: *cStrings(&pinner, p.Prefix), instead: *cStrings(&pinner, p.Instead)}
		}
		C.profile_cut_paths(m.c, &prefixes[0], C.size_t(len(m.options.PathPrefixes)))
	}
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

// Add adds one profile. After an error the Merger is unchanged and may be used further; after [NoMemory] it is empty.
func (m *Merger) Add(profile []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return err
	}
	u := takeUnpacker()
	defer u.give()
	profile, err := u.unpack(profile, m.limits)
	if err != nil {
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

// Scale multiplies all values of a sample type added so far. Values are rounded so that their sum is exact to half a unit.
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

// Keep drops all sample types but these and puts them in this order.
func (m *Merger) Keep(sampleTypes ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return err
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if code := C.profile_keep_sample_types(m.c, cStrings(&pinner, sampleTypes...), C.size_t(len(sampleTypes))); code != C.MERGE_OK {
		return &Error{Code: Code(code), Text: fmt.Sprintf("one of the sample types %q", sampleTypes)}
	}
	return nil
}

// Saturated returns the number of sums and products so far that saturated at an end of int64.
func (m *Merger) Saturated() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.c == nil {
		return 0
	}
	return uint64(C.profile_saturated_count(m.c))
}

// Result returns the sum of all profiles so far. More may be added afterwards.
func (m *Merger) Result(output Output) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(); err != nil {
		return nil, err
	}
	C.profile_trim(m.c)
	var out C.struct_wire_writer
	defer C.wire_free(&out)
	if code := C.encode_packed(m.c, C.MERGE_RAW, 0, &out); code != C.MERGE_OK {
		return nil, &Error{Code: Code(code)}
	}
	return output.append(nil, unsafe.Slice((*byte)(unsafe.Pointer(out.bytes)), int(out.size))), nil
}

// Close frees the memory of the Merger. A second call does nothing.
func (m *Merger) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.free()
}

// cStrings returns texts as C strings in Go memory, valid until pinner unpins them: C.CString would end the process if there is no memory. The
// array has an additional entry, so that it is never empty.
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

// DeltaRule sets how decreased counters and vanished stacks are treated.
type DeltaRule int

const (
	// NeverNegative treats a decreased counter as reset: its current value is the delta. Vanished stacks are omitted.
	NeverNegative DeltaRule = C.DELTA_NEVER_NEGATIVE
	// LikeFastdelta gives negative values for decreases. Vanished stacks are omitted.
	LikeFastdelta DeltaRule = C.DELTA_LIKE_FASTDELTA
	// LikePprof gives negative values for decreases, and vanished stacks the negative of their last values, like google/pprof's Merge with
	// the last profile times -1.
	LikePprof DeltaRule = C.DELTA_LIKE_PPROF
)

// DeltaOptions configures a [Delta]. Only Types is required.
type DeltaOptions struct {
	Types  []string // sample types to subtract; all others are copied
	Rule   DeltaRule
	Output Output
	Limits *Limits // for each profile; nil: the defaults
	// TellsOnce is for deltas that are sent: after an error nothing is reported twice. The next profile is compared with the one of the
	// failed call. If that could not be stored, the next profile is only stored, and Next returns an error with the code NotFound.
	TellsOnce bool
}

// Delta turns a series of cumulative profiles, such as Go's heap profile, into delta profiles.
// Its methods are safe for concurrent use.
type Delta struct {
	mu      sync.Mutex
	c       *C.struct_delta // guarded by mu; nil: closed, or there was no memory for it
	closed  bool            // guarded by mu
	closer  runtime.Cleanup // guarded by mu
	options DeltaOptions
	limits  C.struct_merge_limits
	// Outputs of C calls; local variables of Append would be heap-allocated at each call. Guarded by mu.
	out   *C.uint8_t
	size  C.size_t
	fault C.struct_merge_fault
}

// NewDelta returns a Delta that subtracts the given sample types, such as "alloc_objects" and "alloc_space" for a heap profile,
// "contentions" and "delay" for a mutex profile. All other types are copied. Call [Delta.Close] when done.
func NewDelta(types ...string) *Delta { return NewDeltaWith(DeltaOptions{Types: types}) }

// NewDeltaWith is [NewDelta] with all options.
func NewDeltaWith(options DeltaOptions) *Delta {
	d := &Delta{options: options, limits: options.Limits.c()}
	d.options.Types = slices.Clone(options.Types)
	d.open()
	return d
}

func (d *Delta) open() {
	limits := d.limits
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&limits)
	d.c = C.delta_new_with(&C.struct_delta_options{types: cStrings(&pinner, d.options.Types...), type_count: C.size_t(len(d.options.Types)),
		rule: C.enum_delta_rule(d.options.Rule), limits: &limits,
		tells_once: C.bool(d.options.TellsOnce)})
	if d.c != nil {
		d.closer = runtime.AddCleanup(d, func(c *C.struct_delta) { C.delta_free(c) }, d.c)
	}
}

// Next returns the change since the previous profile. The first profile is returned unchanged. Decreased counters are treated
// according to the [DeltaRule]. The duration is the time since the previous profile.
//
// Errors are of type *[Error], except after Close. After an error the next profile is treated like the first, unless
// TellsOnce is set.
func (d *Delta) Next(profile []byte) ([]byte, error) { return d.Append(nil, profile) }

// Append is [Delta.Next] that appends the result to buffer, so that it does not allocate if buffer is large enough. After an
// error buffer is returned unchanged.
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
	u := takeUnpacker()
	defer u.give()
	raw, unpackError := u.unpack(profile, d.limits)
	if unpackError != nil {
		raw = profile // which C refuses, too, and forgets what it must
	}
	code := C.delta_step(d.c, unsafe.Pointer(unsafe.SliceData(raw)), C.size_t(len(raw)), C.MERGE_RAW, &d.out, &d.size, &d.fault)
	if unpackError != nil {
		return buffer, unpackError
	}
	if code != C.MERGE_OK {
		return buffer, newError(code, &d.fault)
	}
	return d.options.Output.append(buffer, unsafe.Slice((*byte)(unsafe.Pointer(d.out)), int(d.size))), nil
}

// Part adds a part of a profile to a struct profile (merge.h), which must not be used after it returns.
type Part func(profile unsafe.Pointer) error

// Encoded is a part in pprof format, as [Delta.Next] takes a whole one. limits may be nil.
func Encoded(profile []byte, limits *Limits) Part {
	return func(to unsafe.Pointer) error {
		u := takeUnpacker()
		defer u.give()
		raw, err := u.unpack(profile, limits.c())
		if err != nil {
			return err
		}
		c := limits.c()
		var fault C.struct_merge_fault
		if code := C.profile_decode((*C.struct_profile)(to), unsafe.Pointer(unsafe.SliceData(raw)), C.size_t(len(raw)), &c, nil, &fault); code != C.MERGE_OK {
			return newError(code, &fault)
		}
		return nil
	}
}

// Join is [Delta.Next] for a profile that comes in parts, which are summed: C code adds its part without encoding it. The first mapping of the
// first part stays first. Only for NeverNegative.
//
// After an error of a part the next call covers the time since the last result. partial: the samples that are in none of these parts
// have their last values, since the part that has them failed.
func (d *Delta) Join(partial bool, parts ...Part) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errClosed
	}
	if d.c == nil {
		d.open()
	}
	var profile *C.struct_profile
	if d.c != nil {
		profile = C.delta_begin(d.c)
	}
	if profile == nil {
		return nil, &Error{Code: NoMemory}
	}
	ended := false
	defer func() {
		if !ended { // also if a part panics
			C.delta_cancel(d.c)
		}
	}()
	for _, part := range parts {
		if err := part(unsafe.Pointer(profile)); err != nil {
			return nil, err
		}
	}
	ended = true
	if code := C.delta_end(d.c, C.bool(partial), &d.out, &d.size, &d.fault); code != C.MERGE_OK {
		return nil, newError(code, &d.fault)
	}
	return d.options.Output.append(nil, unsafe.Slice((*byte)(unsafe.Pointer(d.out)), int(d.size))), nil
}

// Saturated returns the number of sums and differences so far that saturated at an end of int64.
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
