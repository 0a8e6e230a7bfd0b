//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// A fault returns the options of a profiler that cannot reach its server.
type fault struct {
	name, cause string        // cause: as in the log
	onlyOwn     bool          // not with a client of the program's
	timeout     time.Duration // of an attempt
	options     func(t *testing.T) []profiler.Option
}

// Time-out of an attempt. Only faults that are silent for ever, which may include a name server, reach it.
const (
	timesOut = 150 * time.Millisecond
	never    = time.Hour
)

var faults = []fault{
	{"agent down", "no connection: ", false, never, func(t *testing.T) []profiler.Option {
		addr, _ := reservedAddress(t)
		return []profiler.Option{profiler.WithAgentAddr(addr)}
	}},
	{"status 500", "status 500: the disk is full", false, never, answering(500, nil)},
	{"status 408", "status 408: the disk is full", false, never, answering(408, nil)},
	{"status 403", "status 403: the disk is full", false, never, answering(403, nil)},
	{"status 404", "status 404: the disk is full (Datadog Agents accept profiles since version 7.20", false, never, answering(404, nil)},
	{"status 429 with Retry-After", "status 429: the disk is full", false, never, answering(429, map[string]string{"Retry-After": "3600"})},
	{"reset in mid-body", "connection broken", false, never, connecting(func(c *net.TCPConn, _ <-chan struct{}) {
		_, _ = io.ReadFull(c, make([]byte, 300))
		_ = c.SetLinger(0)
	})},
	{"closed without an answer", "connection broken", false, never, connecting(func(c *net.TCPConn, _ <-chan struct{}) {
		_, _ = c.Read(make([]byte, 1<<20))
	})},
	{"one byte a second", "time-out", false, timesOut, connecting(func(c *net.TCPConn, end <-chan struct{}) {
		_, _ = io.ReadFull(c, make([]byte, 300))
		for i := 0; ; i++ {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n"[i%17:][:1]))
			select {
			case <-end:
				return
			case <-time.After(time.Second):
			}
		}
	})},
	{"never answers", "time-out", false, timesOut, connecting(func(_ *net.TCPConn, end <-chan struct{}) { <-end })},
	{"no such name", "", false, timesOut, func(*testing.T) []profiler.Option {
		return []profiler.Option{profiler.WithAgentAddr("agent.invalid:8126")}
	}},
	{"wrong certificate", "TLS failed", false, never, func(t *testing.T) []profiler.Option {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		return agentless(server.URL)
	}},
	{"redirect to another host", "status 307: ", false, never, func(t *testing.T) []profiler.Option {
		thief := newAgent(t)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		}))
		t.Cleanup(func() {
			server.Close()
			if n := thief.requests.Load(); n != 0 {
				t.Errorf("%d requests, with the key, went to the other host", n)
			}
		})
		return agentless(server.URL)
	}},
	{"socket file removed", "no connection: ", true, never, func(t *testing.T) []profiler.Option {
		return []profiler.Option{profiler.WithUDS(filepath.Join(t.TempDir(), "apm.socket"))}
	}},
}

func agentless(url string) []profiler.Option {
	return []profiler.Option{profiler.WithAgentlessUpload(), profiler.WithAPIKey(testKey), profiler.WithURL(url)}
}

func answering(status int, headers map[string]string) func(t *testing.T) []profiler.Option {
	return func(t *testing.T) []profiler.Option {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for name, value := range headers {
				w.Header().Set(name, value)
			}
			http.Error(w, "the disk is full", status)
		}))
		t.Cleanup(server.Close)
		return []profiler.Option{profiler.WithAgentAddr(server.Listener.Addr().String())}
	}
}

// connecting is a server that handles each connection with the function; end is closed at the end of the test.
func connecting(treat func(c *net.TCPConn, end <-chan struct{})) func(t *testing.T) []profiler.Option {
	return func(t *testing.T) []profiler.Option {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		end := make(chan struct{})
		t.Cleanup(func() { close(end); listener.Close() })
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					treat(c.(*net.TCPConn), end)
				}()
			}
		}()
		return []profiler.Option{profiler.WithAgentAddr(listener.Addr().String())}
	}
}

// With a spool nothing is lost: what one profiler could not send is sent by the next.
func TestSpoolLosesNothing(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name+"/own client", func(t *testing.T) { f.check(t, false) })
		if !f.onlyOwn {
			t.Run(f.name+"/program's client", func(t *testing.T) { f.check(t, true) })
		}
	}
}

const isAlone = "CMEMPROF_TEST_IS_ALONE"

// runAlone runs this very test in a process of its own.
func runAlone(t *testing.T) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	alone := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", strings.Join(parts, "/"))
	alone.Env = append(os.Environ(), isAlone+"=yes")
	output, err := alone.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, output)
	}
}

