// Package hazards holds the tests of what has broken memory profilers: one C program for each hazard (program/), run without cmemprof, then
// linked with it and with it preloaded, at three rates. Each program checks its own results and that samples taken are samples emitted plus
// samples counted as dropped, exactly. A second part does the same from Go (service/).
//
// CMEMPROF_STRESS=full repeats every loop 20 times and adds the profiler that is linked but off.
package hazards

import (
	"bytes"
	"context"
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
)

var full = os.Getenv("CMEMPROF_STRESS") == "full"

func rates() []int {
	if full {
		return []int{0, 1, 4096, 524288}
	}
	return []int{1, 4096, 524288}
}

// What libcmemprof.a needs: LIBS_cmemprof and LIBS_merge of the Makefile.
var libraries = []string{"-ldw", "-lelf", "-ldl", "-lm", "-lzstd", "-ldeflate"}

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
}

var programs = []program{
	{name: "address_space"},
	{name: "alternate_stacks"},
	{name: "cancelled"},
	{name: "coroutines"},
	{name: "dlopen_storm", plugins: true},
	{name: "double_underscore"},
	{name: "early_calls"},
	{name: "exceptions"},
	{name: "exit_race"},
	{name: "family_rules", sameOutput: true},
	{name: "fork_alike"},
	{name: "fork_profile"},
	{name: "fork_storm"},
	{name: "huge_calloc"},
	{name: "libc_callers", sameOutput: true},
	{name: "live_heap"},
	{name: "no_memory"},
	{name: "realloc_growth"},
	{name: "shut_in"},
	{name: "signals_allocate", ownBehind: true},
	{name: "signals_read"},
	{name: "snapshots"},
	{name: "spawn_storm"},
	{name: "stack_budget", stackBudget: true},
	{name: "stack_overflow"},
	{name: "stop_start"},
	{name: "thread_storm"},
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

// Built at different levels of optimisation, so that different code comes to lie at the same places.
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
	command(t, compiler, append(append(append(link, staticLibrary), behind...), append(libraries, "-o", built(p.name+"-linked"))...)...)
}

// ---- Run ----

var running = make(chan struct{}, 2) // two at a time

// run gives stdout. A program that fails, or does not end, fails the test; its children go with it.
func run(t *testing.T, environment []string, program string, arguments ...string) string {
	t.Helper()
	running <- struct{}{}
	defer func() { <-running }()
	limit := 60 * time.Second
	if full {
		limit = 15 * time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(os.Environ(), environment...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if ctx.Err() != nil {
		err = errors.Join(err, fmt.Errorf("not ended after %v", limit))
	}
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", strings.Join(environment, " "), filepath.Base(program), err, out.String(), complaint.String())
	}
	return out.String()
}

var report = regexp.MustCompile(`(?m)^cmemprof: .*\n`)

func (p program) test(t *testing.T) {
	p.build(t)
	var arguments []string
	if p.plugins {
		arguments = plugins()
	}
	scale := "HAZARD_SCALE=1"
	if full {
		scale = "HAZARD_SCALE=20"
	}
	want := run(t, []string{scale}, built(p.name), arguments...)
	if p.stackBudget {
		most, found := strings.CutPrefix(strings.TrimSpace(want), "most stack: ")
		if _, err := strconv.Atoi(most); !found || err != nil {
			t.Fatalf("without cmemprof: %q", want)
		}
		arguments = []string{most}
	}
	for _, rate := range rates() {
		environment := []string{scale, "HAZARD_RATE=" + strconv.Itoa(rate)}
		ways := map[string]func(t *testing.T) string{
			"linked": func(t *testing.T) string { return run(t, environment, built(p.name+"-linked"), arguments...) },
			"preloaded": func(t *testing.T) string {
				return run(t, append(environment, "LD_PRELOAD="+sharedLibrary), built(p.name), arguments...)
			},
		}
		for way, start := range ways {
			t.Run(fmt.Sprintf("%s/%d", way, rate), func(t *testing.T) {
				got := start(t)
				t.Log(strings.TrimSpace(report.FindString(got)))
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
			t.Parallel()
			p.test(t)
		})
	}
}

// The loader ignores LD_PRELOAD where a program runs with the rights of another: it must run as without.
func TestSetuidProgramRunsWithout(t *testing.T) {
	program := built("setuid")
	command(t, "gcc", append(cFlags, "-std=gnu11", "-o", program, "program/setuid.c", "-ldl")...)
	preload := []string{"LD_PRELOAD=" + sharedLibrary}
	if got := run(t, preload, program); got != "profiler, not secure, own rights\n" {
		t.Fatalf("a program like any other: %s", got)
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make a program that runs as somebody else")
	}
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
