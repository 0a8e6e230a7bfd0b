package upload_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

func sendHTTP(ctx context.Context, r upload.Request) error {
	return upload.SendHTTP(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, r)
}

func TestSendHTTP(t *testing.T) {
	var got received
	server := httptest.NewServer(&got)
	defer server.Close()
	if err := sendHTTP(t.Context(), request(server.URL)); err != nil {
		t.Fatal(err)
	}
	got.check(t)
}

// Both clients return the same error codes.
func TestErrorsOfHTTP(t *testing.T) {
	server := httptest.NewServer(readFirst(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		http.Error(w, "disk\nfull \xff", http.StatusServiceUnavailable)
	}))
	for name, send := range map[string]func(context.Context, upload.Request) error{"a client of its own": upload.Send, "the caller's client": sendHTTP} {
		t.Run(name, func(t *testing.T) {
			err := send(t.Context(), request(server.URL))
			wantError(t, err, upload.Rejected, 503, "rejected by the server with status 503: disk full ?")
			if e := err.(*upload.Error); e.RetryAfter != 7*time.Second {
				t.Errorf("retry after %s", e.RetryAfter)
			}
			wantError(t, send(t.Context(), request("http://127.0.0.1:1/")), upload.Unreachable, 0, "no connection: ")
			wantError(t, send(t.Context(), request("file:///etc/passwd")), upload.BadURL, 0, "file")
			wantError(t, send(t.Context(), request("http://a\x00b")), upload.BadRequest, 0, "zero byte")
			silent, _ := silentServer(t)
			r := request(silent)
			r.Timeout = 100 * time.Millisecond
			wantError(t, send(t.Context(), r), upload.Timeout, 0, "time-out")
			silent, asked := silentServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-asked
				cancel()
			}()
			wantError(t, send(ctx, request(silent)), upload.Cancelled, 0, "cancelled")
			foreign := httptest.NewUnstartedServer(http.NotFoundHandler())
			foreign.Config.ErrorLog = log.New(io.Discard, "", 0)
			foreign.StartTLS()
			defer foreign.Close()
			wantError(t, send(t.Context(), request(foreign.URL)), upload.TLS, 0, "TLS failed: ")
		})
	}
	server.Close()
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer thief.Close()
	server := httptest.NewServer(readFirst(http.RedirectHandler(thief.URL, http.StatusPermanentRedirect).ServeHTTP))
	defer server.Close()
	wantError(t, upload.Send(t.Context(), request(server.URL)), upload.Rejected, 308, "")
	wantError(t, sendHTTP(t.Context(), request(server.URL)), upload.Rejected, 308, "")
	if stolen.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

// A client reuses its connection.
func TestClientKeepsItsConnection(t *testing.T) {
	var mu sync.Mutex
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		connections[r.RemoteAddr] = true
	}))
	defer server.Close()
	client := upload.NewClient()
	for range 5 {
		if err := client.Send(t.Context(), request(server.URL)); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(connections) != 1 {
		t.Errorf("%d connections", len(connections))
	}
	client.Close()
	client.Close()
	wantError(t, client.Send(t.Context(), request(server.URL)), upload.Cancelled, 0, "closed")
}

// hasty is a transport that returns before it has read the body, as net/http's does if the server answers early.
type hasty struct{ body io.ReadCloser }

func (h *hasty) RoundTrip(r *http.Request) (*http.Response, error) {
	h.body = r.Body
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
}

// After SendHTTP the bytes belong to the queue, which frees them: nothing may read them then.
func TestBodyIsNotReadAfterTheAnswer(t *testing.T) {
	transport := &hasty{}
	if err := upload.SendHTTP(t.Context(), &http.Client{Transport: transport}, request("http://127.0.0.1:1/")); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, transport.body); n != 0 || err != io.ErrUnexpectedEOF {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestQueue(t *testing.T) {
	var got received
	server := httptest.NewServer(&got)
	defer server.Close()
	folder := t.TempDir()
	q := newQueue(t, upload.QueueOptions{Spool: folder, Period: 16 * time.Millisecond})
	want := request(server.URL)
	if err := q.Add(want); err != nil {
		t.Fatal(err)
	}
	b, _ := q.Next()
	if outcome := q.Settle(b, &upload.Error{Code: upload.Unreachable}); outcome != upload.Spooled {
		t.Errorf("outcome %d", outcome)
	}
	q.Close()
	if err := q.Add(want); err == nil {
		t.Error("a closed queue takes batches")
	}
	if b, wait := q.Next(); b != nil || wait != upload.Forever {
		t.Error("a closed queue gives batches")
	}

	q = newQueue(t, upload.QueueOptions{Spool: folder}) // as the next process would
	r := upload.Request{URL: server.URL, Headers: want.Headers}
	b, _ = q.Next()
	b.Fill(&r)
	err := upload.Send(t.Context(), r)
	if outcome := q.Settle(b, err); outcome != upload.Sent {
		t.Errorf("outcome %d: %v", outcome, err)
	}
	got.check(t)
	if c := q.Close(); c.Sent != 1 || c.SpoolSent != 1 || c.SentBytes == 0 {
		t.Errorf("%+v", c)
	}
	if q.SpoolError() != "" {
		t.Error(q.SpoolError())
	}
	q = newQueue(t, upload.QueueOptions{Spool: folder, SpoolBytes: 1})
	if err := q.Add(want); err != nil {
		t.Fatal(err)
	}
	if c := q.Close(); c.Dropped != 1 || c.SpoolErrors != 2 || q.SpoolError() != "File too large" { // the second one on Close
		t.Errorf("%+v, %q", c, q.SpoolError())
	}
}

func TestDescribe(t *testing.T) {
	old := &upload.Error{Code: upload.Rejected, Status: 404, Text: "page not found"}
	for agent, want := range map[bool]string{
		false: "rejected by the server with status 404: page not found",
		true: "rejected by the server with status 404: page not found (Datadog Agents accept profiles since version 7.20 or 6.20; " +
			"this one is older)",
	} {
		if got := upload.Describe(fmt.Errorf("wrapped: %w", old), agent); got != want {
			t.Errorf("got %q", got)
		}
	}
	for code := upload.NoMemory; code <= upload.Forked; code++ { // texts equal C's
		if got := upload.Describe(&upload.Error{Code: code}, false); got != code.String() {
			t.Errorf("C calls %q %q", code, got)
		}
	}
}

func newQueue(t *testing.T, options upload.QueueOptions) *upload.Queue {
	t.Helper()
	q, err := upload.NewQueue(options)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