// net/http looks for a proxy once in a process.
func TestSpoolLosesNothingBehindAProxy(t *testing.T) {
	f := fault{"refusing proxy", "no connection: ", false, never, func(*testing.T) []profiler.Option {
		return []profiler.Option{profiler.WithAgentAddr("192.0.2.1:8126")} // reserved for documentation
	}}
	for _, variable := range []string{"http_proxy", "HTTP_PROXY"} {
		for _, client := range []string{"own", "program's"} {
			t.Run(variable+"/"+client+" client", func(t *testing.T) {
				if os.Getenv(isAlone) == "" {
					runAlone(t)
					return
				}
				t.Setenv(variable, "http://127.0.0.1:1")
				f.check(t, client == "program's")
			})
		}
	}
}

func (f fault) check(t *testing.T, programs bool) {
	log, base, spool := captureLog(t), profiler.Stats(), profiler.WithSpool(t.TempDir(), 0)
	options := append(f.options(t), spool, profiler.WithTags("faulty:yes"), profiler.WithProfileTypes(), profiler.WithLogStartup(false),
		profiler.WithPeriod(60*time.Millisecond), profiler.WithUploadTimeout(f.timeout))
	if programs {
		options = append(options, profiler.WithHTTPClient(&http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}))
	}
	if err := profiler.Start(options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(profiler.Stop)
	waitFor(t, "3 batches in the spool", func() bool { return since(base).BatchesSpooled >= 3 })
	if f.name != "status 429 with Retry-After" { // asks for an hour
		waitFor(t, "a line in the log", func() bool { return len(log.all()) > 0 })
		log.wantOnly(t, "WARN cmemprof: profiles cannot be sent to ")
		if line := log.all()[0]; !strings.Contains(line, f.cause) || !strings.Contains(line, "; they wait in ") {
			t.Errorf("log %q, want %q", line, f.cause)
		}
	}
	profiler.Stop()
	spooled := since(base)
	if spooled.BatchesSent != 0 || spooled.BatchesSpooled < 3 {
		t.Fatalf("%+v", spooled)
	}
	a := newAgent(t)
	start(t, a, spool, profiler.WithProfileTypes(), profiler.WithTags("faulty:no"))
	next := 0
	for range spooled.BatchesSpooled {
		b := a.next(t)
		for b.tags("faulty")[0] == "no" {
			b = a.next(t)
		}
		b.wantTag(t, "profile_seq", fmt.Sprint(next))
		next++
	}
	profiler.Stop()
	got := since(base)
	if got.SpoolSent != spooled.BatchesSpooled || got.BatchesFailed+got.BatchesDropped+got.SpoolDropped+got.SpoolDamaged+got.SpoolErrors != 0 {
		t.Errorf("%+v", got)
	}
}

// reservedAddress refuses connections until listen is called, and cannot be taken by another program meanwhile.
func reservedAddress(t *testing.T) (addr string, listen func() net.Listener) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	check(err)
	file := os.NewFile(uintptr(fd), "reserved")
	t.Cleanup(func() { file.Close() })
	check(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	check(err)
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port), func() net.Listener {
		check(syscall.Listen(fd, 100))
		listener, err := net.FileListener(file)
		check(err)
		return listener
	}
}

// The agent is down for three periods: memory holds five batches, so nothing is lost without a spool either.
func TestAgentDownForThreePeriods(t *testing.T) {
	log, base := captureLog(t), profiler.Stats()
	a := newUnstartedAgent()
	a.Listener.Close()
	addr, listen := reservedAddress(t)
	startStepped(t, a, profiler.WithAgentAddr(addr), profiler.WithPeriod(300*time.Millisecond), profiler.WithProfileTypes())
	for range 3 {
		a.end(t)
	}
	waitFor(t, "7 more tries", func() bool { return since(base).BatchesRetried >= 7 })
	log.wantOnly(t, "WARN cmemprof: profiles cannot be sent to http://"+addr+"/profiling/v1/input: no connection: ")
	a.Listener = listen()
	a.Start()
	defer a.Close()
	a.end(t)
	a.end(t)
	for seq := range 5 {
		a.next(t).wantTag(t, "profile_seq", fmt.Sprint(seq))
	}
	profiler.Stop()
	if got := since(base); got.BatchesSent < 5 || got.BatchesFailed+got.BatchesDropped != 0 {
		t.Errorf("%+v", got)
	}
	log.wantOnly(t, "the last five wait in memory until it answers", "again; 0 batches were lost")
}

