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
	socket string       // of http; guarded by mu
	http   *http.Client // guarded by mu; nil: closed
}

// NewClient needs a Close.
func NewClient() *Client {
	return &Client{http: newHTTPClient("")}
}

// newHTTPClient does not build on http.DefaultTransport: programs put transports of their own there, or settings that are not for us. A socket
// is this machine, so no proxy is asked. How long connecting may take is for the context of the request to say.
func newHTTPClient(socket string) *http.Client {
	var dialer net.Dialer
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		DialContext:       dialer.DialContext,
		ForceAttemptHTTP2: true,
		MaxIdleConns:      1,
		IdleConnTimeout:   90 * time.Second,
	}
	if socket != "" {
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
	}
	return &http.Client{Transport: transport}
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
		k.socket, k.http = r.UnixSocket, newHTTPClient(r.UnixSocket)
	}
	return SendHTTP(ctx, k.http, r)
}
