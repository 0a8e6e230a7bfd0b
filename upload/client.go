//go:build cgo && !cmemprof_no_libcurl

package upload

// #cgo LDFLAGS: -lcurl
// #include "upload.h"
import "C"

import (
	"context"
	"sync"
)

// Client sends batches and keeps its connection for the next one. Its methods are safe for concurrent use; sends are serialized.
type Client struct {
	mu     sync.Mutex
	c      *C.struct_upload_client // guarded by mu; nil: before the first send, or if there was no memory
	closed bool                    // guarded by mu
}

// NewClient returns a Client. Call [Client.Close] when done.
func NewClient() *Client { return &Client{} }

// Close closes the connection. A second call does nothing.
func (k *Client) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	C.upload_client_close(k.c)
	k.c, k.closed = nil, true
}

// Send sends the batch and waits for the answer. It returns nil if the server answered 2xx, else an *[Error]; if ctx ends before the answer,
// its Code is [Cancelled]. It does not retry.
func (k *Client) Send(ctx context.Context, r Request) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return &Error{Code: Cancelled, Text: "the client is closed"}
	}
	if ctx.Err() != nil {
		return &Error{Code: Cancelled, Text: ctx.Err().Error()}
	}
	if k.c == nil {
		k.c = C.upload_client_open()
	}
	if k.c == nil {
		return &Error{Code: NoMemory}
	}
	request, err := newRequest(r)
	if err != nil {
		return err
	}
	defer request.free()
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.upload_cancel_now(&request.cancel)
		close(cancelled)
	})
	var result C.struct_upload_result
	C.upload_client_send(k.c, &request.c, &request.cancel, &result)
	if !stop() {
		<-cancelled // the callback writes to the request, which is unpinned on return
	}
	return fromResult(&result)
}
