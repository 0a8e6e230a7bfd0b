//go:build linux

// Package lastwords holds the tests of a process that is killed for its memory: what is on disk then, that the next start sends it, and that
// the profiler does not bring the end nearer.
//
// LASTWORDS_RUNS=50 kills so many at each rate and says how often the site was named; else one is killed, slowly.
package lastwords

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const patience = 2 * time.Minute // matters only if something is broken

var program string

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "cmemprof-lastwords-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(directory, "program")
	status := 1
	if out, err := exec.Command("go", "build", "-o", program, "./program").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
	} else {
		status = m.Run()
	}
	os.RemoveAll(directory)
	os.Exit(status)
}

// command runs the program in the cgroup; procs "": in none.
func command(procs string, arguments ...string) *exec.Cmd {
	return built.In(procs, program, arguments...)
}

func environment(agent, spool string, more ...string) []string {
	return append(built.Environment("LASTWORDS_AGENT="+agent, "DD_PROFILING_SPOOL_DIR="+spool, "DD_TRACE_STARTUP_LOGS=false"), more...)
}

// ---- The agent ----

type batch struct {
	tags []string
	heap *profile.Profile // nil: none
}

func (b batch) has(tag string) bool { return slices.Contains(b.tags, tag) }

func (b batch) live() int64 { return b.liveAt("") }

// liveAt sums the live bytes of stacks that contain the function; "": of all.
func (b batch) liveAt(function string) (bytes int64) {
	if b.heap == nil {
		return 0
	}
	for _, s := range b.heap.Sample {
		if slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
			return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return function == "" || line.Function.Name == function })
		}) {
			bytes += s.Value[3]
		}
	}
	return bytes
}

type agent struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	batches []batch // guarded by mu
}

