package page

// The receiver under test, and uploads to it.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

type receiver struct{ url string }

func startReceiver(t testing.TB) *receiver {
	t.Helper()
	return &receiver{built.Receiver(t) + "/"}
}

func (r *receiver) get(t testing.TB, path string) []byte {
	t.Helper()
	response, err := http.Get(strings.TrimSuffix(r.url, "/") + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", path, response.Status, err)
	}
	return body
}

func (r *receiver) post(t testing.TB, contentType string, body io.Reader) {
	t.Helper()
	response, err := http.Post(r.url+"profiling/v1/input", contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(response.Body)
		t.Fatalf("upload: %s %s", response.Status, reason)
	}
}

func (r *receiver) upload(t testing.TB, service string, attachments map[string][]byte) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	event, _ := json.Marshal(map[string]any{
		"start": "2026-01-02T03:04:05Z", "end": "2026-01-02T03:05:05Z", "family": "go", "version": "4",
		"tags_profiler": "service:" + service + ",env:prod,version:1.4.2,host:db-1,runtime:go,language:go",
	})
	part, _ := form.CreateFormFile("event", "event.json")
	_, _ = part.Write(event)
	for name, content := range attachments {
		part, _ := form.CreateFormFile(name, name)
		_, _ = part.Write(content)
	}
	_ = form.Close()
	r.post(t, form.FormDataContentType(), &body)
}

func (r *receiver) uploadProfile(t testing.TB, service string, p *profile.Profile) {
	t.Helper()
	r.upload(t, service, map[string][]byte{"delta-heap.pprof": encode(t, p)})
}

// uploadCapture sends the captured upload of a real client (testdata/captures).
func (r *receiver) uploadCapture(t testing.TB, client string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", client, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no capture of %s", client)
	}
	body, err := os.ReadFile(filepath.Join(folders[0], "body.bin"))
	if err != nil {
		t.Fatal(err)
	}
	var request struct{ Headers [][2]string }
	text, err := os.ReadFile(filepath.Join(folders[0], "request.json"))
	if err == nil {
		err = json.Unmarshal(text, &request)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range request.Headers {
		if strings.EqualFold(header[0], "Content-Type") {
			r.post(t, header[1], bytes.NewReader(body))
		}
	}
}

// ---- Profiles ----

type stack struct {
	frames []string // leaf first, "name file"
	values []int64
	c      bool
	labels map[string]string
}

func build(types [][2]string, stacks []stack) *profile.Profile {
	p := &profile.Profile{TimeNanos: 1, Mapping: []*profile.Mapping{{ID: 1, File: "/bin/shop", HasFunctions: true}}}
	for _, kind := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: kind[0], Unit: kind[1]})
	}
	locations := map[string]*profile.Location{}
	for _, s := range stacks {
		sample := &profile.Sample{Value: s.values}
		if s.c {
			sample.Label = map[string][]string{"memory": {"C"}}
		}
		for key, value := range s.labels {
			if sample.Label == nil {
				sample.Label = map[string][]string{}
			}
			sample.Label[key] = []string{value}
		}
		for _, frame := range s.frames {
			location := locations[frame]
			if location == nil {
				id := uint64(len(p.Function) + 1)
				cut := strings.LastIndex(frame, " ")
				function := &profile.Function{ID: id, Name: frame[:cut], Filename: frame[cut+1:]}
				location = &profile.Location{ID: id, Address: 4096 * id, Mapping: p.Mapping[0], Line: []profile.Line{{Function: function, Line: int64(10 * id)}}}
				p.Function, p.Location = append(p.Function, function), append(p.Location, location)
				locations[frame] = location
			}
			sample.Location = append(sample.Location, location)
		}
		p.Sample = append(p.Sample, sample)
	}
	return p
}

var heapTypes = [][2]string{{"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}}

// heapProfile: 40 MB in C below Go, 8 MB in Go.
func heapProfile() *profile.Profile {
	const mainGo, runtimeGo = "main.main /src/shop/main.go", "runtime.main /go/src/runtime/proc.go"
	exec := "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec /src/go-sqlite3/sqlite3.go"
	return build(heapTypes, []stack{
		{[]string{"sqlite3MemMalloc /lib/src/sqlite3.c", "sqlite3_prepare_v2 /lib/src/sqlite3.c", "runtime.cgocall /go/src/runtime/cgocall.go",
			exec, mainGo, runtimeGo}, []int64{4000, 90e6, 1000, 40e6}, true, nil},
		{[]string{"main.cache /src/shop/cache.go", mainGo, runtimeGo}, []int64{500, 20e6, 100, 8e6}, false, nil},
	})
}

func hostileProfile(name string) *profile.Profile {
	return build(heapTypes, []stack{{[]string{name + " /src/" + fmt.Sprintf("%q", "<b>") + ".c"}, []int64{1, 2, 3, 4}, true, nil}})
}

func encode(t testing.TB, p *profile.Profile) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
