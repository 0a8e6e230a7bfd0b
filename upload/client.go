//go:build cgo

package upload

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Client sends batches and keeps its connection for the next one. Its methods are safe for concurrent use; sends are serialized.
type Client struct {
	mu     sync.Mutex
	socket string       // of http; guarded by mu
	http   *http.Client // guarded by mu; nil: closed
}

// NewClient returns a Client. Call [Client.Close] when done.
func NewClient() *Client {
	return &Client{http: newHTTPClient("")}
}

// newHTTPClient does not use http.DefaultTransport, which programs replace or reconfigure. Sockets are local and bypass proxies. The
// request's context limits the time to connect; a connection that nobody waits for any more is given up, too.
func newHTTPClient(socket string) *http.Client {
	dialer := net.Dialer{Timeout: 30 * time.Second}
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

// Close closes the connection. A second call does nothing.
func (k *Client) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.http != nil {
		k.http.CloseIdleConnections()
		k.http = nil
	}
}

// Send sends the batch and waits for the answer. It returns nil if the server answered 2xx, else an *[Error]; if ctx ends before the answer,
// its Code is [Cancelled]. It does not retry.
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
