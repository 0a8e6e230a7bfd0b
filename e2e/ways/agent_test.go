package ways

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// batch is one upload as received by an Agent.
type batch struct {
	path    string
	names   []string
	profile *profile.Profile // of the heap
	peak    *profile.Profile
	memory  *profile.Profile
	event   struct {
		Start, End, Family, Version string
		Attachments                 []string
		Tags                        string `json:"tags_profiler"`
	}
}

// agent accepts batches, after refusing the first ones with 503.
type agent struct {
	sync.Mutex
	refuse  int
	batches []batch
	t       *testing.T
}

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.Lock()
	defer a.Unlock()
	if a.refuse > 0 {
		a.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b := batch{path: r.URL.Path}
	form, err := r.MultipartReader()
	for err == nil {
		part, e := form.NextPart()
		if e != nil {
			break
		}
		data, _ := io.ReadAll(part)
		b.names = append(b.names, part.FormName()+"/"+part.FileName())
		if part.FormName() == "event" {
			err = json.Unmarshal(data, &b.event)
		} else if part.FormName() == "memory.pprof" {
			b.memory, err = profile.ParseData(data)
		} else if part.FormName() == "peak.pprof" {
			b.peak, err = profile.ParseData(data)
		} else {
			b.profile, err = profile.ParseData(data)
		}
	}
	if err != nil {
		a.t.Errorf("upload: %v", err)
	}
	a.batches = append(a.batches, b)
}

func (a *agent) count() int {
	a.Lock()
	defer a.Unlock()
	return len(a.batches)
}

// sum of all deltas is the total.
func sumAlloc(batches []batch, function string) (bytes int64) {
	for _, b := range batches {
		bytes += siteOf(b.profile, function).allocBytes
	}
	return bytes
}

func TestRunSendsToAnAgent(t *testing.T) {
	a := &agent{t: t}
	server := httptest.NewServer(a)
	defer server.Close()
	c := runCommand(t, "--rate", "1", "--period", "200ms", "--agent", server.URL, "--service", `a "b"`, compileSites(t), "wait")
	c.Env = append(c.Env, "DD_ENV=test", "DD_VERSION=7", "DD_TAGS=team:x,tier:y")
	text := started(t, c)
	waitUntil(t, "three batches came", func() bool { return a.count() >= 3 })
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Wait()
	if status := c.ProcessState.ExitCode(); status != 128+15 || text.String() != "" {
		t.Errorf("status %d\n%s", status, text.String())
	}
	if got := sumAlloc(a.batches, "site_alive"); got != aliveBytes {
		t.Errorf("the batches have %d bytes of site_alive in all", got)
	}
	last := ""
	for i, b := range a.batches {
		if b.memory == nil || len(b.memory.SampleType) != 1 || b.memory.SampleType[0].Type != "resident_space" || len(b.memory.Sample) == 0 {
			t.Errorf("memory.pprof: %v", b.memory)
		}
		if got := siteOf(b.peak, "site_alive"); got.inuseBytes != aliveBytes { // its last type: peak_space
			t.Errorf("batch %d: %d bytes at the peak", i, got.inuseBytes)
		}
		if got := siteOf(b.profile, "site_alive"); got.inuseBytes != aliveBytes {
			t.Errorf("batch %d: %d bytes in use", i, got.inuseBytes)
		}
		if strings.Join(b.names, " ") != "delta-heap.pprof/delta-heap.pprof peak.pprof/peak.pprof memory.pprof/memory.pprof event/event.json" || b.path != "/profiling/v1/input" {
			t.Errorf("batch %d: parts %v, path %s", i, b.names, b.path)
		}
		if b.event.Family != "native" || b.event.Version != "4" || len(b.event.Attachments) != 3 {
			t.Errorf("batch %d: event %+v", i, b.event)
		}
		start, err1 := time.Parse(time.RFC3339Nano, b.event.Start)
		end, err2 := time.Parse(time.RFC3339Nano, b.event.End)
		if err1 != nil || err2 != nil || !start.Before(end) || (last != "" && b.event.Start != last) {
			t.Errorf("batch %d: from %s to %s, the one before ended at %s", i, b.event.Start, b.event.End, last)
		}
		last = b.event.End
	}
	tags := "," + a.batches[0].event.Tags + ","
	for _, tag := range []string{`service:a "b"`, "env:test", "version:7", "team:x", "tier:y", "profile_seq:0", "runtime:native", "language:native"} {
		if !strings.Contains(tags, ","+tag+",") {
			t.Errorf("no tag %s in %s", tag, tags)
		}
	}
}

