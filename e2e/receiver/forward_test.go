package receiver

import (
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// fixed is a receiver that can be killed and started again at its address.
type fixed struct {
	t       *testing.T
	data    string
	options []string
	mu      sync.Mutex
	r       *receiver // guarded by mu
	output  strings.Builder
}

func newFixed(t *testing.T, options ...string) *fixed {
	f := &fixed{t: t, data: t.TempDir(), options: options}
	f.r = startWith(t, f.data, options, plain(t))
	f.options = append(f.options, "--listen", strings.TrimPrefix(f.r.url, "http://"))
	return f
}

// restart kills it, and leaves it down for a while.
func (f *fixed) restart(down time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.r.kill()
	f.output.WriteString(f.r.output.String())
	time.Sleep(down)
	f.r = startWith(f.t, f.data, f.options, plain(f.t))
}

func (f *fixed) stop() {
	f.r.stop(f.t)
	f.output.WriteString(f.r.output.String())
}

// numbers counts uploads by their tag n.
func (f *fixed) numbers() map[string]int {
	counts := map[string]int{}
	for _, row := range f.r.list(f.t, "") {
		for _, tag := range row.Tags {
			if n, ok := strings.CutPrefix(tag, "n:"); ok {
				counts[n]++
			}
		}
	}
	return counts
}

// post is what a client does: it tries until it is answered with 200.
func (f *fixed) post(n int, attachments ...attachment) {
	contentType, body := form(fmt.Sprintf("service:shop,env:prod,host:db-1,runtime-id:1,n:%d", n), attachments...)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if status, text, err := f.r.post(http.DefaultClient, contentType, body); err == nil && status == http.StatusOK {
			return
		} else if time.Now().After(end) {
			f.t.Fatalf("%d: %d %s %v", n, status, text, err)
		}
	}
}

func TestForwardWithKills(t *testing.T) {
	datadog, otlp, pyroscope := newFixed(t), newFixed(t), newFixed(t)
	first := newFixed(t, "--forward", "datadog:"+datadog.r.url, "--forward", "otlp:"+otlp.r.url, "--forward", "pyroscope:"+pyroscope.r.url+"/")
	const uploads = 150
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		kills := 0
		random := rand.New(rand.NewSource(1))
		for {
			select {
			case <-stop:
				stopped <- kills
				return
			case <-time.After(time.Duration(100+random.Intn(400)) * time.Millisecond):
				[]*fixed{first, datadog, otlp, pyroscope}[kills%4].restart(time.Duration(random.Intn(300)) * time.Millisecond)
				kills++
			}
		}
	}()
	heap := leaking(t, 5e6)
	for i := range uploads {
		first.mu.Lock() // the client's own retries are not what is tested
		first.post(i, attachment{"delta-heap.pprof", heap}, attachment{"metrics.json", []byte(`[["x",1]]`)})
		first.mu.Unlock()
		time.Sleep(30 * time.Millisecond)
	}
	close(stop)
	kills := <-stopped
	for name, target := range map[string]*fixed{"datadog": datadog, "otlp": otlp, "pyroscope": pyroscope} {
		eventually(t, name+" has all", func() bool { return len(target.numbers()) >= uploads })
		total := 0
		for _, n := range target.numbers() {
			total += n
		}
		t.Logf("%s: %d kills, %d uploads of %d", name, kills, total, uploads)
		if got := len(target.numbers()); got != uploads || total > uploads+kills {
			t.Errorf("%s: %d distinct, %d in all of %d uploads with %d kills", name, got, total, uploads, kills)
		}
		row := target.r.list(t, "")[0]
		if text(row.Service) != "shop" || text(row.Env) != "prod" || text(row.Host) != "db-1" || row.Attachments[0].Name != "delta-heap.pprof" {
			t.Errorf("%s: %+v", name, row)
		}
		if marks := strings.Count(strings.Join(row.Tags, ","), "relay:"); marks != 1 {
			t.Errorf("%s: %d marks: %v", name, marks, row.Tags)
		}
	}
	if n := len(datadog.r.list(t, "")[0].Attachments); n != 2 {
		t.Errorf("%d attachments as datadog", n)
	}
	if kills < 6 {
		t.Errorf("%d kills", kills)
	}
	families := first.r.metrics(t)
	for _, m := range families["cmemprof_forward_backlog_uploads"].GetMetric() {
		if m.Gauge.GetValue() != 0 {
			t.Errorf("backlog of %v", m)
		}
	}
	first.stop()
	datadog.stop()
	otlp.stop()
	pyroscope.stop()
}

