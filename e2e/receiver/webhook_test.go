package receiver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

	"github.com/google/pprof/profile"
)

// leaking is a heap profile with this much C memory in use below main.leak of the service.
func leaking(t testing.TB, bytesInUse int64) []byte {
	t.Helper()
	mapping := &profile.Mapping{ID: 1, Start: 0x1000, Limit: 0x9000, File: "/shop", HasFunctions: true}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"}, {Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 524288, DurationNanos: 60e9, Mapping: []*profile.Mapping{mapping},
	}
	sample := &profile.Sample{Value: []int64{1, 100, bytesInUse / 1000, bytesInUse}, Label: map[string][]string{"memory": {"C"}}}
	for i, f := range [][2]string{{"malloc", "/m.c"}, {"main.leak", "/src/shop/leak.go"}, {"main.main", "/src/shop/main.go"}} {
		function := &profile.Function{ID: uint64(i + 1), Name: f[0], Filename: f[1]}
		location := &profile.Location{ID: uint64(i + 1), Address: uint64(0x2000 + i), Mapping: mapping, Line: []profile.Line{{Function: function, Line: 1}}}
		p.Function, p.Location = append(p.Function, function), append(p.Location, location)
		sample.Location = append(sample.Location, location)
	}
	p.Sample = []*profile.Sample{sample}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (r *receiver) leak(t testing.TB, service string, from time.Time, minutes int, amount func(minute int) int64) {
	t.Helper()
	for i := range minutes {
		contentType, body := formAt(from.Add(time.Duration(i)*time.Minute), "service:"+service+",host:db-1,language:go,runtime-id:"+service, attachment{"delta-heap.pprof", leaking(t, amount(i))})
		if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
	}
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: did not come about", what)
		}
	}
}

type alert struct {
	ID, Event, Link string
	Finding         struct{ Kind, Service, Site, Severity string }
}

// hook takes alerts, and fails at the first ones as it is told to.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	secret   string
	faults   []int // statuses; 0: resets the connection
	attempts int
	alerts   []alert
	problems []string
}

func newHook(t testing.TB, secret string, faults ...int) *hook {
	h := &hook{secret: secret, faults: faults}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write(body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); r.Header.Get("X-Cmemprof-Signature") != want {
		h.problems = append(h.problems, fmt.Sprintf("signature %q of %s, want %s", r.Header.Get("X-Cmemprof-Signature"), body, want))
	}
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" {
		h.problems = append(h.problems, fmt.Sprintf("%s %v", r.Method, r.Header))
	}
	h.attempts++
	if len(h.faults) > 0 {
		status := h.faults[0]
		h.faults = h.faults[1:]
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = connection.(*net.TCPConn).SetLinger(0)
			_ = connection.Close()
		}
		return
	}
	var a alert
	if err := json.Unmarshal(body, &a); err != nil {
		h.problems = append(h.problems, fmt.Sprintf("%v: %s", err, body))
	}
	h.alerts = append(h.alerts, a)
}

func (h *hook) got() []alert {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]alert(nil), h.alerts...)
}

func TestWebhook(t *testing.T) {
	const secret = "not-to-be-told"
	h := newHook(t, secret, 500, 0, 429)
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := []string{"--webhook", strings.Replace(h.URL, "http://", "http://me:password@", 1) + "/alerts?key=hidden", "--webhook-secret-file", file, "--page-url", "https://profiles.example", "--analysis", "1s"}
	r := startWith(t, data, options, plain(t))
	now := time.Now()
	r.leak(t, "shop", now.Add(-time.Hour), 12, func(i int) int64 { return 5e6 + int64(i)*6e6 })
	eventually(t, "an alert", func() bool { return len(h.got()) > 0 })
	eventually(t, "a note of it", func() bool { // before which it would be sent again
		waiting, _ := value(r.metrics(t), "cmemprof_webhook_waiting")
		return waiting == 0
	})
	output := r.output.String()
	r.kill()
	a := h.got()[0]
	if a.Event != "finding" || a.Finding.Kind != "c_leak" || a.Finding.Service != "shop" || a.Finding.Site != "main.leak" || !strings.HasPrefix(a.Link, "https://profiles.example/profile?service=shop&from=") {
		t.Errorf("%+v", a)
	}
	h.mu.Lock()
	if h.attempts != 4 {
		t.Errorf("%d attempts", h.attempts)
	}
	h.mu.Unlock()
	for range 3 { // killed at any time
		r = startWith(t, data, options, plain(t))
		eventually(t, "an analysis", func() bool {
			n, _ := value(r.metrics(t), "cmemprof_analyses_total")
			return n >= 2
		})
		output += r.output.String()
		r.kill()
	}
	if all := h.got(); len(all) != 1 {
		t.Errorf("%d alerts of one finding: %+v", len(all), all)
	}
	r = startWith(t, data, options, plain(t))
	r.leak(t, "other", now.Add(-time.Hour), 12, func(i int) int64 { return 5e6 + int64(i)*6e6 })
	r.leak(t, "shop", now.Add(-48*time.Minute), 47, func(int) int64 { return 4e6 }) // it was no leak: all of it was freed
	eventually(t, "the other, and that the first is gone", func() bool {
		resolved, other := 0, 0
		for _, a := range h.got() {
			if a.Event == "resolved" && a.Finding.Service == "shop" && a.Finding.Kind == "c_leak" {
				resolved++
			}
			if a.Event == "finding" && a.Finding.Service == "other" && a.Finding.Kind == "c_leak" {
				other++
			}
		}
		return resolved == 1 && other == 1
	})
	eventually(t, "that both are counted", func() bool {
		sent, _ := value(r.metrics(t), "cmemprof_webhook_messages_total", "outcome", "sent")
		return sent >= 2
	})
	_, page := r.get(t, "/metrics")
	r.stop(t)
	output += r.output.String() + string(page)
	ids := map[string]bool{}
	for _, a := range h.got() {
		if ids[a.ID] {
			t.Errorf("%s came twice", a.ID)
		}
		ids[a.ID] = true
	}
	for _, hidden := range []string{secret, "password", "hidden"} {
		if strings.Contains(output, hidden) {
			t.Errorf("%q is in the output:\n%s", hidden, output)
		}
	}
	if !strings.Contains(output, "webhook: http://127.0.0.1:") || !strings.Contains(output, "status 500") {
		t.Errorf("the failure is not told:\n%s", output)
	}
	for _, p := range h.problems {
		t.Error(p)
	}
}
