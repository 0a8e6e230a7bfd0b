package command

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/pprof/profile"
)

const patience = time.Minute

// livePprof is of one process after so many seconds: C memory that grows by 1 MB a second, 10 MB/s that are allocated, and memory of Go that stays.
func livePprof(seconds int64) []byte {
	return livePprofOf(seconds, seconds, 0)
}

// livePprofOf counts what was allocated in another time than that since the start, and has a duration if it is not 0.
func livePprofOf(seconds, counted int64, duration time.Duration) []byte {
	function := func(id uint64, name, file string) *profile.Location {
		f := &profile.Function{ID: id, Name: name, Filename: file}
		return &profile.Location{ID: id, Line: []profile.Line{{Function: f, Line: int64(10 * id)}}}
	}
	c, leak, cache := function(1, "sqlite3MemMalloc", "/s.c"), function(2, "main.leak", "/src/leak.go"), function(3, "main.cache", "/src/cache.go")
	p := &profile.Profile{TimeNanos: 1700000000e9 + seconds*1e9, DurationNanos: int64(duration),
		SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"}, {Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		Location:   []*profile.Location{c, leak, cache}, Function: []*profile.Function{c.Line[0].Function, leak.Line[0].Function, cache.Line[0].Function},
		Sample: []*profile.Sample{
			{Location: []*profile.Location{c, leak}, Value: []int64{counted, 10e6 * counted, seconds, 5e6 + 1e6*seconds}, Label: map[string][]string{"memory": {"C"}, "tenant": {"acme"}}},
			{Location: []*profile.Location{cache}, Value: []int64{9, 90e6, 1, 2e6}},
		}}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// put replaces a file, as programs should.
func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// ---- A terminal ----

func ioctl(t *testing.T, file *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatal(errno)
	}
}

// screen is cmemprof in a terminal.
type screen struct {
	t       *testing.T
	master  *os.File
	slave   *os.File
	command *exec.Cmd
	before  syscall.Termios
	output  chan []byte
	reading sync.Mutex // held: nothing is read
	all     []byte     // what it wrote
	seen    int        // until where
}

func openScreen(t *testing.T, columns, lines uint16, arguments ...string) *screen {
	t.Helper()
	return openScreenOf(t, columns, lines, exec.Command(program(t), arguments...))
}

func openScreenOf(t *testing.T, columns, lines uint16, command *exec.Cmd) *screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	var number, locked uint32
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	s := &screen{t: t, master: master, slave: slave, output: make(chan []byte, 1000)}
	s.resize(columns, lines)
	s.before = s.state()
	s.command = command
	s.command.Stdin, s.command.Stdout, s.command.Stderr = slave, slave, slave
	s.command.Env = append(os.Environ(), "TERM=xterm")
	s.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			chunk := make([]byte, 4096)
			n, err := master.Read(chunk)
			s.reading.Lock()
			s.reading.Unlock()
			if err != nil {
				close(s.output)
				return
			}
			s.output <- chunk[:n]
		}
	}()
	t.Cleanup(func() {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
		slave.Close()
		master.Close()
	})
	return s
}

