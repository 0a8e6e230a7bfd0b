package receiver

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// Each target has headers of its own, also two of one kind; what an OTLP server rejects of a request that it takes is refused, with its words; and
// the processes that send are started again, whichever of them is killed.
func TestForwardTargets(t *testing.T) {
	var mu sync.Mutex
	got := map[string][]http.Header{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		got[r.URL.Path] = append(got[r.URL.Path], r.Header)
		mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/profiles") {
			w.Header().Set("Content-Type", "application/x-protobuf")
			_, _ = w.Write([]byte("\x0a\x0c\x08\x03\x12\x08too many"))
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("# of the second one\nDD-API-KEY: its-own\nAuthorization: Bearer secret-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CMEMPROF_FORWARD_KEY", "of-all")
	t.Setenv("PYROSCOPE_BASIC_AUTH_USER", "me")
	t.Setenv("PYROSCOPE_BASIC_AUTH_PASSWORD", "secret-word")
	f := newFixed(t, "--forward", "datadog:"+server.URL+"/a/input", "--forward", "datadog:"+server.URL+"/b/input", "--forward-header-file", file,
		"--forward", "otlp:"+server.URL, "--forward", "pyroscope:"+server.URL)
	count := func(path string) int { mu.Lock(); defer mu.Unlock(); return len(got[path]) }
	paths := []string{"/a/input", "/b/input", "/v1development/profiles", "/push.v1.PusherService/Push"}
	arrives := func(n int) {
		t.Helper()
		f.post(n, attachment{"delta-heap.pprof", leaking(t, 5e6)})
		for _, path := range paths {
			eventually(t, path, func() bool { return count(path) >= n })
		}
	}
	arrives(1)
	mu.Lock()
	for i, want := range [][3]string{{"of-all", ""}, {"its-own", "Bearer secret-token"}, {"", ""}, {"", "Basic bWU6c2VjcmV0LXdvcmQ="}} {
		if h := got[paths[i]][0]; h.Get("DD-API-KEY") != want[0] || h.Get("Authorization") != want[1] {
			t.Errorf("%s: %v", paths[i], h)
		}
	}
	mu.Unlock()
	eventually(t, "is refused", func() bool {
		refused, _ := value(f.r.metrics(t), "cmemprof_forward_uploads_total", "outcome", "refused", "target", server.URL+"/v1development/profiles")
		return refused == 1
	})

	// The processes that send, then those that keep them, which others take the place of.
	f.killChildren(t, true)
	arrives(2)
	f.killChildren(t, false)
	arrives(3)
	families := f.r.metrics(t)
	restarts := 0.0
	for _, m := range families["cmemprof_forward_process_restarts_total"].GetMetric() {
		restarts += m.Counter.GetValue()
	}
	if restarts < 4 || restarts > 8 { // one for each kill, where a batch came to know of it
		t.Errorf("%v restarts", restarts)
	}
	f.stop()
	out := f.output.String()
	if !strings.Contains(out, "3 profiles rejected: too many") {
		t.Errorf("output:\n%s", out)
	}
	for _, secret := range []string{"its-own", "of-all", "secret"} {
		if strings.Contains(out, secret) {
			t.Errorf("the output has a secret:\n%s", out)
		}
	}
}

// Two tenants at one address: what waits for each is its own, whichever of them is given, and in whatever order; what waits for one that is
// given no more is said, and it gets it when it is given again.
func TestForwardTenants(t *testing.T) {
	var mu sync.Mutex
	takes, got := false, map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		if !takes {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		got[r.Header.Get("X-Scope-OrgID")]++
	}))
	defer server.Close()
	var options [][]string
	for _, tenant := range []string{"a", "b"} {
		file := filepath.Join(t.TempDir(), tenant)
		if err := os.WriteFile(file, []byte("X-Scope-OrgID: "+tenant+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		options = append(options, []string{"--forward", "otlp:" + server.URL, "--forward-header-file", file})
	}
	is := func(want map[string]int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return maps.Equal(got, want) }
	}
	f := newFixed(t, slices.Concat(options[0], options[1])...)
	for n := range 3 {
		f.post(n, attachment{"delta-heap.pprof", leaking(t, 5e6)})
	}
	f.stop()
	mu.Lock()
	takes = true
	mu.Unlock()
	second := startWith(t, f.data, options[1], plain(t))
	eventually(t, "b alone", is(map[string]int{"b": 3}))
	second.stop(t)
	if out := second.output.String(); !strings.Contains(out, "no --forward of this start is this target, to which 3 stored uploads were not sent") {
		t.Errorf("output:\n%s", out)
	}
	third := startWith(t, f.data, slices.Concat(options[1], options[0]), plain(t))
	eventually(t, "a again", is(map[string]int{"a": 3, "b": 3}))
	third.stop(t)
	if out := third.output.String(); strings.Contains(out, "no --forward") || !is(map[string]int{"a": 3, "b": 3})() {
		t.Errorf("%v, output:\n%s", got, out)
	}
}

// killChildren kills the children of the receiver, or theirs.
func (f *fixed) killChildren(t *testing.T, grand bool) {
	t.Helper()
	parents := []int{f.r.command.Process.Pid}
	for range map[bool]int{false: 1, true: 2}[grand] {
		var children []int
		for _, parent := range parents {
			children = append(children, childrenOf(t, parent)...)
		}
		parents = children
	}
	if len(parents) == 0 {
		t.Fatal("it has no processes that send")
	}
	for _, pid := range parents {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

func childrenOf(t *testing.T, parent int) (children []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stat, _ := os.ReadFile(file)
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) && fields[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			children = append(children, pid)
		}
	}
	return children
}

// What the version before knew of a target is not sent again: it told the first target of an address by the address alone, also with headers.
func TestForwardOfTheFormerVersion(t *testing.T) {
	var got atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got.Add(1)
	}))
	defer server.Close()
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("X-Scope-OrgID: a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]string{nil, {"--forward-header-file", headers}} {
		got.Store(0)
		f := newFixed(t)
		for n := range 3 {
			f.post(n, attachment{"delta-heap.pprof", leaking(t, 5e6)})
		}
		f.stop()
		state := append([]byte("forward1"), make([]byte, 2*8+64*16)...)
		state[8] = 1 // the first upload is done
		sum := fnv.New64a()
		_, _ = sum.Write(state)
		name := fnv.New64a()
		_, _ = name.Write([]byte("otlp:" + server.URL + "/v1development/profiles"))
		state = binary.NativeEndian.AppendUint64(state, sum.Sum64())
		if err := os.WriteFile(filepath.Join(f.data, fmt.Sprintf("forward-%016x", name.Sum64())), state, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // at the second start it is of this version
			r := startWith(t, f.data, append([]string{"--forward", "otlp:" + server.URL}, options...), plain(t))
			eventually(t, "the backlog", func() bool {
				backlog, ok := value(r.metrics(t), "cmemprof_forward_backlog_uploads", "target", server.URL+"/v1development/profiles")
				return ok && backlog == 0
			})
			r.stop(t)
			if out := r.output.String(); got.Load() != 2 || strings.Contains(out, "forward") {
				t.Errorf("%v: %d uploads, output:\n%s", options, got.Load(), out)
			}
		}
	}
}