func TestSocketRemovedAndBack(t *testing.T) {
	base, path := profiler.Stats(), filepath.Join(t.TempDir(), "apm.socket")
	serve := func() *agent {
		a := newUnstartedAgent()
		a.Listener.Close()
		listener, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		a.Listener = listener
		a.Start()
		return a
	}
	a := serve()
	defer profiler.SetFakes(a.steps())()
	err := profiler.Start(profiler.WithUDS(path), profiler.WithPeriod(200*time.Millisecond), wholePeriod, profiler.WithProfileTypes(),
		profiler.WithUploadTimeout(never), profiler.WithLogStartup(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(profiler.Stop)
	a.period(t).wantTag(t, "profile_seq", "0")
	a.Close() // removes the socket file
	if _, err := os.Stat(path); err == nil {
		t.Fatal("the socket is still there")
	}
	for range 3 {
		a.end(t)
	}
	waitFor(t, "3 more tries", func() bool { return since(base).BatchesRetried >= 3 })
	b := serve()
	defer b.Close()
	for seq := 1; seq <= 3; seq++ {
		b.next(t).wantTag(t, "profile_seq", fmt.Sprint(seq))
	}
	profiler.Stop()
	if got := since(base); got.BatchesFailed+got.BatchesDropped != 0 {
		t.Errorf("%+v", got)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	a := newAgent(t)
	var times [2]atomic.Int64
	var requests atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		if n <= 2 {
			times[n-1].Store(time.Now().UnixNano())
		}
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		a.ServeHTTP(w, r)
	}))
	defer front.Close()
	startStepped(t, &agent{Server: front, ends: a.ends, asleep: a.asleep}, profiler.WithPeriod(250*time.Millisecond), profiler.WithProfileTypes())
	a.end(t)
	a.end(t)
	a.next(t).wantTag(t, "profile_seq", "0")
	a.next(t).wantTag(t, "profile_seq", "1")
	if pause := time.Duration(times[1].Load() - times[0].Load()); pause < 990*time.Millisecond {
		t.Errorf("the second request came after %s", pause)
	}
}

// Spooled batches that a server fails at yield to the others. All finally arrive.
func TestServerFailsForAWhile(t *testing.T) {
	base, a := profiler.Stats(), newAgent(t)
	a.status.Store(500)
	startStepped(t, a, profiler.WithSpool(t.TempDir(), 0), profiler.WithPeriod(50*time.Millisecond), profiler.WithProfileTypes())
	for range 10 {
		a.end(t)
	}
	waitFor(t, "5 more tries", func() bool { return since(base).BatchesRetried >= 5 })
	a.status.Store(200)
	seen := map[string]int{}
	for range 10 {
		seen[a.next(t).tags("profile_seq")[0]]++
	}
	profiler.Stop()
	for seq := range 10 {
		if seen[fmt.Sprint(seq)] != 1 {
			t.Errorf("batch %d came %d times", seq, seen[fmt.Sprint(seq)])
		}
	}
	if got := since(base); got.BatchesFailed+got.BatchesDropped+got.SpoolDropped != 0 || got.SpoolSent != got.BatchesSpooled {
		t.Errorf("%+v", got)
	}
}

// A batch that always makes the server fail does not delay others, is finally given up, and is logged once.
func TestPoisonedBatch(t *testing.T) {
	log, base, a := captureLog(t), profiler.Stats(), newAgent(t)
	var failedLast atomic.Bool // whether the last request failed
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		failed := strings.Contains(string(body), "profile_seq:0,")
		failedLast.Store(failed)
		if failed {
			http.Error(w, "cannot read this", http.StatusInternalServerError)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		a.ServeHTTP(w, r)
	}))
	defer front.Close()
	startStepped(t, &agent{Server: front, ends: a.ends, asleep: a.asleep}, profiler.WithSpool(t.TempDir(), 0), profiler.WithPeriod(30*time.Millisecond), profiler.WithProfileTypes())
	a.end(t)
	waitFor(t, "a try", failedLast.Load)
	for seq := 1; seq <= 10; seq++ { // each batch that arrives is followed by another attempt of the first, a strike: spool_suspects.h
		a.period(t).wantTag(t, "profile_seq", fmt.Sprint(seq))
		waitFor(t, "another try", failedLast.Load)
	}
	waitFor(t, "the batch is given up", func() bool { return since(base).BatchesFailed > 0 })
	profiler.Stop()
	if got := since(base); got.BatchesFailed != 1 || got.BatchesDropped+got.SpoolDropped != 0 {
		t.Errorf("%+v", got)
	}
	lines := log.all() // two more lines if it failed three times before anything else arrived
	if n := len(lines); n != 2 && n != 4 || !strings.Contains(lines[n-2], "status 500: cannot read this; they are dropped") ||
		!strings.Contains(lines[n-1], "again; 1 batches were lost") {
		t.Errorf("log %q", lines)
	}
}