// A target that answers with what went wrong elsewhere, and holds a client up for as long as it likes.
func TestForwardToFaults(t *testing.T) {
	t.Parallel() // waits for times after which it is tried again
	var mu sync.Mutex
	faults := []int{429, 0, 500, 507, 302, 403, 408}
	var bodies []string
	var keys []string
	var blocked atomic.Bool
	blocked.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for blocked.Load() {
			time.Sleep(5 * time.Millisecond)
		}
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, r.Header.Get("DD-API-KEY"))
		if len(faults) > 0 {
			status := faults[0]
			faults = faults[1:]
			if status != 0 {
				w.WriteHeader(status)
				return
			}
			if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = connection.(*net.TCPConn).SetLinger(0)
				_ = connection.Close()
			}
			return
		}
		bodies = append(bodies, string(body))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("key-of-the-target"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := []string{"--forward", "datadog:" + server.URL + "/api/v2/profile", "--forward-key-file", file, "--confine", "must"}
	if built.IsEmulated() {
		options[len(options)-1] = "on" // qemu-user has no Landlock
	}
	f := newFixed(t, options...)
	const uploads = 30
	for i := range uploads { // all are taken while the target answers nothing
		f.post(i, attachment{"a.bin", []byte(fmt.Sprintf("content of %d.", i))})
	}
	if backlog, _ := value(f.r.metrics(t), "cmemprof_forward_backlog_uploads"); backlog != uploads {
		t.Errorf("backlog %v", backlog)
	}
	blocked.Store(false)
	got := func() int { mu.Lock(); defer mu.Unlock(); return len(bodies) }
	eventually(t, "all are sent", func() bool { return got() >= uploads })
	time.Sleep(500 * time.Millisecond)
	mu.Lock()
	all := strings.Join(bodies, "\n")
	if len(bodies) != uploads {
		t.Errorf("%d uploads", len(bodies))
	}
	for i := range uploads {
		if n := strings.Count(all, fmt.Sprintf("content of %d.", i)); n != 1 {
			t.Errorf("upload %d came %d times", i, n)
		}
	}
	for _, key := range keys {
		if key != "key-of-the-target" {
			t.Errorf("key %q", key)
		}
	}
	mu.Unlock()
	families := f.r.metrics(t)
	if sent, _ := value(families, "cmemprof_forward_uploads_total", "outcome", "sent"); sent != uploads {
		t.Errorf("%v sent", sent)
	}
	if retries, _ := value(families, "cmemprof_forward_retries_total"); retries < 6 || retries > 7 { // libcurl itself tries again where a kept connection was reset
		t.Errorf("%v retries", retries)
	}
	f.stop()
	if out := f.output.String(); strings.Contains(out, "key-of-the-target") || !strings.Contains(out, "uploads wait and are sent later") || !strings.Contains(out, "uploads are taken again") {
		t.Errorf("output:\n%s", out)
	}
}

func TestForwardLoops(t *testing.T) {
	self := built.FreeAddress(t)
	second := newFixed(t, "--forward", "otlp:http://"+self)
	first := newFixed(t, "--listen", self, "--forward", "datadog:http://"+self, "--forward", "datadog:"+second.r.url)
	first.post(1, attachment{"delta-heap.pprof", leaking(t, 5e6)})
	for name, f := range map[string]*fixed{"first": first, "second": second} {
		eventually(t, name+" finds the loop", func() bool {
			for _, m := range f.r.metrics(t)["cmemprof_forward_uploads_total"].GetMetric() {
				if m.Label[0].GetValue() == "refused" || m.Label[1].GetValue() == "refused" {
					if m.Counter.GetValue() == 1 {
						return true
					}
				}
			}
			return false
		})
	}
	time.Sleep(500 * time.Millisecond)
	if a, b := len(first.r.list(t, "")), len(second.r.list(t, "")); a != 1 || b != 1 {
		t.Errorf("%d and %d uploads", a, b)
	}
	first.stop()
	second.stop()
	if !strings.Contains(first.output.String(), "a loop") || !strings.Contains(second.output.String(), "a loop") {
		t.Errorf("output:\n%s%s", first.output.String(), second.output.String())
	}
}
