//go:build cgo

package merge

// #include "compress.h"
// #include "memory.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Gzip and zstd are Go's part: the C code of this folder needs libc only, and services need no library at run time. What is packed is
// unpacked into a buffer before C reads it, and packed after C has written it.

const (
	maxGzipLevel   = 9
	freeRatioBytes = 1 << 20 // exempt from the ratio limit, as in compress.c
	firstBytes     = 1 << 20 // of a buffer, at most; it doubles
	maxWindowBytes = 1 << 27 // as in codecs/zstd.c
)

// Compress compresses data. With [Raw] it copies.
func Compress(data []byte, output Output) ([]byte, error) { return output.append(nil, data), nil }

// Inflate decompresses gzip or zstd, detected by the magic bytes, and copies anything else. limits may be nil.
func Inflate(data []byte, limits *Limits) ([]byte, error) {
	u := takeUnpacker()
	defer u.give()
	raw, err := u.unpack(data, limits.c())
	if err != nil {
		return nil, err
	}
	if limit := int(limits.c().input_bytes); len(raw) > limit {
		return nil, &Error{Code: TooLarge, Text: fmt.Sprintf("input of %d bytes is over the limit of %d bytes", len(raw), limit)}
	}
	return bytes.Clone(raw), nil
}

// ---- Pack ----

// writer appends to bytes.
type writer struct{ bytes []byte }

func (w *writer) Write(p []byte) (int, error) {
	w.bytes = append(w.bytes, p...)
	return len(p), nil
}

type gzipPacker struct {
	to   writer
	gzip *gzip.Writer
}

var gzipPackers [maxGzipLevel + 1]sync.Pool // of *gzipPacker

// append appends raw, packed, to buffer.
func (o Output) append(buffer, raw []byte) []byte {
	level := max(o.Level, 1)
	switch o.Compression {
	case Raw:
		return append(buffer, raw...)
	case Zstd:
		return packZstd(buffer, raw, level)
	}
	level = min(level, maxGzipLevel)
	p, _ := gzipPackers[level].Get().(*gzipPacker)
	if p == nil {
		p = &gzipPacker{}
		p.gzip, _ = gzip.NewWriterLevel(&p.to, level) // fails for a wrong level only
	}
	p.to.bytes = buffer
	p.gzip.Reset(&p.to)
	_, _ = p.gzip.Write(raw) // to memory
	_ = p.gzip.Close()
	buffer, p.to.bytes = p.to.bytes, nil
	gzipPackers[level].Put(p)
	return buffer
}

func packZstd(buffer, raw []byte, level int) []byte {
	encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true)) // fails for wrong options only
	defer encoder.Close()
	return encoder.EncodeAll(raw, buffer)
}

// ---- Unpack ----

// unpacker inflates into memory of C's, which grows without being copied and returns to the system at once (memory.h): a service's Go heap
// would grow by twice as much, and keep it until the next collections.
type unpacker struct {
	from bytes.Reader
	gzip gzip.Reader
	out  C.struct_wire_writer
}

var unpackers sync.Pool

func takeUnpacker() *unpacker {
	if u, _ := unpackers.Get().(*unpacker); u != nil {
		return u
	}
	return &unpacker{}
}

func (u *unpacker) give() {
	C.wire_free(&u.out)
	u.from.Reset(nil)
	unpackers.Put(u)
}

// unpack returns data itself if it is not compressed, else what it inflates to, valid until give.
func (u *unpacker) unpack(data []byte, limits C.struct_merge_limits) ([]byte, error) {
	kind := C.compress_kind((*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)))
	switch kind {
	case C.MERGE_RAW:
		return data, nil
	case C.MERGE_LZ4:
		return nil, &Error{Code: BadCompression, Text: "LZ4 input is not supported here; decompress it first"}
	}
	limit, what := uint64(limits.input_bytes), "size"
	if ratio := uint64(limits.inflate_ratio); ratio > 0 && uint64(len(data)) < limit/ratio {
		if most := max(uint64(len(data))*ratio, freeRatioBytes); most < limit {
			limit, what = most, "compression ratio"
		}
	}
	name, inflate := "gzip", u.unpackGzip
	if kind == C.MERGE_ZSTD {
		name, inflate = "zstd", u.unpackZstd
	}
	u.from.Reset(data)
	err := inflate(limit)
	switch {
	case err == nil:
		return unsafe.Slice((*byte)(unsafe.Pointer(u.out.bytes)), int(u.out.size)), nil
	case errors.Is(err, errOverLimit):
		return nil, &Error{Code: TooLarge, Offset: int(limit), Text: fmt.Sprintf("inflated input is over the limit of %d bytes (%s)", limit, what)}
	case errors.Is(err, errNoMemory):
		return nil, &Error{Code: NoMemory, Text: fmt.Sprintf("no memory for more than %d bytes of inflated input", u.out.size)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &Error{Code: Truncated, Offset: int(u.out.size), Text: "the " + name + " stream ends too early"}
	}
	return nil, &Error{Code: BadCompression, Offset: int(u.out.size), Text: "the " + name + " stream is damaged: " + err.Error()}
}

var errOverLimit, errNoMemory = errors.New("over the limit"), errors.New("no memory")

func (u *unpacker) unpackGzip(limit uint64) error {
	if err := u.gzip.Reset(&u.from); err != nil {
		return unexpected(err)
	}
	return u.readAll(&u.gzip, limit)
}

func (u *unpacker) unpackZstd(limit uint64) error {
	decoder, err := zstd.NewReader(&u.from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindowBytes))
	if err != nil {
		return unexpected(err)
	}
	defer decoder.Close()
	return u.readAll(decoder, limit)
}

// readAll reads to one byte over the limit at most.
func (u *unpacker) readAll(from io.Reader, limit uint64) error {
	for {
		if u.out.size == u.out.capacity && !u.grow(limit) {
			return errNoMemory
		}
		room := unsafe.Slice((*byte)(unsafe.Pointer(u.out.bytes)), int(u.out.capacity))[u.out.size:]
		n, err := from.Read(room)
		u.out.size += C.size_t(n)
		if uint64(u.out.size) > limit {
			return errOverLimit
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unexpected(err)
		}
	}
}

func (u *unpacker) grow(limit uint64) bool {
	wanted := max(2*uint64(u.out.capacity), min(8*uint64(u.from.Size()), firstBytes), 4096)
	wanted = min(wanted, limit+1)
	grown := C.memory_resize(unsafe.Pointer(u.out.bytes), C.size_t(wanted))
	if grown == nil {
		return false
	}
	u.out.bytes, u.out.capacity = (*C.uint8_t)(grown), C.size_t(wanted)
	return true
}

// unexpected turns the end of an input that is not complete into io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
