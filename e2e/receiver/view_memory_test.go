package receiver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"
)

// large encodes a profile of 60,000 stacks of 40 frames, of which the outer 30 are one of 1,000.
func large(seed int64) []byte {
	random := rand.New(rand.NewSource(seed))
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}}}
	for i := range 4000 {
		f := &profile.Function{ID: uint64(i + 1), Name: fmt.Sprintf("package%d.function%d", i%97, i)}
		p.Function = append(p.Function, f)
		p.Location = append(p.Location, &profile.Location{ID: f.ID, Address: uint64(i * 16), Line: []profile.Line{{Function: f, Line: int64(i)}}})
	}
	some := func(n int) (frames []*profile.Location) {
		for range n {
			frames = append(frames, p.Location[random.Intn(len(p.Location))])
		}
		return frames
	}
	var outer [1000][]*profile.Location
	for i := range outer {
		outer[i] = some(30)
	}
	for range 60_000 {
		p.Sample = append(p.Sample, &profile.Sample{Location: append(some(10), outer[random.Intn(len(outer))]...), Value: []int64{random.Int63n(1 << 20)}})
	}
	var out bytes.Buffer
	_ = p.Write(&out) // into memory
	return out.Bytes()
}

// peak returns the most memory that the receiver had resident, in bytes.
func (r *receiver) peak(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// heavy asks for 13 views at once, all different, and returns how many had each status.
func (r *receiver) heavy(t testing.TB) map[int]int {
	t.Helper()
	statuses := map[int]int{}
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := range 13 {
		all.Add(1)
		go func() {
			defer all.Done()
			paths := []string{"/api/tree?attachment=heap.pprof&type=inuse_space&ids=%d", "/api/profile?attachment=heap.pprof&ids=%d", "/api/uploads/%d/attachments/heap.pprof/tree?nodes=packed"}
			status, _ := r.get(t, fmt.Sprintf(paths[i%3], i/3+1))
			lock.Lock()
			statuses[status]++
			lock.Unlock()
		}()
	}
	all.Wait()
	return statuses
}

// What sendLarge sends.
var largeProfiles = sync.OnceValue(func() (all [5][]byte) {
	for i := range all {
		all[i] = large(int64(i))
	}
	return all
})

// sendLarge sends five uploads of large profiles.
func (r *receiver) sendLarge(t testing.TB) {
	t.Helper()
	for i, content := range largeProfiles() {
		contentType, body := form(fmt.Sprintf("service:shop,runtime-id:%d", i), attachment{"heap.pprof", content})
		if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
	}
}

// Beside the budget: the program with its caches (50 MiB), and answers that wait to be read, as many as a busy machine's client leaves
// (docs/receiver.md: 128 MiB at most).
const besidesViews = 112 << 20

// 13 views at once get their answers, within the budget, whether two fit in it or one.
func TestViewsStayWithinTheirMemory(t *testing.T) {
	for _, mebibytes := range []int{512, 160} {
		r := startWith(t, t.TempDir(), []string{"--view-memory", fmt.Sprintf("%dMiB", mebibytes)}, plain(t))
		r.sendLarge(t)
		statuses, peak := r.heavy(t), r.peak(t)
		if statuses[http.StatusOK] != 13 || peak > mebibytes<<20+besidesViews {
			t.Errorf("%d MiB: %v, peak %d MiB", mebibytes, statuses, peak>>20)
		}
		t.Logf("budget %d MiB: peak %d MiB", mebibytes, peak>>20)
		r.stop(t)
	}
}

// Few bytes that stand for very many messages are refused at a cost of a few hundred bytes for each of them.
func TestBombOfMessages(t *testing.T) {
	for _, message := range []string{"\x32\x00", "\x12\x00", "\x2a\x00", "\x22\x02\x08\x01", "\x68\x01"} {
		r := start(t, t.TempDir(), plain(t))
		var bomb bytes.Buffer
		writer := gzip.NewWriter(&bomb)
		_, _ = writer.Write([]byte("\x32\x00"))
		block := bytes.Repeat([]byte(message), 1<<19)
		for written := 0; written < 250<<20; written += len(block) {
			_, _ = writer.Write(block)
		}
		_ = writer.Close()
		contentType, body := form("service:shop", attachment{"heap.pprof", bomb.Bytes()})
		if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
		before := r.peak(t)
		status, text := r.get(t, "/api/uploads/1/attachments/heap.pprof/tree")
		if cost := (r.peak(t) - before) / bomb.Len(); status != http.StatusUnprocessableEntity || cost > 600 {
			t.Errorf("%q: %d %s, %d bytes for each of %d", message, status, text, cost, bomb.Len())
		}
		r.stop(t)
	}
}

// A view that needs more than there is says what to do, and the receiver goes on.
func TestViewBeyondItsMemory(t *testing.T) {
	r := startWith(t, t.TempDir(), []string{"--view-memory", "16MiB"}, plain(t))
	defer r.stop(t)
	r.sendLarge(t)
	for _, path := range []string{"/api/tree?attachment=heap.pprof", "/api/uploads/1/attachments/heap.pprof/tree", "/api/uploads/1/attachments/heap.pprof/types"} {
		if status, text := r.get(t, path); status != http.StatusUnprocessableEntity || !bytes.Contains(text, []byte("--view-memory")) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, text := r.get(t, "/api/uploads"); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}
