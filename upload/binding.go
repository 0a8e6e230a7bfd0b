// Package upload sends one batch of profiles to a Datadog Agent, or to anything that takes its uploads, with libcurl.
//
// It is the Go face of upload.h, which says what a batch looks like on the wire and which dangers are kept away from the process.
package upload

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer
// #cgo LDFLAGS: -lcurl -pthread
// #include <stdlib.h>
// #include "upload.h"
import "C"

import (
	"context"
	"embed"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"
)

// cmd/go hashes only the headers of a package's own folder; embedding them makes every change of one rebuild what uses it.
//
//go:embed *.h
var _ embed.FS

// Code is the kind of an Error; the values are those of enum upload_error.
type Code int

const (
	NoMemory    Code = C.UPLOAD_NO_MEMORY
	BadURL      Code = C.UPLOAD_BAD_URL     // not an http or https URL
	BadRequest  Code = C.UPLOAD_BAD_REQUEST // a header with a line break, a missing name
	Unreachable Code = C.UPLOAD_UNREACHABLE // no connection: refused, no such host, no such socket
	Timeout     Code = C.UPLOAD_TIMEOUT     // a time-out passed
	Interrupted Code = C.UPLOAD_INTERRUPTED // the connection broke before the answer was complete
	Cancelled   Code = C.UPLOAD_CANCELLED   // the context ended
	Rejected    Code = C.UPLOAD_REJECTED    // the server answered, but not 2xx
	TLS         Code = C.UPLOAD_TLS         // certificate or handshake
)

// String names the code, as "no connection" for Unreachable.
func (c Code) String() string {
	return C.GoString(C.upload_error_text(C.enum_upload_error(c)))
}

// Error says why a batch did not arrive.
type Error struct {
	Code   Code
	Status int    // the HTTP status, 0 without an answer
	Text   string // one line: libcurl's words, or the start of the server's answer
}

func (e *Error) Error() string {
	kind := e.Code.String()
	if e.Status != 0 {
		kind = fmt.Sprintf("%s with status %d", kind, e.Status)
	}
	if e.Text == "" || e.Text == kind {
		return kind
	}
	return kind + ": " + e.Text
}

// Attachment is one profile of a batch.
type Attachment struct {
	Name  string // "delta-heap.pprof"
	Bytes []byte
}

// Request is one batch and where it goes.
type Request struct {
	URL            string // "http://localhost:8126/profiling/v1/input"
	UnixSocket     string // path of a socket, or "" for TCP
	Headers        map[string]string
	Attachments    []Attachment
	Event          []byte        // event.json
	ConnectTimeout time.Duration // 0: 5 s
	Timeout        time.Duration // 0: 10 s, for the whole of it
}

// Send sends the batch and waits for the answer. nil: the server answered 2xx. Any other end is an *Error; when ctx ends before the answer,
// its Code is Cancelled. Nothing is tried twice. Safe for any number of goroutines.
func Send(ctx context.Context, r Request) error {
	if ctx.Err() != nil {
		return &Error{Code: Cancelled, Text: ctx.Err().Error()}
	}
	if err := check(r); err != nil {
		return err
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	memory := cMemory{}
	defer memory.free()
	request := build(r, &memory, &pinner)

	cancel := (*C.struct_upload_cancel)(memory.array(1, C.sizeof_struct_upload_cancel))
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.upload_cancel_now(cancel)
		close(cancelled)
	})
	var result C.struct_upload_result
	C.upload_send(&request, cancel, &result)
	if !stop() {
		<-cancelled // cancel is freed on return
	}
	if result.error == C.UPLOAD_OK {
		return nil
	}
	text := strings.ToValidUTF8(C.GoString(&result.text[0]), "?")
	return &Error{Code: Code(result.error), Status: int(result.status), Text: text}
}

// check refuses what would be cut short on its way to C.
func check(r Request) error {
	texts := []string{r.URL, r.UnixSocket}
	for name, value := range r.Headers {
		texts = append(texts, name, value)
	}
	for _, a := range r.Attachments {
		texts = append(texts, a.Name)
	}
	for _, text := range texts {
		if strings.ContainsRune(text, 0) {
			return &Error{Code: BadRequest, Text: "a text with a zero byte"}
		}
	}
	return nil
}

// build makes the C form of r. Texts and arrays are copied into C memory, profiles are not: they are pinned, as C memory points to them.
func build(r Request, memory *cMemory, pinner *runtime.Pinner) C.struct_upload_request {
	request := C.struct_upload_request{
		url:                memory.text(r.URL),
		header_count:       C.size_t(len(r.Headers)),
		attachment_count:   C.size_t(len(r.Attachments)),
		event_size:         C.size_t(len(r.Event)),
		connect_timeout_ms: milliseconds(r.ConnectTimeout),
		total_timeout_ms:   milliseconds(r.Timeout),
	}
	if r.UnixSocket != "" {
		request.unix_socket = memory.text(r.UnixSocket)
	}
	if len(r.Headers) > 0 {
		request.headers = (**C.char)(memory.array(len(r.Headers), int(unsafe.Sizeof((*C.char)(nil)))))
		headers := unsafe.Slice(request.headers, len(r.Headers))[:0]
		for name, value := range r.Headers {
			headers = append(headers, memory.text(name+": "+value))
		}
	}
	if len(r.Attachments) > 0 {
		request.attachments = (*C.struct_upload_attachment)(memory.array(len(r.Attachments), C.sizeof_struct_upload_attachment))
		attachments := unsafe.Slice(request.attachments, len(r.Attachments))
		for i, a := range r.Attachments {
			attachments[i] = C.struct_upload_attachment{
				name:  memory.text(a.Name),
				bytes: pinned(pinner, a.Bytes),
				size:  C.size_t(len(a.Bytes)),
			}
		}
	}
	request.event = pinned(pinner, r.Event)
	return request
}

func pinned(pinner *runtime.Pinner, bytes []byte) unsafe.Pointer {
	if len(bytes) == 0 {
		return nil
	}
	pinner.Pin(&bytes[0])
	return unsafe.Pointer(&bytes[0])
}

// milliseconds rounds up: a short time-out must not become 0, which means the default.
func milliseconds(d time.Duration) C.long {
	if d < 0 {
		return -1
	}
	return C.long(d/time.Millisecond) + C.long(min(d%time.Millisecond, 1))
}

// cMemory owns what one Send takes from malloc.
type cMemory struct {
	blocks []unsafe.Pointer
}

func (m *cMemory) text(s string) *C.char {
	text := C.CString(s)
	m.blocks = append(m.blocks, unsafe.Pointer(text))
	return text
}

// array gives zeroed memory. Without these few bytes the process is at its end: C.CString does the same.
func (m *cMemory) array(count, size int) unsafe.Pointer {
	block := C.calloc(C.size_t(count), C.size_t(size))
	if block == nil {
		panic("upload: out of memory")
	}
	m.blocks = append(m.blocks, block)
	return block
}

func (m *cMemory) free() {
	for _, block := range m.blocks {
		C.free(block)
	}
}