// A wrong key, or an Agent without profiling, loses nothing in the spool, and is logged at once.
func TestRefusalIsSaidAtOnce(t *testing.T) {
	log, base, a, folder := captureLog(t), profiler.Stats(), newAgent(t), t.TempDir()
	a.status.Store(403)
	start(t, a, profiler.WithSpool(folder, 0), profiler.WithProfileTypes())
	profiler.Stop()
	log.wantOnly(t, "status 403: the disk is full; they wait in "+folder)
	if got := since(base); got != (profiler.Counters{BatchesSpooled: 1}) || a.requests.Load() != 1 {
		t.Errorf("%+v after %d requests", got, a.requests.Load())
	}
}

// Others must not be able to add batches. The running profiler continues.
func TestSpoolThatOthersCanWriteIntoIsRefused(t *testing.T) {
	folder, a := t.TempDir(), newAgent(t)
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	start(t, a, profiler.WithProfileTypes(), profiler.WithPeriod(20*time.Millisecond))
	want := ": invalid spool: " + folder + ": every user can write to the directory (use a subdirectory)"
	if err := profiler.Start(profiler.WithSpool(folder, 0)); err == nil || err.Error() != "WithSpool"+want {
		t.Errorf("got %v", err)
	}
	t.Setenv("DD_PROFILING_SPOOL_DIR", folder)
	if err := profiler.Start(); err == nil || err.Error() != "DD_PROFILING_SPOOL_DIR"+want {
		t.Errorf("got %v", err)
	}
	for range len(a.batches) + 2 {
		a.next(t)
	}
	t.Setenv("DD_PROFILING_ENABLED", "false")
	if err := profiler.Start(); err != nil {
		t.Error(err)
	}
}

// An unusable spool is logged once, and batches wait in memory.
func TestSpoolCannotBeWritten(t *testing.T) {
	log, base, a := captureLog(t), profiler.Stats(), newAgent(t)
	a.status.Store(500)
	// Within a period the batch is not given up, but retried after a second.
	startStepped(t, a, profiler.WithSpool(t.TempDir(), 1), profiler.WithPeriod(time.Hour), profiler.WithProfileTypes())
	a.end(t)
	waitFor(t, "2 errors of the spool", func() bool { return since(base).SpoolErrors >= 2 })
	a.status.Store(200)
	a.next(t).wantTag(t, "profile_seq", "0")
	profiler.Stop()
	if got := since(base); got.BatchesSpooled != 0 || got.BatchesFailed+got.BatchesDropped != 0 {
		t.Errorf("%+v", got)
	}
	spoolLines := 0
	for _, line := range log.all() {
		if strings.Contains(line, "cannot be used: File too large; batches wait in memory") {
			spoolLines++
		}
	}
	if spoolLines != 1 {
		t.Errorf("log %q", log.all())
	}
}

func TestSpoolOptions(t *testing.T) {
	wantError(t, "invalid spool", profiler.WithSpool("", 0))
	wantError(t, "invalid spool", profiler.WithSpool("x", -1))
	t.Setenv("DD_PROFILING_SPOOL_MAX_BYTES", "0")
	wantError(t, "DD_PROFILING_SPOOL_MAX_BYTES: must be > 0")
	t.Setenv("DD_PROFILING_SPOOL_MAX_BYTES", "100000")
	folder := t.TempDir()
	t.Setenv("DD_PROFILING_SPOOL_DIR", folder)
	addr, _ := reservedAddress(t)
	start(t, newUnstartedAgent(), profiler.WithAgentAddr(addr), profiler.WithProfileTypes())
	profiler.Stop()
	if files, _ := filepath.Glob(filepath.Join(folder, "*.batch")); len(files) != 1 {
		t.Errorf("in the spool are %q", files)
	}
}

// A relative path is resolved at Start, whatever the working directory is later.
func TestSpoolStaysWhereItWas(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	addr, _ := reservedAddress(t)
	start(t, newUnstartedAgent(), profiler.WithAgentAddr(addr), profiler.WithSpool("spool", 0), profiler.WithProfileTypes())
	t.Chdir(t.TempDir())
	profiler.Stop()
	if files, _ := filepath.Glob(filepath.Join(folder, "spool", "*.batch")); len(files) != 1 {
		t.Errorf("in the spool are %q", files)
	}
}

// An Agent without profiling is too old; this is logged at once.
func TestAgentTooOld(t *testing.T) {
	log, base, a := captureLog(t), profiler.Stats(), newAgent(t)
	a.status.Store(404)
	start(t, a, profiler.WithProfileTypes())
	profiler.Stop()
	log.wantOnly(t, "status 404: the disk is full (Datadog Agents accept profiles since version 7.20 or 6.20; this one is older)")
	if got := since(base); got != (profiler.Counters{BatchesFailed: 1}) {
		t.Errorf("%+v", got)
	}
}
