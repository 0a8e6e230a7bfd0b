package receiver

// A proxy between a client and the receiver: it records requests and answers, and the form of each upload.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

type wire struct {
	*httptest.Server
	mutex   sync.Mutex
	counts  map[string]int // "POST /info 200"
	uploads []sent
}

// sent is an upload in the client's form.
type sent struct {
	header    http.Header
	path      string
	isChunked bool
	body      []byte
}

const uploadPath = "/profiling/v1/input"

// barePath is the path after a token.
var barePath = regexp.MustCompile(`^(?:/t/[^/]*)?/*(/.*)$`)

func newWire(t *testing.T, r *receiver) *wire {
	t.Helper()
	target, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{counts: map[string]int{}}
	proxy := &httputil.ReverseProxy{
		// Adds nothing: the receiver sees the client's own request.
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target)
			request.Out.URL.Path = request.In.URL.Path
		},
		ModifyResponse: func(response *http.Response) error {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			path := barePath.ReplaceAllString(response.Request.URL.Path, "$1")
			w.counts[fmt.Sprintf("%s %s %d", response.Request.Method, path, response.StatusCode)]++
			return nil
		},
	}
	w.Server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, uploadPath) {
			body, err := io.ReadAll(request.Body)
			if err != nil {
				return // the client's end has cut it short
			}
			w.mutex.Lock()
			w.uploads = append(w.uploads, sent{request.Header.Clone(), request.URL.Path, request.ContentLength < 0, body})
			w.mutex.Unlock()
			request.Body = io.NopCloser(bytes.NewReader(body))
		}
		proxy.ServeHTTP(writer, request)
	}))
	t.Cleanup(w.Close)
	return w
}

// count sums the requests whose line matches.
func (w *wire) count(pattern string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	sum := 0
	for line, count := range w.counts {
		if regexp.MustCompile(pattern).MatchString(line) {
			sum += count
		}
	}
	return sum
}

// ---- Form of uploads ----

// facts are common to all uploads of a client, in the words of docs/compatibility.md.
type facts struct {
	framing, event, token, host string
	hostName                    string            // the client's word, else this machine's
	attachments                 map[string]string // compression by name
	live                        map[string]bool   // sample types of live memory
	tags                        map[string]bool   // keys
}

var magics = []struct{ bytes, name string }{{"\x1f\x8b", "gzip"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"\x04\x22\x4d\x18", "LZ4"}}

func compression(content []byte) string {
	for _, magic := range magics {
		if bytes.HasPrefix(content, []byte(magic.bytes)) {
			return magic.name
		}
	}
	return "raw"
}

var liveTypes = []string{"inuse_space", "heap-space", "space"}

// take adds an upload.
func (f *facts) take(t *testing.T, upload sent) {
	t.Helper()
	framing := "Content-Length"
	if upload.isChunked {
		framing = "chunked"
	}
	token := "none"
	if strings.HasPrefix(upload.path, "/t/"+clientToken+"/") {
		token = "path"
	} else if upload.header.Get("DD-API-KEY") == clientToken {
		token = "key"
	}
	f.same(t, &f.framing, framing)
	f.same(t, &f.token, token)
	_, parameters, _ := mime.ParseMediaType(upload.header.Get("Content-Type"))
	parts := multipart.NewReader(bytes.NewReader(upload.body), parameters["boundary"])
	e := event{position: "fields"}
	for count := 0; ; count++ {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if part.FormName() == "event" {
			e.position = "first"
			if count > 0 {
				e.position = "last"
			}
			if err := json.Unmarshal(content, &e); err != nil {
				t.Fatalf("%v in %s", err, content)
			}
		} else if part.FileName() == "" {
			e.takeField(part.FormName(), string(content))
		} else {
			f.takeAttachment(t, part.FileName(), content)
		}
	}
	f.takeEvent(t, e)
}

// event returns the event of an upload, or one made of the form's fields, which older clients send instead.
type event struct {
	Version  any
	Family   string
	Tags     string `json:"tags_profiler"`
	position string
}

func (e *event) takeField(name, content string) {
	switch name {
	case "version":
		e.Version = content
	case "family", "language":
		e.Family = content
	case "tags[]":
		e.Tags += "," + content
	}
}

func (f *facts) same(t *testing.T, fact *string, value string) {
	t.Helper()
	if *fact != "" && *fact != value {
		t.Errorf("uploads differ: %s and %s", *fact, value)
	}
	*fact = value
}

func (f *facts) takeEvent(t *testing.T, e event) {
	t.Helper()
	if e.Version == nil {
		e.Version = "none"
	}
	f.same(t, &f.event, fmt.Sprintf("%v, %s, %s", e.Version, e.Family, e.position))
	host := "none"
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range strings.Split(strings.Trim(e.Tags, ","), ",") {
		key, value, _ := strings.Cut(tag, ":")
		f.tags[key] = true
		if key == "host" {
			host, name = "tag", value
		}
	}
	f.same(t, &f.host, host)
	f.same(t, &f.hostName, name)
}

func (f *facts) takeAttachment(t *testing.T, name string, content []byte) {
	t.Helper()
	if before, ok := f.attachments[name]; ok && before != compression(content) {
		t.Errorf("%s is %s and %s", name, before, compression(content))
	}
	f.attachments[name] = compression(content)
	if !strings.HasSuffix(name, ".pprof") && !strings.HasSuffix(name, ".pb.gz") {
		return
	}
	raw, err := profiles.Inflate(content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	parsed, err := profile.ParseData(raw)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, sampleType := range parsed.SampleType {
		if slices.Contains(liveTypes, sampleType.Type) {
			f.live[sampleType.Type] = true
		}
	}
}

func (w *wire) facts(t *testing.T) *facts {
	t.Helper()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	f := &facts{attachments: map[string]string{}, live: map[string]bool{}, tags: map[string]bool{}}
	for _, upload := range w.uploads {
		f.take(t, upload)
	}
	return f
}

func words(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}
