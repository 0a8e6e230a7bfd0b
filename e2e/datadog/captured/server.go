// Package captured has a server that accepts and keeps uploads like an Agent or an intake, and reduces each to what can be compared.
package captured

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Server keeps what is posted to it. As a proxy it refuses, and records the requested host.
type Server struct {
	*httptest.Server
	Batches  chan Batch
	Connects chan string // "host:port" of each CONNECT
}

// Batch is one upload.
type Batch struct {
	Method, Path string
	Header       http.Header
	Body         []byte
	Parts        []Part
	Problem      string // why the body could not be read
}

// Part is one part of the form.
type Part struct {
	Name, Filename, ContentType string
	Data                        []byte
}

// enough for any test: a server never makes a client wait.
const kept = 1000

// New listens on a free port of the loopback interface.
func New(t testing.TB) *Server { return start(t, nil) }

// NewUnix listens on a Unix socket.
func NewUnix(t testing.TB, path string) *Server {
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, listener)
}

func start(t testing.TB, listener net.Listener) *Server {
	s := &Server{Batches: make(chan Batch, kept), Connects: make(chan string, kept)}
	s.Server = httptest.NewUnstartedServer(s)
	if listener != nil {
		s.Listener.Close()
		s.Listener = listener
	}
	s.Start()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// Address returns host and port.
func (s *Server) Address() string { return s.Listener.Addr().String() }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		select {
		case s.Connects <- r.Host:
		default:
		}
		w.WriteHeader(http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(r.Body)
	// dd-trace-go v2 also queries the Agent's features and sends telemetry; only profiles are kept.
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	b := Batch{Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), Body: body}
	if err == nil {
		b.Parts, err = parts(r.Header.Get("Content-Type"), body)
	}
	if err != nil {
		b.Problem = err.Error()
	}
	select {
	case s.Batches <- b:
	default:
	}
}

func parts(contentType string, body []byte) ([]Part, error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	var all []Part
	for r := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		all = append(all, Part{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), data})
	}
}

// Next waits for an upload.
func (s *Server) Next(t testing.TB, ctx context.Context) Batch {
	t.Helper()
	select {
	case b := <-s.Batches:
		if b.Problem != "" {
			t.Fatalf("an upload that cannot be read: %s", b.Problem)
		}
		return b
	case <-ctx.Done():
		t.Fatal("no upload in time")
		return Batch{}
	}
}

// Event is event.json.
func (b Batch) Event(t testing.TB) map[string]any {
	t.Helper()
	for _, p := range b.Parts {
		if p.Filename == "event.json" {
			var event map[string]any
			if err := json.Unmarshal(p.Data, &event); err != nil {
				t.Fatalf("event.json: %v", err)
			}
			return event
		}
	}
	t.Fatal("no event.json")
	return nil
}

// Attachments returns the parts other than event.json, by file name.
func (b Batch) Attachments() map[string]Part {
	all := map[string]Part{}
	for _, p := range b.Parts {
		if p.Filename != "event.json" {
			all[p.Filename] = p
		}
	}
	return all
}

// Tags returns the tags of event.json.
func (b Batch) Tags(t testing.TB) []string {
	t.Helper()
	text, _ := b.Event(t)["tags_profiler"].(string)
	return strings.Split(text, ",")
}
