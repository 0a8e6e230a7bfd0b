// Package life tests that the profiler never endangers its host: every allocation that the profiler makes, in any library, may fail, once or from
// then on. The host's output and exit status are then the same as without the profiler; the profile is an error, or has fewer names.
//
// A real allocator (program/failing.c) returns NULL only to the profiler, which it recognizes by the functions on the stack.
// CMEMPROF_STRESS=full fails every allocation; otherwise, after the first ones, only some.
package life

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

	"github.com/cmemprof/cmemprof/e2e/loader"
)

var full = os.Getenv("CMEMPROF_STRESS") == "full"

var (
	staticLibrary, _ = filepath.Abs("../../build/libcmemprof.a")
	sharedLibrary, _ = filepath.Abs("../../build/libcmemprof.so")
	directory        string // of what is built
	cFlags           = []string{"-std=gnu11", "-iquote", "../../cmemprof", "-D_GNU_SOURCE", "-O1", "-g", "-pthread", "-Wall", "-Wextra", "-Werror"}
	libraries        = []string{"-ldl"} // of libcmemprof.a, as the Makefile has them
)

func built(name string) string { return filepath.Join(directory, name) }

func TestMain(m *testing.M) {
	var err error
	if directory, err = os.MkdirTemp("", "cmemprof-life-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := 1
	if err = build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		status = m.Run()
	}
	os.RemoveAll(directory)
	os.Exit(status)
}

func build() error {
	failing := built("libfailing.so")
	for _, command := range [][]string{
		append(append([]string{"gcc"}, cFlags...), "-fPIC", "-shared", "-o", failing, "program/failing.c", "-lgcc_s"),
		append(append(append([]string{"gcc"}, cFlags...), "-rdynamic", "-o", built("host"), "program/host.c", staticLibrary, "-Wl,--no-as-needed",
			failing, "-Wl,--as-needed", "-Wl,-rpath,"+directory), libraries...),
		append(append([]string{"gcc"}, cFlags...), "-o", built("writes"), "program/writes.c"),
		{"go", "build", "-o", built("service"), "./service"},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
		}
	}
	return nil
}

// ---- Functions of the profiler ----

// All symbols of this project's C code have the prefix, and cgo's functions that call it have its name with the package's prefix, as has its
// C.malloc. Left out are functions that run for an allocation of the program.
var ofProfiler = regexp.MustCompile(`^cmemprof_`)
var ofPackage = regexp.MustCompile(`^(_cgo_[0-9a-f]+_)Cfunc_(cmemprof|upload|merge|delta|profile|compress)_`)
var ofProgram = regexp.MustCompile(`^cmemprof_(hook_|profiler_|bootstrap_)`)

// codeOf returns the part of LIFE_CODE for the profiler's functions in a file; name: the loader's name of the file.
func codeOf(t *testing.T, path, name string) string {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]bool{}
	for _, s := range symbols {
		if m := ofPackage.FindStringSubmatch(s.Name); m != nil {
			packages[m[1]] = true
		}
	}
	isOurs := func(name string) bool {
		prefix, _, _ := strings.Cut(name, "Cfunc_")
		return packages[prefix] || ofProfiler.MatchString(name) && !ofProgram.MatchString(name)
	}
	var ranges []string
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 0 && isOurs(s.Name) {
			ranges = append(ranges, fmt.Sprintf("%x-%x", s.Value, s.Value+s.Size))
		}
	}
	if len(ranges) < 10 {
		t.Fatalf("%s has %d functions of the profiler", path, len(ranges))
	}
	return name + ":" + strings.Join(ranges, ",") + ";"
}

// ---- Run ----

// counts is struct life_counts of program/failing.h.
type counts struct {
	Asked, Failed, Large uint64
	Sizes                [16]uint64 // of the first large ones
}

type outcome struct {
	stdout, stderr string
	err            error
	counts         counts
}

func (o outcome) String() string {
	return fmt.Sprintf("%v, stdout %q, stderr %q", o.err, o.stdout, o.stderr)
}

