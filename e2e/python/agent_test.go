package python

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"
)

// What the profiler sends to.

type upload struct {
	tags     map[string]string
	family   string
	heap     *profile.Profile
	cpu      *profile.Profile // nil: there is none
	comments string
}

// agent takes batches as a Datadog Agent does.
type agent struct {
	*httptest.Server
	mu      sync.Mutex
	uploads []upload
	refuse  bool // guarded by mu: answers 503
	refused int  // guarded by mu
	traces  bool // what a tracer asks for is not there
}

func newAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		if err != nil || r.URL.Path != "/profiling/v1/input" {
			if !a.traces {
				t.Errorf("%s %s: %v", r.Method, r.URL, err)
			}
			http.NotFound(w, r)
			return
		}
		if a.refuse {
			a.refused++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		one, err := parse(r.Header.Get("Content-Type"), body)
		if err != nil {
			t.Error(err)
		}
		a.uploads = append(a.uploads, one)
	}))
	t.Cleanup(a.Close)
	return a
}

func parse(contentType string, body []byte) (one upload, err error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return one, err
	}
	parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return one, nil
		} else if err != nil {
			return one, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return one, err
		}
		switch part.FileName() {
		case "event.json":
			var event struct {
				Tags   string `json:"tags_profiler"`
				Family string
			}
			if err := json.Unmarshal(content, &event); err != nil {
				return one, err
			}
			one.tags, one.family = map[string]string{}, event.Family
			for tag := range strings.SplitSeq(event.Tags, ",") {
				key, value, _ := strings.Cut(tag, ":")
				one.tags[key] = value
			}
		case "cpu.pprof":
			if one.cpu, err = profile.ParseData(content); err != nil {
				return one, err
			}
		case "delta-heap.pprof":
			if one.heap, err = profile.ParseData(content); err != nil {
				return one, err
			}
			one.comments = strings.Join(one.heap.Comments, "\n")
		}
	}
}

// of returns what has come of a process so far, in order.
func (a *agent) of(pid string) (found []upload) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.uploads {
		if pid == "" || one.tags["process_id"] == pid {
			found = append(found, one)
		}
	}
	return found
}
