//go:build cgo

package upload

// #include "upload.h"
import "C"

import (
	"runtime"
	"strings"
	"time"
	"unsafe"
)

// request is a Request in C form, for the duration of a call. It is pinned Go memory: C.CString and C.malloc would end the process if there is
// no memory.
type request struct {
	c      C.struct_upload_request
	pinner runtime.Pinner
}

// check refuses strings that C would truncate and values that could inject headers.
func check(r Request) error {
	if r.Event == nil || r.Timeout < 0 {
		return &Error{Code: BadRequest, Text: "no event, or a negative time-out"}
	}
	headers := r.BatchHeaders
	for name, value := range r.Headers {
		headers = append(headers[:len(headers):len(headers)], name, value)
	}
	names := []string{r.URL, r.UnixSocket}
	for _, a := range r.Attachments {
		names = append(names, a.Name)
	}
	if strings.ContainsRune(strings.Join(append(names, headers...), ""), 0) {
		return &Error{Code: BadRequest, Text: "a text with a zero byte"}
	}
	if strings.ContainsAny(strings.Join(headers, ""), "\r\n") {
		return &Error{Code: BadRequest, Text: "header with a line break"}
	}
	return nil
}

// newRequest has the batch of r only. The caller must call free unless it returns an error.
func newRequest(r Request) (*request, error) {
	if err := check(Request{Attachments: r.Attachments, BatchHeaders: r.BatchHeaders, Event: r.Event}); err != nil {
		return nil, err
	}
	q := &request{}
	q.pinner.Pin(q)
	q.c = C.struct_upload_request{
		attachments:        q.attachments(r.Attachments),
		attachment_count:   C.size_t(len(r.Attachments)),
		batch_headers:      q.texts(r.BatchHeaders),
		batch_header_count: C.size_t(len(r.BatchHeaders)),
		event:              q.pinned(r.Event),
		event_size:         C.size_t(len(r.Event)),
	}
	return q, nil
}

func (q *request) free() { q.pinner.Unpin() }

// text returns s as a C string, valid until pinner unpins it.
func text(pinner *runtime.Pinner, s string) *C.char {
	bytes := append([]byte(s), 0)
	pinner.Pin(&bytes[0])
	return (*C.char)(unsafe.Pointer(&bytes[0]))
}

func (q *request) texts(list []string) **C.char {
	if len(list) == 0 {
		return nil
	}
	array := make([]*C.char, len(list))
	q.pinner.Pin(&array[0])
	for i, s := range list {
		array[i] = text(&q.pinner, s)
	}
	return &array[0]
}

func (q *request) attachments(list []Attachment) *C.struct_upload_attachment {
	if len(list) == 0 {
		return nil
	}
	array := make([]C.struct_upload_attachment, len(list))
	q.pinner.Pin(&array[0])
	for i, a := range list {
		array[i] = C.struct_upload_attachment{name: text(&q.pinner, a.Name), bytes: q.pinned(a.Bytes), size: C.size_t(len(a.Bytes))}
	}
	return &array[0]
}

// pinned also accepts C memory, which needs no pin.
func (q *request) pinned(bytes []byte) unsafe.Pointer {
	if len(bytes) == 0 {
		return nil
	}
	q.pinner.Pin(&bytes[0])
	return unsafe.Pointer(&bytes[0])
}

// toResult converts the error of a send to a C result.
func toResult(err error, result *C.struct_upload_result) {
	if err == nil {
		return
	}
	e := toError(err)
	result.error = C.enum_upload_error(e.Code)
	result.status = C.long(e.Status)
	result.retry_after_ms = C.uint64_t(e.RetryAfter / time.Millisecond)
	for i := range min(len(e.Text), len(result.text)-1) {
		result.text[i] = C.char(e.Text[i])
	}
}
