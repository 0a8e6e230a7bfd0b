//go:build cgo && cmemprof_no_libcurl

package upload

// #include "upload.h"
import "C"

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Client sends one batch after the other and keeps its connection for the next. Safe for any number of goroutines, which wait for each other.
type Client struct {
	mu     sync.Mutex
	socket string       // guarded by mu
	http   *http.Client // guarded by mu; nil: closed
}

// NewClient needs a Close.
func NewClient() *Client {
	k := &Client{}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 1
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: 5 * time.Second}
		if k.socket != "" {
			network, address = "unix", k.socket
		}
		return d.DialContext(ctx, network, address)
	}
	k.http = &http.Client{Transport: transport}
	return k
}

// Close ends the connection. A second call does nothing.
func (k *Client) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.http != nil {
		k.http.CloseIdleConnections()
		k.http = nil
	}
}

// Send sends the batch and waits for the answer. nil: the server answered 2xx. Any other end is an *Error; when ctx ends before the answer,
// its Code is Cancelled. Nothing is tried twice.
func (k *Client) Send(ctx context.Context, r Request) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.http == nil {
		return &Error{Code: Cancelled, Text: "the client is closed"}
	}
	if r.UnixSocket != k.socket {
		k.http.CloseIdleConnections()
		k.socket = r.UnixSocket
	}
	return SendHTTP(ctx, k.http, r)
}