func (s *screen) resize(columns, lines uint16) {
	s.t.Helper()
	size := [4]uint16{lines, columns}
	ioctl(s.t, s.slave, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

func (s *screen) state() (state syscall.Termios) {
	s.t.Helper()
	ioctl(s.t, s.slave, syscall.TCGETS, unsafe.Pointer(&state))
	return state
}

// until waits for what is written from now on.
func (s *screen) until(expression string) string {
	s.t.Helper()
	wanted := regexp.MustCompile(expression)
	for end := time.After(patience); ; {
		if at := wanted.FindIndex(s.all[s.seen:]); at != nil {
			text := string(s.all[s.seen : s.seen+at[1]])
			s.seen += at[1]
			return text
		}
		select {
		case chunk, open := <-s.output:
			if !open {
				s.t.Fatalf("it has ended; no %s in\n%q", expression, s.all[s.seen:])
			}
			s.all = append(s.all, chunk...)
		case <-end:
			s.t.Fatalf("no %s in\n%q", expression, s.all[s.seen:])
		}
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// closed waits for the end, and checks that the terminal is as it was.
func (s *screen) closed() syscall.WaitStatus {
	s.t.Helper()
	s.until(`\x1b\[\?25h\x1b\[\?1049l`)
	err := s.command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	if now := s.state(); now != s.before {
		s.t.Errorf("the terminal is %+v, and was %+v", now, s.before)
	}
	return s.command.ProcessState.Sys().(syscall.WaitStatus)
}

func TestLiveOnATerminal(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "heap.pprof")
	put(t, file, livePprof(0))
	s := openScreen(t, 120, 30, "top", file, "--live", "--interval", "100ms")
	s.until(`\x1b\[\?1049h\x1b\[\?25l`)
	s.until(`inuse_space, all by function: 7\.00 MB \(C 5\.00 MB\), growth -, alloc_space -`)
	if s.state() == s.before {
		t.Error("keys are echoed")
	}
	put(t, file, livePprof(30))
	s.until(`growth \+60\.0 MB/min, alloc_space 10\.0 MB/s`)
	s.until(`35\.0 MB   94\.6%    \+60\.0 MB/min     10\.0 MB/s  sqlite3MemMalloc  s\.c`)
	for _, key := range []struct{ key, wanted string }{
		{"c", `inuse_space, C memory by function: 35\.0 MB, growth`},
		{"g", `inuse_space, Go memory by function: 2\.00 MB, growth 0 B/min`},
		{"l", `Go memory by line`}, {"a", `all by line: 37\.0 MB`}, {"l", `main\.cache  cache\.go:30`},
		{"t", `all by tenant: 37\.0 MB[^~]*  acme`}, {"s", `sqlite3MemMalloc <- main\.leak`}, {"u", `with callees`},
		{"f", `main\.leak  leak\.go`}, {"o", `\*growth`}, {"o", `\*rate`}, {"p", `paused`}, {"p", `heap\.pprof  \d\d:\d\d:\d\d\x1b`},
	} {
		s.press(key.key)
		s.until(key.wanted)
	}
	// A file that is gone is said, and comes back.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.until(`No such file or directory`)
	put(t, file, livePprof(40))
	s.until(`growth \+60\.0 MB/min`)
	put(t, file, livePprof(1)) // another process
	s.until(`growth -, alloc_space -`)
	// A small window.
	s.resize(40, 8)
	s.until(`\x1b\[H`)
	s.press("a")
	s.until(`\x1b\[H`)
	text := s.until(`\x1b\[J`)
	lines := strings.Split(regexp.MustCompile(`\x1b\[[A-Z]|\r`).ReplaceAllString(text, ""), "\n")
	for _, line := range lines {
		if len(line) > 40 || len(lines) > 8 {
			t.Errorf("%d lines, %q", len(lines), line)
		}
	}
	s.press("q")
	if status := s.closed(); status.ExitStatus() != 0 {
		t.Errorf("q: status %d", status.ExitStatus())
	}
}

// However it ends, the terminal is as it was.
func TestLiveEnds(t *testing.T) {
	t.Parallel()
	heedInterrupts(t)
	file := filepath.Join(t.TempDir(), "heap.pprof")
	put(t, file, livePprof(1))
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGBUS} {
		s := openScreen(t, 80, 24, "top", file, "--live")
		s.until(`q quit`)
		if err := s.command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if status := s.closed(); !status.Signaled() || status.Signal() != signal {
			t.Errorf("%v: status %v", signal, status)
		}
	}
	s := openScreen(t, 80, 24, "top", file, "--live", "--count", "1")
	if status := s.closed(); status.ExitStatus() != 0 {
		t.Errorf("--count 1: status %v", status)
	}
	s = openScreen(t, 80, 24, "top", file, "--live")
	s.until(`q quit`)
	s.press("\x03") // Ctrl-C of the keyboard
	if status := s.closed(); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("Ctrl-C: status %v", status)
	}
	// Stopped, the terminal is the shell's; going on, it is drawn again.
	script := `set -m; "$0" "$@"; echo the shell has it; read -r line; fg >/dev/null`
	s = openScreenOf(t, 80, 24, exec.Command("bash", "--norc", "-c", script, program(t), "top", file, "--live", "--interval", "60m"))
	s.until(`q quit`)
	s.press("\x1a") // Ctrl-Z
	s.until(`\x1b\[\?25h\x1b\[\?1049l[^~]*the shell has it`)
	if s.state() != s.before {
		t.Error("a stopped process keeps the terminal")
	}
	s.press("\n")
	s.until(`\x1b\[\?1049h[^~]*q quit`)
	s.press("q")
	s.closed()
}

// Under nohup, or behind a shell's &, programs ignore these, and so do those that they start; what has a handler is the default there.
func heedInterrupts(t *testing.T) {
	for _, one := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(one) {
			signal.Notify(make(chan os.Signal, 1), one)
			t.Cleanup(func() { signal.Ignore(one) })
		}
	}
}

