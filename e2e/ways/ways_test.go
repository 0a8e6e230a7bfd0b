// Package ways tests all ways to profile a program: started by `cmemprof run`, preloaded, linked, linked statically, with musl; and programs that
// cannot be profiled: sanitizers, libraries that are loaded late. Each test builds small programs and checks their profiles.
package ways

import (
	"debug/elf"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// patience bounds every wait for an event that is immediate on an idle machine.
const patience = 5 * time.Minute

// Allocations of sites.c, at rate 1.
const (
	aliveBytes = 500 * 10000
	freedBytes = 300 * 1000
)

// built returns the path of a file that make has built.
func built(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("WAYS_BUILD")
	if folder == "" {
		folder = filepath.Join("..", "..", "build")
	}
	path, err := filepath.Abs(filepath.Join(folder, name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run returns the command's combined output and exit status. It fails the test if the command cannot be run.
func run(t *testing.T, c *exec.Cmd) (output string, status int) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "output") // and no pipe, which a process that it left behind would hold
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c.Stdout, c.Stderr = file, file
	err = c.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatalf("%v: %v", c, err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), c.ProcessState.ExitCode()
}

// mustRun also fails the test if the exit status is not 0.
func mustRun(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	output, status := run(t, c)
	if status != 0 {
		t.Fatalf("%v: status %d\n%s", c, status, output)
	}
	return output
}

// compile builds a program of programs/ and returns its path.
func compile(t *testing.T, compiler, source string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), filepath.Ext(source)))
	arguments := append([]string{"-g", "-O1", "-o", path, source}, flags...)
	mustRun(t, exec.Command(compiler, arguments...))
	return path
}

func compileSites(t *testing.T) string {
	t.Helper()
	return compile(t, "gcc", filepath.Join("programs", "sites.c"), "-std=gnu11", "-D_GNU_SOURCE", "-pthread")
}

func openELF(t *testing.T, path string) *elf.File {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// loaderOf is what the program says that starts it; below an emulator's folder of libraries if there is one.
func loaderOf(t *testing.T, program string) string {
	t.Helper()
	for _, part := range openELF(t, program).Progs {
		if part.Type == elf.PT_INTERP {
			path, err := io.ReadAll(part.Open())
			if err != nil {
				t.Fatal(err)
			}
			return os.Getenv("QEMU_LD_PREFIX") + strings.TrimRight(string(path), "\x00")
		}
	}
	t.Fatalf("%s names no loader", program)
	return ""
}

// site sums the samples with the function on their stack.
type site struct{ allocCount, allocBytes, inuseCount, inuseBytes int64 }

func siteOf(p *profile.Profile, function string) site {
	var s site
	for _, sample := range p.Sample {
		if hasFunction(sample, function) {
			s.allocCount += sample.Value[0]
			s.allocBytes += sample.Value[1]
			s.inuseCount += sample.Value[2]
			s.inuseBytes += sample.Value[3]
		}
	}
	return s
}

func hasFunction(sample *profile.Sample, function string) bool {
	for _, location := range sample.Location {
		for _, line := range location.Line {
			if line.Function.Name == function {
				return true
			}
		}
	}
	return false
}

// checkSites checks that a profile of sites.c at rate 1 has exactly its allocations. exits: number of runs of site_freed.
func checkSites(t *testing.T, p *profile.Profile, exits int64) {
	t.Helper()
	if got, want := siteOf(p, "site_alive"), (site{500, aliveBytes, 500, aliveBytes}); got != want {
		t.Errorf("site_alive: %+v, not %+v", got, want)
	}
	if got, want := siteOf(p, "site_freed"), (site{300 * exits, freedBytes * exits, 0, 0}); got != want {
		t.Errorf("site_freed: %+v, not %+v", got, want)
	}
	if got := siteOf(p, "main"); got.inuseBytes < aliveBytes {
		t.Errorf("main is on the stacks of %d bytes only", got.inuseBytes)
	}
	// Allocations of the library's own thread are not in the profile.
	if got := siteOf(p, "writer_finish"); got != (site{}) {
		t.Errorf("the profiler's own allocations are in the profile: %+v", got)
	}
}

// glob returns the matching files of the folder.
func glob(t *testing.T, folder, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// waitUntil polls until the condition is true.
func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
