package main

// #cgo LDFLAGS: -lzstd
// #include <zstd.h>
import "C"

import (
	"errors"
	"unsafe"
)

// archive compresses with the system's libzstd. Contexts take about a megabyte of C memory each, so they are pooled.
type archive struct {
	compressors   chan *C.ZSTD_CCtx
	decompressors chan *C.ZSTD_DCtx
}

const contexts = 2

func newArchive() *archive {
	a := &archive{compressors: make(chan *C.ZSTD_CCtx, contexts), decompressors: make(chan *C.ZSTD_DCtx, contexts)}
	for range contexts {
		a.compressors <- C.ZSTD_createCCtx()
		a.decompressors <- C.ZSTD_createDCtx()
	}
	return a
}

func (a *archive) close() {
	for range contexts {
		C.ZSTD_freeCCtx(<-a.compressors)
		C.ZSTD_freeDCtx(<-a.decompressors)
	}
}

func (a *archive) compress(text []byte) ([]byte, error) {
	context := <-a.compressors
	defer func() { a.compressors <- context }()
	packed := make([]byte, C.ZSTD_compressBound(C.size_t(len(text))))
	size := C.ZSTD_compressCCtx(context, unsafe.Pointer(unsafe.SliceData(packed)), C.size_t(len(packed)),
		unsafe.Pointer(unsafe.SliceData(text)), C.size_t(len(text)), 3)
	return finish(packed, size)
}

func (a *archive) decompress(packed []byte) ([]byte, error) {
	context := <-a.decompressors
	defer func() { a.decompressors <- context }()
	source := unsafe.Pointer(unsafe.SliceData(packed))
	length := C.ZSTD_getFrameContentSize(source, C.size_t(len(packed)))
	if length > 1<<20 { // or unknown; orders are small
		return nil, errors.New("zstd: not an order")
	}
	text := make([]byte, length)
	size := C.ZSTD_decompressDCtx(context, unsafe.Pointer(unsafe.SliceData(text)), C.size_t(length), source, C.size_t(len(packed)))
	return finish(text, size)
}

func finish(bytes []byte, size C.size_t) ([]byte, error) {
	if C.ZSTD_isError(size) != 0 {
		return nil, errors.New("zstd: " + C.GoString(C.ZSTD_getErrorName(size)))
	}
	return bytes[:size], nil
}