// A terminal that is behind, as on a slow line, gets what leaves its second screen once it has room.
func TestLiveEndsOnASlowTerminal(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "heap.pprof")
	put(t, file, livePprof(1))
	s := openScreen(t, 200, 60, "top", file, "--live", "--interval", "60m")
	s.until(`q quit`)
	s.reading.Lock()
	s.press(strings.Repeat("c", 300)) // each draws it again
	time.Sleep(time.Second)           // long enough to fill what is between, as a rule
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	s.reading.Unlock()
	if status := s.closed(); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("status %v", status)
	}
}

// Output that is stopped (Ctrl-S) takes no more: a signal ends it all the same, also the second of two, and gives the modes back.
func TestLiveEndsWhileOutputIsStopped(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "heap.pprof")
	put(t, file, livePprof(1))
	for _, signals := range [][]syscall.Signal{{syscall.SIGTERM}, {syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1}} {
		s := openScreen(t, 80, 24, "top", file, "--live", "--interval", "100ms")
		s.until(`q quit`)
		const tcxonc, off = 0x540A, 0
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, s.slave.Fd(), tcxonc, off); errno != 0 {
			t.Fatal(errno)
		}
		for _, signal := range signals {
			if err := s.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		}
		kill := time.AfterFunc(patience, func() { _ = s.command.Process.Kill() })
		_ = s.command.Wait()
		kill.Stop()
		if status := s.command.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || !slices.Contains(signals, status.Signal()) {
			t.Errorf("%v: status %v", signals, status)
		}
		if now := s.state(); now != s.before {
			t.Errorf("%v: the terminal is %+v, and was %+v", signals, now, s.before)
		}
	}
}

// Without a terminal each table is printed.
func TestLiveOfAURL(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		if n == 2 {
			http.Error(w, "the service is busy", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(livePprof(10 * n))
	}))
	defer server.Close()
	out := succeed(t, "top", "--live", "--interval", "100ms", "--count", "4", "--memory", "C", "--lines", "1", server.URL+"/debug/cmemprof/heap")
	tables := strings.Split(strings.TrimSuffix(out, "\n\n"), "\n\n"+server.URL)
	if len(tables) != 4 || asked.Load() != 4 {
		t.Fatalf("%d tables after %d requests:\n%s", len(tables), asked.Load(), out)
	}
	for i, wanted := range []string{"15.0 MB, growth -, alloc_space -", "the service is busy", "35.0 MB, growth +60.0 MB/min, alloc_space 10.0 MB/s",
		"45.0 MB, growth +60.0 MB/min, alloc_space 10.0 MB/s"} {
		if !strings.Contains(tables[i], wanted) {
			t.Errorf("table %d has no %q:\n%s", i, wanted, tables[i])
		}
	}
	if strings.Contains(out, "\x1b") || strings.Contains(out, "main.cache") {
		t.Errorf("%q", out)
	}
}