// TestRunRetries: a server that comes back gets all batches, and a short program's only profile is not lost.
func TestRunRetries(t *testing.T) {
	a := &agent{t: t, refuse: 2}
	server := httptest.NewServer(a)
	defer server.Close()
	c := runCommand(t, "--rate", "1", "--agent", server.URL+"/", compileSites(t), "exit")
	c.Env = append(c.Env, "DD_PROFILING_DELTA=false")
	output, status := run(t, c)
	if status != 5 || output != "" || a.count() != 1 || a.batches[0].names[0] != "heap.pprof/heap.pprof" {
		t.Fatalf("status %d, %d batches\n%s", status, a.count(), output)
	}
	checkSites(t, a.batches[0].profile, 1)
}

func TestRunToAUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "apm.socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{t: t}
	server := &http.Server{Handler: a}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	output, status := run(t, runCommand(t, "--rate", "1", "--agent", "unix://"+socket, compileSites(t), "exit"))
	if status != 5 || a.count() != 1 {
		t.Errorf("status %d, %d batches\n%s", status, a.count(), output)
	}
}

// TestRunWithoutAnAgent: losses are reported with the reason, and the program's status is kept unless it was 0.
func TestRunWithoutAnAgent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	output, status := run(t, runCommand(t, "--rate", "1", "--agent", "http://"+address, compileSites(t), "exit"))
	if status != 5 || !strings.Contains(output, "1 of 1 batches could not be sent: no connection") {
		t.Errorf("status %d\n%s", status, output)
	}
	if output, status := run(t, runCommand(t, "--agent", "http://"+address, "true")); status != 125 {
		t.Errorf("status %d\n%s", status, output)
	}
}

// TestRunSpools: batches that could not be sent are spooled on disk, and the next run sends them.
func TestRunSpools(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "spool")
	c := runCommand(t, "--rate", "1", "--agent", "http://127.0.0.1:1", compileSites(t), "exit")
	c.Env = append(c.Env, "DD_PROFILING_SPOOL_DIR="+spool)
	if output, status := run(t, c); status != 5 || !strings.Contains(output, "1 batches for http://127.0.0.1:1 are spooled in "+spool+": no connection") {
		t.Errorf("status %d\n%s", status, output)
	}
	a := &agent{t: t}
	server := httptest.NewServer(a)
	defer server.Close()
	c = runCommand(t, "--rate", "1", "--period", "200ms", "--agent", server.URL, compileSites(t), "wait")
	c.Env = append(c.Env, "DD_PROFILING_SPOOL_DIR="+spool)
	started(t, c)
	waitUntil(t, "the batch of the first run came", func() bool {
		files, err := os.ReadDir(spool)
		return err == nil && len(files) == 0 && a.count() >= 2
	})
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Wait()
	processes := map[string]bool{}
	for _, b := range a.batches {
		for tag := range strings.SplitSeq(b.event.Tags, ",") {
			if strings.HasPrefix(tag, "process_id:") {
				processes[tag] = true
			}
		}
	}
	if len(processes) != 2 {
		t.Errorf("batches of %v", processes)
	}
}

// TestRunDeadAgent: an Agent that accepts connections and never answers delays the end for a bounded time.
func TestRunDeadAgent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	begin := time.Now()
	output, status := run(t, runCommand(t, "--rate", "1", "--agent", "http://"+listener.Addr().String(), compileSites(t), "exit"))
	if status != 5 || !strings.Contains(output, "could not be sent") || time.Since(begin) > patience {
		t.Errorf("status %d after %v\n%s", status, time.Since(begin), output)
	}
}