func newAgent(t *testing.T) *agent {
	a := &agent{t: t}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *agent) address() string { return strings.TrimPrefix(a.URL, "http://") }

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var b batch
	for parts := multipart.NewReader(r.Body, parameters["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			break
		}
		content, _ := io.ReadAll(part)
		switch part.FileName() {
		case "event.json":
			var event struct {
				Tags string `json:"tags_profiler"`
			}
			_ = json.Unmarshal(content, &event)
			b.tags = strings.Split(event.Tags, ",")
		case "delta-heap.pprof":
			if b.heap, err = profile.ParseData(content); err != nil {
				a.t.Error(err)
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches = append(a.batches, b)
}

// sentByTheNextStart runs the program once more, which sends what lies in the spool. It returns that.
func sentByTheNextStart(t *testing.T, spool string) []batch {
	t.Helper()
	a := newAgent(t)
	next := command("")
	next.Env = environment(a.address(), spool, "DD_PROFILING_FLUSH_ON_EXIT=true", "DD_TAGS=is:next")
	next.Args = append(next.Args, "-stay")
	in, err := next.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	next.Stdout, next.Stderr = &out, &out
	if err := next.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the spool is empty", func() bool { return len(batchFiles(t, spool)) == 0 })
	in.Close()
	if err := next.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(a.batches, func(b batch) bool { return b.has("is:next") })
}

func batchFiles(t *testing.T, spool string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(spool, "*.batch"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func isKilled(err error) bool {
	e, ok := err.(*exec.ExitError)
	return ok && (e.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL || e.ExitCode() == 128+int(syscall.SIGKILL))
}

// ---- Tests ----

const nobody = "127.0.0.1:1" // no agent is there: what is sent stays in the spool

// named has the names of C functions that the process itself had no time or memory for, as a user adds them.
func named(t *testing.T, p *profile.Profile) *profile.Profile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "heap.pprof")
	file, err := os.Create(path)
	if err == nil {
		err = p.Write(file)
		file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "symbolize", "--binary", program, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err == nil {
		p, err = profile.ParseData(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// words is what the next start sends of a process that was killed.
type words struct {
	live   int64 // at the site, in the last batch
	atOnce bool  // the batch has the name of the site's function; else it was added
}

// killed fills until the kernel ends the process.
func killed(t *testing.T, limitMB, rate int) (w words) {
	t.Helper()
	spool := filepath.Join(t.TempDir(), "spool")
	c := command(built.Limited(t, limitMB<<20), "-hold", "20", "-fill", strconv.Itoa(2*limitMB), "-rate", strconv.Itoa(rate))
	c.Env = environment(nobody, spool)
	if out, err := c.CombinedOutput(); !isKilled(err) {
		t.Fatalf("it was not killed: %v\n%s", err, out)
	}
	for _, b := range sentByTheNextStart(t, spool) {
		if !b.has("trigger:memory") || b.heap == nil {
			continue
		}
		if w.atOnce = b.liveAt("fill_site") > 0; !w.atOnce {
			b.heap = named(t, b.heap)
		}
		w.live = b.liveAt("fill_site")
		t.Logf("%d bytes live, %d at the site, named at once: %t", b.live(), w.live, w.atOnce)
	}
	return w
}

func TestKilledByTheCgroup(t *testing.T) {
	const limitMB = 256
	runs, _ := strconv.Atoi(os.Getenv("LASTWORDS_RUNS"))
	if runs == 0 { // one of three, since how fast it fills does not depend on how fast this machine is
		for range 3 {
			if killed(t, limitMB, 10).live > 0 {
				return
			}
		}
		t.Fatal("the site was not named in three runs")
	}
	rates := strings.Fields(os.Getenv("LASTWORDS_RATES"))
	if len(rates) == 0 {
		rates = []string{"10", "100", "500"}
	}
	for _, text := range rates {
		rate, _ := strconv.Atoi(text)
		var lives []int64
		var named, atOnce int
		for range runs {
			t.Run(text, func(t *testing.T) {
				w := killed(t, limitMB, rate)
				lives = append(lives, w.live>>20)
				if w.live > 0 {
					named++
				}
				if w.atOnce {
					atOnce++
				}
			})
		}
		slices.Sort(lives)
		t.Logf("%d MB/s: the site is on disk in %d of %d runs, with its name in %d; a median of %d MB live there", rate, named, runs, atOnce, lives[len(lives)/2])
		if named*100 < runs*95 {
			t.Errorf("%d MB/s: less than 95 %%", rate)
		}
	}
}

// Without a cgroup: a threshold is reached, and the process is killed as soon as something is on disk.
func TestKilledAtAThreshold(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "spool")
	c := command("", "-hold", "100", "-stay")
	c.Env = environment(nobody, spool, "DD_PROFILING_MEMORY_THRESHOLD=80000000")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "a batch is on disk", func() bool { return len(batchFiles(t, spool)) > 0 })
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	batches := sentByTheNextStart(t, spool)
	if len(batches) == 0 || batches[0].heap == nil {
		t.Fatal("nothing was sent")
	}
	for _, b := range batches {
		if !b.has("trigger:memory") || !b.has("service:lastwords") {
			t.Errorf("tags %q", b.tags)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(spool, "*")); len(left) != 0 {
		t.Errorf("left in the spool: %q", left)
	}
}

// A program that needs 56 MB lives with 65.
func TestLivesNearItsLimit(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "spool")
	c := command(built.Limited(t, 65<<20), "-hold", "52", "-stay", "-period", "100ms")
	c.Env = environment(nobody, spool, "DD_PROFILING_CMEMPROF_SAMPLING_RATE=65536") // of 832 blocks 526 are samples: the bounds are 8 sigma away
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	waitUntil(t, "five batches are on disk", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, out.String())
		default:
		}
		return len(batchFiles(t, spool)) >= 5
	})
	in.Close()
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if strings.Contains(out.String(), "brief 0\n") || !strings.Contains(out.String(), "done") {
		t.Errorf("it said %s", out.String())
	}
	var near batch
	for _, b := range sentByTheNextStart(t, spool) {
		if b.has("left_out:memory") {
			near = b
		}
	}
	if live := near.live(); live < 40<<20 || live > 64<<20 {
		t.Errorf("%d bytes live where 52 MB are held", live)
	}
}

// What was allocated before Start is in no profile, but its size is known; unless sampling begins with the program.
func TestBeforeStart(t *testing.T) {
	imports := filepath.Join(t.TempDir(), "imports")
	if out, err := exec.Command("go", "build", "-tags", "autostart", "-o", imports, "./program").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		program, variable string
		starts            bool
	}{
		{program, "DD_PROFILING_CMEMPROF_AUTOSTART=false", false},
		{program, "DD_PROFILING_CMEMPROF_AUTOSTART=true", true},
		{imports, "DD_TAGS=", true},
		{imports, "DD_PROFILING_CMEMPROF_AUTOSTART=false", true}, // it is in the program
	} {
		a := newAgent(t)
		command := exec.Command(c.program, "-before", "40")
		command.Env = environment(a.address(), "", c.variable)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		a.mu.Lock()
		live := a.batches[len(a.batches)-1].liveAt("hold_site")
		a.mu.Unlock()
		if c.starts != (live > 20<<20) || c.starts != strings.Contains(string(out), "before 0 ") {
			t.Errorf("%s with %s: %d bytes live, and it said %s", filepath.Base(c.program), c.variable, live, out)
		}
	}
	for variable, interval := range map[string]string{
		"DD_PROFILING_ENABLED=false": "interval 0 ", "DD_PROFILING_CMEMPROF_ENABLED=0": "interval 0 ",
		"DD_PROFILING_CMEMPROF_SAMPLING_RATE=1000": "interval 1000 ", "DD_TAGS=": "interval 524288 ",
	} {
		alone := exec.Command(imports) // without profiler.Start
		alone.Env = environment("", "", variable)
		if out, err := alone.CombinedOutput(); err != nil || !strings.Contains(string(out), interval) {
			t.Errorf("%s: %v: %s", variable, err, out)
		}
	}
}
