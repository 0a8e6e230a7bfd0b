package upload_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

func request(url string) upload.Request {
	return upload.Request{
		URL:         url,
		Headers:     map[string]string{"DD-EVP-ORIGIN": "cmemprof", "X-Other": "1"},
		Attachments: []upload.Attachment{{Name: "delta-heap.pprof", Bytes: []byte("heap\x00\xff")}, {Name: "empty", Bytes: nil}},
		Event:       []byte(`{"version":"4"}`),
		Timeout:     time.Hour, // only tests of time-outs reach one
	}
}

// received is a handler that reads the whole batch and stores its parts by name.
type received struct {
	mu      sync.Mutex
	headers http.Header
	parts   map[string]string
}

func (r *received) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers, r.parts = req.Header, map[string]string{}
	reader, err := req.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		bytes, _ := io.ReadAll(part)
		r.parts[part.FormName()+" "+part.FileName()+" "+part.Header.Get("Content-Type")] = string(bytes)
	}
}

func (r *received) check(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	want := map[string]string{
		"delta-heap.pprof delta-heap.pprof application/octet-stream": "heap\x00\xff",
		"empty empty application/octet-stream":                       "",
		"event event.json application/json":                          `{"version":"4"}`,
	}
	for name, bytes := range want {
		if got, ok := r.parts[name]; !ok || got != bytes {
			t.Errorf("part %q: got %q, %v, want %q", name, got, ok, bytes)
		}
	}
	if len(r.parts) != len(want) || r.headers.Get("DD-EVP-ORIGIN") != "cmemprof" || r.headers.Get("X-Other") != "1" {
		t.Errorf("parts %q, headers %q", r.parts, r.headers)
	}
}

func checkSend(t *testing.T) {
	t.Helper()
	var got received
	server := httptest.NewServer(&got)
	defer server.Close()
	if err := upload.Send(t.Context(), request(server.URL)); err != nil {
		t.Fatal(err)
	}
	got.check(t)
}

func TestSend(t *testing.T) { checkSend(t) }

func TestSendOverUnixSocket(t *testing.T) {
	checkUnixSocket(t, filepath.Join(t.TempDir(), "agent.sock"))
	checkUnixSocket(t, fmt.Sprintf("@cmemprof-test-%d", os.Getpid())) // an abstract socket
}

func listenUnix(t *testing.T, path string) net.Listener {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func checkUnixSocket(t *testing.T, path string) {
	t.Helper()
	var got received
	server := &httptest.Server{Listener: listenUnix(t, path), Config: &http.Server{Handler: &got}}
	server.Start()
	defer server.Close()
	r := request("http://localhost/profiling/v1/input")
	r.UnixSocket = path
	if err := upload.Send(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got.check(t)
}

func TestSendFromManyGoroutines(t *testing.T) {
	server := httptest.NewServer(new(received))
	defer server.Close()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := upload.Send(t.Context(), request(server.URL)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func wantError(t *testing.T, err error, code upload.Code, status int, text string) {
	t.Helper()
	var e *upload.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *upload.Error", err)
	}
	if e.Code != code || e.Status != status || !strings.Contains(e.Error(), text) {
		t.Errorf("got %v (code %d, status %d), want %v, %d, %q", e, e.Code, e.Status, code, status, text)
	}
}

// readFirst answers after reading the whole request. Answering earlier and closing may reset the connection while the client sends.
func readFirst(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
	})
}

func TestErrors(t *testing.T) {
	server := httptest.NewServer(readFirst(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "disk\nfull \xff", http.StatusInternalServerError)
	}))
	wantError(t, upload.Send(t.Context(), request(server.URL)), upload.Rejected, 500, "rejected by the server with status 500: disk full ?")
	server.Close()
	wantError(t, upload.Send(t.Context(), request(server.URL)), upload.Unreachable, 0, "no connection: ")
	wantError(t, upload.Send(t.Context(), request("file:///etc/passwd")), upload.BadURL, 0, "file")
	wantError(t, upload.Send(t.Context(), request("http://a\x00b")), upload.BadRequest, 0, "zero byte")
	r := request(server.URL)
	r.Headers["X"] = "a\r\nDD-API-KEY: b"
	wantError(t, upload.Send(t.Context(), r), upload.BadRequest, 0, "line break")
	r = request(server.URL)
	r.Event = nil
	wantError(t, upload.Send(t.Context(), r), upload.BadRequest, 0, "no event")
	r = request(server.URL)
	r.Timeout = -1
	wantError(t, upload.Send(t.Context(), r), upload.BadRequest, 0, "time-out")
}

// silentServer accepts a request and answers only at the end of the test.
func silentServer(t *testing.T) (url string, asked chan struct{}) {
	end, asked := make(chan struct{}), make(chan struct{}, 8)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		asked <- struct{}{}
		<-end
	}))
	t.Cleanup(func() {
		close(end)
		server.Close()
	})
	return server.URL, asked
}

func TestTimeout(t *testing.T) {
	url, _ := silentServer(t)
	r := request(url)
	r.Timeout = 200 * time.Millisecond
	wantError(t, upload.Send(t.Context(), r), upload.Timeout, 0, "time-out")
	r.Timeout = time.Nanosecond // not 0, the default
	wantError(t, upload.Send(t.Context(), r), upload.Timeout, 0, "time-out")
}

func TestContextEndsTheCall(t *testing.T) {
	url, asked := silentServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	r := request(url)
	wantError(t, upload.Send(ctx, r), upload.Cancelled, 0, "cancelled")
	wantError(t, upload.Send(ctx, r), upload.Cancelled, 0, "context canceled")
}
