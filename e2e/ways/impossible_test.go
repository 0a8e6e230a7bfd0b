package ways

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

const notBound = "this program's malloc is not the profiler's: it has one of its own, the profiler was loaded late, or a sanitizer came first"

// sanitizers, each with a compiler that has it. Leak detection is off, since a container may forbid ptrace.
var sanitizers = []struct{ compiler, name string }{
	{"gcc", "address"}, {"gcc", "thread"}, {"clang", "address"}, {"clang", "thread"}, {"clang", "memory"},
}

func sanitized(program string, arguments ...string) *exec.Cmd {
	c := exec.Command(program, arguments...)
	c.Env = append(os.Environ(), "ASAN_OPTIONS=detect_leaks=0", "LSAN_OPTIONS=detect_leaks=0")
	return c
}

func forEachSanitizer(t *testing.T, test func(t *testing.T, compiler, name string)) {
	for _, s := range sanitizers {
		t.Run(s.compiler+" "+s.name, func(t *testing.T) {
			test(t, s.compiler, s.name)
		})
	}
}

// TestSanitizerLinked: its malloc comes first; cmemprof_start reports it and the program runs on.
func TestSanitizerLinked(t *testing.T) {
	_, environment := install(t)
	flags := pkgConfig(t, environment, "--cflags", "--libs")
	forEachSanitizer(t, func(t *testing.T, compiler, name string) {
		program := compile(t, compiler, filepath.Join("programs", "linked.c"), append([]string{"-fsanitize=" + name}, flags...)...)
		if output := mustRun(t, sanitized(program)); output != notBound+"\nran on\n" {
			t.Error(output)
		}
	})
}

// TestSanitizerPreloaded: after the sanitizer's runtime, or with one that is part of the program, nothing is sampled and a note says why.
func TestSanitizerPreloaded(t *testing.T) {
	forEachSanitizer(t, func(t *testing.T, compiler, name string) {
		program := compile(t, compiler, filepath.Join("programs", "sites.c"), "-fsanitize="+name, "-std=gnu11", "-D_GNU_SOURCE", "-pthread")
		preload := loader.Preloadable(t, built(t, "libcmemprof.so"))
		if compiler == "gcc" { // clang's is inside of the program
			library := "lib" + map[string]string{"address": "asan", "thread": "tsan"}[name] + ".so"
			preload = strings.TrimSpace(mustRun(t, exec.Command("gcc", "-print-file-name="+library))) + ":" + preload
		}
		folder := t.TempDir()
		c := sanitized(program, "exit")
		c.Env = append(c.Env, "LD_PRELOAD="+preload, "CMEMPROF_DIRECTORY="+folder, "CMEMPROF_RATE=1", "CMEMPROF_ON_TERMINATION=1")
		output, status := run(t, c)
		text, err := os.ReadFile(readOnly(t, folder, "*"))
		if status != 5 || output != "" || err != nil || string(text) != notBound+"\n" {
			t.Errorf("status %d, output %q, note %q, %v", status, output, text, err)
		}
	})
}

// TestSanitizerRun: the command does not start a program that it cannot profile.
func TestSanitizerRun(t *testing.T) {
	forEachSanitizer(t, func(t *testing.T, compiler, name string) {
		program := compile(t, compiler, filepath.Join("programs", "sites.c"), "-fsanitize="+name, "-std=gnu11", "-D_GNU_SOURCE", "-pthread")
		output, status := run(t, runCommand(t, program, "exit"))
		if status != 125 || !strings.Contains(output, "is built with "+strings.ToUpper(name[:1])+name[1:]+"Sanitizer") {
			t.Errorf("status %d, output %s", status, output)
		}
	})
}

// TestSanitizerGo: go build passes the sanitizer's flags to all C code, including the hooks.
func TestSanitizerGo(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ flag, compiler string }{{"-asan", "gcc"}, {"-asan", "clang"}, {"-msan", "clang"}} {
		t.Run(s.compiler+" "+s.flag, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "sanitized")
			build := exec.Command("go", "build", s.flag, "-o", program, "./sanitized")
			build.Env = append(os.Environ(), "CC="+s.compiler, "CGO_CFLAGS=-O0") // sanitized code takes long to optimise
			mustRun(t, build)
			if output := mustRun(t, sanitized(program)); output != "cmemprof: "+notBound+"\nran on\n" {
				t.Error(output)
			}
		})
	}
}

// TestPlugin: Go code with cmemprof in a library that is loaded late: the process's malloc is already bound.
func TestPlugin(t *testing.T) {
	t.Parallel()
	library := filepath.Join(t.TempDir(), "plugin.so")
	mustRun(t, exec.Command("go", "build", "-buildmode=c-shared", "-o", library, "./plugin"))
	program := compile(t, "gcc", filepath.Join("programs", "dlopen.c"), "-std=gnu11", "-ldl")
	if output := mustRun(t, exec.Command(program, library)); output != "cmemprof: "+notBound+"\nran on\n" {
		t.Error(output)
	}
}

// TestLoadedLate: the library itself, opened when the process's malloc is already bound. It is never unloaded.
func TestLoadedLate(t *testing.T) {
	program := compile(t, "gcc", filepath.Join("programs", "unload.c"), "-std=gnu11", "-ldl")
	if output := mustRun(t, exec.Command(program, built(t, "libcmemprof.so"))); output != notBound+"\nstill there\n" {
		t.Error(output)
	}
}

// TestValgrind: its malloc replaces all others, unless told not to; this is detected.
func TestValgrind(t *testing.T) {
	sites := compileSites(t)
	underValgrind := func(t *testing.T, option string) (folder string) {
		t.Helper()
		folder = t.TempDir()
		// valgrind itself is static and does not see LD_PRELOAD; the program does.
		c := exec.Command("valgrind", "--quiet", "--log-file=/dev/null", option, sites, "exit")
		c.Env = append(os.Environ(), "LD_PRELOAD="+loader.Preloadable(t, built(t, "libcmemprof.so")), "CMEMPROF_DIRECTORY="+folder, "CMEMPROF_RATE=1")
		if output, status := run(t, c); status != 5 {
			t.Errorf("status %d\n%s", status, output)
		}
		return folder
	}
	t.Run("malloc replaced", func(t *testing.T) {
		note, err := os.ReadFile(readOnly(t, underValgrind(t, "--leak-check=no"), "*"))
		if err != nil || string(note) != notBound+"\n" {
			t.Errorf("note %q, %v", note, err)
		}
	})
	t.Run("malloc left alone", func(t *testing.T) {
		p := profiles.Read(t, readOnly(t, underValgrind(t, "--soname-synonyms=somalloc=nouserintercepts"), "*.exit.pb"))
		if got := siteOf(p, "site_alive"); got.allocBytes != aliveBytes {
			t.Errorf("%+v", got)
		}
	})
}
