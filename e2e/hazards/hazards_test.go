// Package hazards tests what has broken memory profilers: one C program for each hazard (program/), run without cmemprof, then linked with it
// and with it preloaded, at three rates. Each program checks its own results, and that samples taken equal samples emitted plus samples counted
// as dropped. A second part does the same from Go (service/).
//
// With CMEMPROF_TORTURE=N (make torture), programs that cause events such as forks cause N of each in every way of running, the others
// repeat their loops N / 5,000 times, and a profiler that is linked but off is added. For a program that causes no event for five minutes, the
// stacks of all its threads and its children's are shown.
package hazards

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	emulation "github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/loader"
)

// Number of each event; 0: the short form, with the programs' defaults.
var torture = func() int {
	text := os.Getenv("CMEMPROF_TORTURE")
	if text == "" {
		return 0
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		panic("CMEMPROF_TORTURE=" + text + " is not a number of events")
	}
	return count
}()

func scale() int { return max(1, torture/5000) }

func (p program) rates() []int {
	if torture != 0 && p.events == nil {
		return []int{0, 1, 4096, 524288}
	}
	return []int{1, 4096, 524288}
}

// Links all of libcmemprof.a, since programs look up its functions by name, with LIBS_cmemprof and LIBS_merge of the Makefile.
var libraries = []string{"-ldl"}

var (
	staticLibrary, _ = filepath.Abs("../../build/libcmemprof.a")
	sharedLibrary, _ = filepath.Abs("../../build/libcmemprof.so")
	cFlags           = []string{"-I../../cmemprof", "-D_GNU_SOURCE", "-O1", "-g", "-fno-builtin-malloc", "-pthread", "-Wall", "-Wextra", "-Werror"}
)

type program struct {
	name        string
	sameOutput  bool // stdout is the same with and without cmemprof
	plugins     bool // takes them as arguments
	ownBehind   bool // linked with signal_safe_allocator.c
	stackBudget bool // takes what it printed without cmemprof

	events []string // what it causes, as it says at its end

	notEmulated string // why an emulator cannot run it, also without cmemprof (findings/qemu-user.sh)
}

var programs = []program{
	{name: "address_space"},
	{name: "alternate_stacks"},
	{name: "cancelled", events: []string{"cancels"}},
	{name: "coroutines"},
	{name: "dlopen_storm", plugins: true, events: []string{"opens"}},
	{name: "double_underscore"},
	{name: "early_calls"},
	{name: "exceptions"},
	{name: "exit_race"},
	{name: "family_rules", sameOutput: true},
	{name: "fork_alike"},
	{name: "fork_profile"},
	{name: "fork_storm", events: []string{"forks"}},
	{name: "huge_calloc", notEmulated: "what is resident is the emulator's, too"},
	{name: "libc_callers", sameOutput: true},
	{name: "live_heap"},
	{name: "no_memory", notEmulated: "RLIMIT_AS limits nothing"},
	{name: "realloc_growth"},
	{name: "shut_in", notEmulated: "there are no seccomp filters"},
	{name: "signals_allocate", ownBehind: true, events: []string{"signals"}},
	{name: "signals_read", plugins: true, events: []string{"signals", "every hook"}},
	{name: "snapshots"},
	{name: "spawn_storm", events: []string{"vforks", "clones", "spawns"}},
	{name: "stack_budget", stackBudget: true},
	{name: "stack_overflow", notEmulated: "RLIMIT_STACK does not limit a program that runs already"},
	{name: "stop_start", events: []string{"starts"}},
	{name: "thread_storm", events: []string{"threads"}},
	{name: "tiny_stacks"},
}

// ---- Build ----

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, out)
	}
}

var directory string // of what is built