// A profile with a duration has its rate in itself: the one before says nothing of it, and that it counts less is no new start.
func TestLiveOfDeltas(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		_, _ = w.Write(livePprofOf(10*n, []int64{100, 100, 50}[n-1], 10*time.Second))
	}))
	defer server.Close()
	out := succeed(t, "top", "--live", "--interval", "100ms", "--count", "3", "--memory", "C", server.URL)
	tables := strings.Split(strings.TrimSuffix(out, "\n\n"), "\n\n"+server.URL)
	for i, wanted := range []string{"15.0 MB, growth -, alloc_space 100 MB/s", "25.0 MB, growth +60.0 MB/min, alloc_space 100 MB/s",
		"35.0 MB, growth +60.0 MB/min, alloc_space 50.0 MB/s"} {
		if len(tables) != 3 || !strings.Contains(tables[i], wanted) {
			t.Errorf("table %d has no %q:\n%s", i, wanted, out)
		}
	}
}

func TestLiveOfAProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, binary, heap := filepath.Join(folder, "p.c"), filepath.Join(folder, "p"), filepath.Join(folder, "heap.pprof")
	if err := os.WriteFile(source, []byte(`#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void *volatile kept[100];
__attribute__((noinline)) static void keep(int i) { memset(kept[i] = malloc(100000), 1, 100000); }
int main(void) {
	for (int i = 0; i < 100; i++) keep(i);
	puts("ready");
	fflush(stdout);
	getchar();
	return 0;
}
`), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-g", "-O1", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	start := func(options ...string) (pid string, end func()) {
		command := exec.Command(program(t), append(append([]string{"run", "--rate", "1", "-o", heap}, options...), "--", binary)...)
		in, _ := command.StdinPipe()
		out, _ := command.StdoutPipe()
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		return strconv.Itoa(command.Process.Pid), func() {
			in.Close()
			if err := command.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
	pid, end := start("--signal", "USR2")
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		t.Fatal(err)
	}
	// The program, or the cmemprof run that it has.
	for _, name := range []string{strings.TrimSpace(string(children)), pid} {
		out := succeed(t, "top", "--live", "--interval", "100ms", "--count", "3", name)
		if strings.Count(out, "inuse_space, all by function: 10.0 MB (C 10.0 MB)") != 3 || !strings.Contains(out, "keep  p.c") || !strings.Contains(out, "growth 0 B/min") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
	end()
	if files, _ := filepath.Glob(heap + ".[0-9]*"); files != nil {
		t.Errorf("files of the user were written: %q", files)
	}
	pid, end = start()
	defer end()
	if _, complaint, status := run(t, "top", "--live", "--count", "1", pid); status != 1 || !strings.Contains(complaint, "it cannot be asked: start it with cmemprof run --signal USR2") {
		t.Errorf("without --signal: %d %s", status, complaint)
	}
	if _, complaint, status := run(t, "top", "--live", "--count", "1", strconv.Itoa(os.Getpid())); status != 1 || !strings.Contains(complaint, "it is not profiled by cmemprof run") {
		t.Errorf("another process: %d %s", status, complaint)
	}
}

func TestLiveOptions(t *testing.T) {
	file := write(t, &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}})
	for _, wrong := range []struct {
		arguments []string
		status    int
		message   string
	}{
		{[]string{"--live", "--interval", "1", file}, 2, "--interval takes a time from 100ms to 60m"},
		{[]string{"--live", "--interval", "10ms", file}, 2, "--interval takes a time from 100ms to 60m"},
		{[]string{"--live", "--count", "0", file}, 2, "--count takes a number from 1"},
		{[]string{"--count", "1", file}, 2, "--count is of --live"},
		{[]string{"--live", file, file}, 2, "--live shows one file"},
		{[]string{"--live", "-"}, 2, "standard input can be read only once"},
		{[]string{"--live", "--tree", file}, 2, "--live does not apply to --tree"},
		{[]string{"--live", "--diff_base", file, file}, 2, "exclude each other"},
		{[]string{"--live", file + ".none"}, 1, "No such file or directory"},
		{[]string{"--live", "--count", "1", "--type", "miles", file}, 1, "the profile has no such sample type"},
		{[]string{"--live", "--count", "1", "4194305"}, 1, "neither a file nor a process"}, // above what Linux allows
	} {
		if _, complaint, status := run(t, append([]string{"top"}, wrong.arguments...)...); status != wrong.status || !strings.Contains(complaint, wrong.message) {
			t.Errorf("%q: %d %s", wrong.arguments, status, complaint)
		}
	}
}