func run(t *testing.T, environment []string, program string, arguments ...string) outcome {
	t.Helper()
	var o outcome
	file := filepath.Join(t.TempDir(), "counts")
	if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Minute
	cmd.Env = append(append(os.Environ(), "LIFE_COUNTS="+file), environment...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	o.err = cmd.Run()
	if ctx.Err() != nil {
		o.err = errors.Join(o.err, ctx.Err())
	}
	o.stdout, o.stderr = out.String(), complaint.String()
	data, err := os.ReadFile(file)
	if err == nil {
		err = binary.Read(bytes.NewReader(data), binary.NativeEndian, &o.counts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// each runs f for the allocations that are to fail, out of n, with one failure and with all later ones.
func each(n uint64, f func(environment []string, name string)) {
	percent := uint64(100)
	if full {
		percent = 0
	}
	for _, onwards := range []string{"0", "1"} {
		for i := uint64(1); i <= n; i += 1 + i*percent/100 {
			f([]string{fmt.Sprintf("LIFE_FAIL=%d", i), "LIFE_ONWARDS=" + onwards}, fmt.Sprintf("allocation %d, onwards %s", i, onwards))
		}
	}
}

// ---- A C program ----

func TestHost(t *testing.T) {
	code := codeOf(t, built("host"), "")
	environment := []string{"LIFE_STEP=20"}
	if full {
		environment = nil
	}
	for name, test := range map[string]struct {
		code      string
		arguments []string
	}{
		"start":         {code, []string{"start"}},
		"profile":       {code, []string{"profile"}},
		"address space": {"", []string{"limit", "as"}},
		"data":          {"", []string{"limit", "data"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := run(t, append(environment, "LIFE_CODE="+test.code), built("host"), test.arguments...)
			if o.err != nil || o.stderr != "" {
				t.Error(o)
			}
			t.Log(strings.TrimSpace(o.stdout))
		})
	}
}

// ---- A program with the library preloaded ----

func TestPreloaded(t *testing.T) {
	code := codeOf(t, sharedLibrary, filepath.Base(sharedLibrary))
	want := run(t, nil, built("writes"))
	if want.err != nil || want.stdout == "" || want.stderr != "" {
		t.Fatal(want)
	}
	preloaded := func(more ...string) outcome {
		return run(t, append(more, "LIFE_CODE="+code, "LD_PRELOAD="+loader.Preloadable(t, sharedLibrary)+":"+built("libfailing.so"), "CMEMPROF_DIRECTORY="+t.TempDir(),
			"CMEMPROF_PERIOD_MS=50", "CMEMPROF_RATE=1"), built("writes"))
	}
	all := preloaded()
	if all.err != nil || all.stdout != want.stdout || all.stderr != "" || all.counts.Asked == 0 {
		t.Fatalf("nothing fails: %v, %d allocations", all, all.counts.Asked)
	}
	each(all.counts.Asked, func(environment []string, name string) {
		if got := preloaded(environment...); got.err != nil || got.stdout != want.stdout || got.stderr != "" {
			t.Errorf("%s: %v", name, got)
		}
	})
	t.Logf("%d allocations", all.counts.Asked)
}

// ---- A Go service ----

// agent accepts all uploads.
func agent(t *testing.T) (address string, batches *atomic.Int64) {
	batches = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		batches.Add(1)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), batches
}

func service(t *testing.T, address string, periods int, environment ...string) outcome {
	t.Helper()
	return run(t, append([]string{"LIFE_AGENT=" + address, fmt.Sprintf("LIFE_PERIODS=%d", periods), "GOMAXPROCS=4",
		"DD_PROFILING_CMEMPROF_SAMPLING_RATE=65536"}, environment...), built("service"))
}

func TestService(t *testing.T) {
	address, batches := agent(t)
	want := service(t, "", 1)
	if want.err != nil || want.stdout == "" || want.stderr != "" {
		t.Fatal(want)
	}
	code := codeOf(t, built("service"), "")
	failing := []string{"LIFE_CODE=" + code, "LD_PRELOAD=" + built("libfailing.so")}
	batches.Store(0)
	all := service(t, address, 5, failing...)
	if all.err != nil || all.stdout != want.stdout || all.stderr != "" || all.counts.Asked == 0 || batches.Load() == 0 {
		t.Fatalf("nothing fails: %v, %d allocations, %d batches", all, all.counts.Asked, batches.Load())
	}
	each(all.counts.Asked, func(environment []string, name string) {
		if got := service(t, address, 5, append(environment, failing...)...); got.err != nil || got.stdout != want.stdout || got.stderr != "" {
			t.Errorf("%s: %v", name, got)
		}
	})
	t.Logf("%d allocations", all.counts.Asked)
}

// figures is what service/main.go counts.
type figures struct {
	Threads, Answered int
	Mapped            bool
	Stats             struct{ BatchesSent, ProfilesFailed, Panics uint64 }
}

func figuresOf(t *testing.T, address string, periods int, environment ...string) (figures, outcome) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "figures")
	o := service(t, address, periods, append(environment, "LIFE_FIGURES="+file)...)
	var f figures
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || o.err != nil {
		t.Fatal(err, o)
	}
	return f, o
}

// A CPU profile at the runtime's default rate, debug pages, all profile types: nothing is printed on stderr.
func TestNothingIsPrinted(t *testing.T) {
	address, _ := agent(t)
	f, o := figuresOf(t, address, 1, "LIFE_BATCHES=5")
	if o.stderr != "" || f.Stats.BatchesSent == 0 || f.Answered == 0 || f.Stats.ProfilesFailed+f.Stats.Panics != 0 {
		t.Errorf("%+v, stderr %q", f, o.stderr)
	}
}

// The profiler must not train glibc's thresholds: it allocates no block of 64 KiB or more, in all periods and with all profile types.
func TestNoLargeBlocks(t *testing.T) {
	address, _ := agent(t)
	f, o := figuresOf(t, address, 20, "LIFE_BATCHES=20", "LD_PRELOAD="+built("libfailing.so"),
		"LIFE_CODE="+codeOf(t, built("service"), ""))
	if f.Stats.BatchesSent < 20 || o.counts.Asked == 0 {
		t.Fatalf("%+v, %d allocations", f, o.counts.Asked)
	}
	if o.counts.Large > 0 {
		t.Errorf("%d blocks of 64 KiB and more; the first are of %d bytes", o.counts.Large, o.counts.Sizes)
	}
	t.Logf("%d batches, %d allocations", f.Stats.BatchesSent, o.counts.Asked)
}

// glibc maps a block of 200 KiB until a mapped one of that size was freed. The service frees none, so neither did the profiler.
func TestThresholdsStay(t *testing.T) {
	address, _ := agent(t)
	off, _ := figuresOf(t, "", 20)
	on, _ := figuresOf(t, address, 20, "LIFE_BATCHES=20")
	if !off.Mapped || !on.Mapped || on.Stats.BatchesSent < 20 {
		t.Errorf("a block of 200 KiB is mapped without the profiler: %t, with it: %t, after %d batches", off.Mapped, on.Mapped, on.Stats.BatchesSent)
	}
}

// Go keeps as many threads as it ever had goroutines in C at one time, besides those that run Go code. So their number depends on the machine's
// load, with the profiler or without; but the profiler has at most three goroutines in C, however long it runs.
func TestThreads(t *testing.T) {
	address, _ := agent(t)
	const goroutines, ofProfiler, processors, ofRuntime, batches = 8, 3, 4, 12, 60
	most := goroutines + ofProfiler + processors + ofRuntime
	on, _ := figuresOf(t, address, 1, fmt.Sprintf("LIFE_BATCHES=%d", batches), "LIFE_PAUSE=50ms", fmt.Sprintf("LIFE_GOROUTINES=%d", goroutines),
		fmt.Sprintf("GOMAXPROCS=%d", processors))
	if on.Stats.BatchesSent < batches {
		t.Fatalf("%+v", on)
	}
	if on.Threads > most {
		t.Errorf("%d threads after %d batches, want %d at most", on.Threads, on.Stats.BatchesSent, most)
	}
	t.Logf("%d threads after %d batches", on.Threads, on.Stats.BatchesSent)
}