func TestMain(m *testing.M) {
	var err error
	if directory, err = os.MkdirTemp("", "cmemprof-hazards-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(directory)
	os.Exit(status)
}

func built(name string) string { return filepath.Join(directory, name) }

// Built at different optimisation levels, so that different code gets the same addresses.
var plugins = sync.OnceValue(func() []string {
	var names []string
	for level := range 4 {
		names = append(names, built(fmt.Sprintf("plugin%d.so", level)))
	}
	return names
})

func buildShared(t *testing.T) {
	for level, name := range plugins() {
		command(t, "gcc", append(cFlags, "-shared", "-fPIC", fmt.Sprintf("-O%d", level), "-o", name, "program/plugin.c")...)
	}
	command(t, "gcc", append(cFlags, "-shared", "-fPIC", "-o", built("libsignal_safe.so"), "program/signal_safe_allocator.c")...)
	command(t, "gcc", append(cFlags, "-std=gnu11", "-c", "-o", built("hazard.o"), "program/hazard.c")...)
	if _, err := os.Stat(staticLibrary); err != nil {
		t.Fatal(`build/libcmemprof.a is not there; "make lib" builds it`)
	}
}

func (p program) build(t *testing.T) {
	compiler, source, standard := "gcc", "program/"+p.name+".c", "-std=gnu11"
	if _, err := os.Stat(source); err != nil {
		compiler, source, standard = "g++", "program/"+p.name+".cc", "-std=gnu++17"
	}
	object := built(p.name + ".o")
	command(t, compiler, append(cFlags, standard, "-c", "-o", object, source)...)
	link := []string{"-rdynamic", "-pthread", object, built("hazard.o")}
	var behind []string
	if p.ownBehind {
		behind = []string{"-Wl,--no-as-needed", built("libsignal_safe.so"), "-Wl,--as-needed", "-Wl,-rpath," + directory}
	}
	command(t, compiler, append(append(link, behind...), "-ldl", "-o", built(p.name))...)
	command(t, compiler, append(append(append(link, "-Wl,--whole-archive", staticLibrary, "-Wl,--no-whole-archive"), behind...), append(libraries, "-o", built(p.name+"-linked"))...)...)
}

// ---- Run ----

var running = make(chan struct{}, 2) // two at a time

// run returns stdout. A program that fails or hangs fails the test; its children are ended with it.
func run(t *testing.T, environment []string, program string, arguments ...string) string {
	t.Helper()
	return watched(t, time.Duration(scale())*5*time.Minute, environment, program, arguments...)
}

// watched is run with a progress file: a program hangs if that does not change for five minutes; without one, if it exceeds the limit.
func watched(t *testing.T, limit time.Duration, environment []string, program string, arguments ...string) string {
	t.Helper()
	running <- struct{}{}
	defer func() { <-running }()
	cmd := exec.Command(program, arguments...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // also when the test is killed
	cmd.Env = append(os.Environ(), environment...)
	// Files and no pipes, which processes that it left behind would hold.
	directory := t.TempDir()
	out, err := os.Create(filepath.Join(directory, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	complaint, err := os.Create(filepath.Join(directory, "complaint"))
	if err != nil {
		t.Fatal(err)
	}
	defer complaint.Close()
	cmd.Stdout, cmd.Stderr = out, complaint
	err = cmd.Start()
	if err == nil {
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		err = awaitEnd(cmd, ended, limit, progressFile(environment))
	}
	said, outError := os.ReadFile(out.Name())
	complained, complaintError := os.ReadFile(complaint.Name())
	if err = errors.Join(err, outError, complaintError); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", strings.Join(environment, " "), filepath.Base(program), err, said, complained)
	}
	return string(said)
}

// done: 100000 forks
var done = regexp.MustCompile(`(?m)^done: ([0-9]+) (.*)\n`)

// checkEvents checks that the program caused as many events as it should; otherwise its success means nothing.
func (p program) checkEvents(t *testing.T, output string) {
	t.Helper()
	counts := map[string]int{}
	for _, found := range done.FindAllStringSubmatch(output, -1) {
		counts[found[2]], _ = strconv.Atoi(found[1])
	}
	t.Log(strings.ReplaceAll(strings.Join(done.FindAllString(output, -1), ""), "\n", " "))
	for _, event := range p.events {
		if counts[event] < max(1, torture) {
			t.Errorf("%d %s of %d", counts[event], event, torture)
		}
	}
}

// start runs the program in one of the ways.
func (p program) start(t *testing.T, environment []string, program string, arguments ...string) string {
	t.Helper()
	if p.events == nil || torture == 0 {
		return run(t, append(environment, "HAZARD_SCALE="+strconv.Itoa(scale())), program, arguments...)
	}
	progress := filepath.Join(t.TempDir(), "progress")
	return watched(t, 5*time.Minute, append(environment, "HAZARD_COUNT="+strconv.Itoa(torture), progressVariable+progress), program, arguments...)
}

var report = regexp.MustCompile(`(?m)^cmemprof: .*\n`)

func (p program) test(t *testing.T) {
	p.build(t)
	var arguments []string
	if p.plugins {
		arguments = plugins()
	}
	want := p.start(t, nil, built(p.name), arguments...)
	p.checkEvents(t, want)
	if p.stackBudget {
		most, found := strings.CutPrefix(strings.TrimSpace(want), "most stack: ")
		if _, err := strconv.Atoi(most); !found || err != nil {
			t.Fatalf("without cmemprof: %q", want)
		}
		arguments = []string{most}
	}
	for _, rate := range p.rates() {
		environment := []string{"HAZARD_RATE=" + strconv.Itoa(rate)}
		ways := map[string]func(t *testing.T) string{
			"linked": func(t *testing.T) string { return p.start(t, environment, built(p.name+"-linked"), arguments...) },
			"preloaded": func(t *testing.T) string {
				return p.start(t, append(environment, "LD_PRELOAD="+loader.Preloadable(t, sharedLibrary)), built(p.name), arguments...)
			},
		}
		for way, start := range ways {
			t.Run(fmt.Sprintf("%s/%d", way, rate), func(t *testing.T) {
				got := start(t)
				t.Log(strings.TrimSpace(report.FindString(got)))
				p.checkEvents(t, got)
				if !report.MatchString(got) {
					t.Errorf("the program did not say how it ended:\n%s", got)
				}
				if rest := report.ReplaceAllString(got, ""); p.sameOutput && rest != want {
					t.Errorf("got\n%s\nwithout cmemprof it is\n%s", rest, want)
				}
			})
		}
	}
}

func TestHazards(t *testing.T) {
	buildShared(t)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			if p.notEmulated != "" {
				emulation.NotEmulated(t, p.notEmulated)
			}
			t.Parallel()
			p.test(t)
		})
	}
}

// The loader ignores LD_PRELOAD in a program with another user's rights: it must run as without.
func TestSetuidProgramRunsWithout(t *testing.T) {
	program := built("setuid")
	command(t, "gcc", append(cFlags, "-std=gnu11", "-o", program, "program/setuid.c", "-ldl")...)
	preload := []string{"LD_PRELOAD=" + loader.Preloadable(t, sharedLibrary)}
	if got := run(t, preload, program); got != "profiler, not secure, own rights\n" {
		t.Fatalf("a program like any other: %s", got)
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make a program that runs as somebody else")
	}
	emulation.NotEmulated(t, "there is no other user in its namespace")
	const nobody = 65534
	if err := errors.Join(os.Chmod(directory, 0o755), os.Chown(program, nobody, nobody), os.Chmod(program, 0o755|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	if got := run(t, nil, program); got != "no profiler, secure, rights of another\n" {
		t.Skipf("this file system does not know setuid: %s", got)
	}
	if got := run(t, preload, program); got != "no profiler, secure, rights of another\n" {
		t.Errorf("preloaded: %s", got)
	}
}
