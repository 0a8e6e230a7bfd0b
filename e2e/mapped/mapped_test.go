// Package mapped tests what profiles say of memory that a program maps by itself, in each way of running: exactly that, not Go's heap, and not
// what the allocator behind has mapped.
package mapped

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
)

const mb = 1 << 20

func mustRun(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", c, err, out)
	}
}

func isOwn(sample *profile.Sample) bool { return sample.HasLabel("owner", "cmemprof") }

// inUse sums the live bytes of samples with the label memory=KIND, without the profiler's own: all, and those through the function.
func inUse(p *profile.Profile, kind, function string) (all, through int64) {
	for _, sample := range p.Sample {
		if !sample.HasLabel("memory", kind) || isOwn(sample) {
			continue
		}
		all += sample.Value[3]
		for _, location := range sample.Location {
			if len(location.Line) > 0 && location.Line[0].Function.Name == function {
				through += sample.Value[3]
				break
			}
		}
	}
	return all, through
}

func wantMapped(t *testing.T, p *profile.Profile, function string, want int64) {
	t.Helper()
	if all, through := inUse(p, "mmap", function); all != want || through != want {
		t.Errorf("%d bytes are mapped, %d of them by %s, want %d:\n%v", all, through, function, want, p)
	}
}

// await returns the only file of that name, once it is there.
func await(t *testing.T, folder, pattern string) string {
	t.Helper()
	for range 6000 {
		if files, _ := filepath.Glob(filepath.Join(folder, pattern)); len(files) == 1 {
			return files[0]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no file %s in %s", pattern, folder)
	return ""
}

func buildGo(t *testing.T, arguments ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "goprogram")
	mustRun(t, exec.Command("go", append(append([]string{"build"}, arguments...), "-o", program, "./goprogram")...))
	return program
}

// TestGo: Go's heap is mapped through libc, too, and is not C's. The stack leads into Go.
func TestGo(t *testing.T) {
	for name, arguments := range map[string][]string{
		"dynamic": nil,
		"pie":     {"-buildmode=pie"},
		"static": {"-tags", "cmemprof_static,netgo,osusergo", "-ldflags",
			`-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"`},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "profile")
			mustRun(t, exec.Command(buildGo(t, arguments...), file))
			p := profiles.Read(t, file)
			wantMapped(t, p, "map_some", 30*mb)
			wantMapped(t, p, "main.holdMapped", 30*mb)
		})
	}
}

// TestGoPreloaded: the library knows Go's calls by the name of the function that makes them.
func TestGoPreloaded(t *testing.T) {
	folder := t.TempDir()
	c := exec.Command(buildGo(t, "-tags", "preloaded"))
	c.Env = append(os.Environ(), "LD_PRELOAD="+loader.Preloadable(t, built.Program(t, "CMEMPROF_PRELOAD", "libcmemprof.so")), "CMEMPROF_DIRECTORY="+folder,
		"CMEMPROF_PERIOD_MS=500")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	before, _ := filepath.Glob(filepath.Join(folder, "*.period.pb"))
	wantMapped(t, profiles.Read(t, await(t, folder, fmt.Sprintf("*.%d.period.pb", len(before)+2))), "map_some", 30*mb)
}

func buildC(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "mapped")
	mustRun(t, exec.Command("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Werror", "-o", program, "program/mapped.c"))
	return program
}

// TestRun: the mapping that mremap has moved is main's.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "profile")
	mustRun(t, exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "-o", file, "--", buildC(t)))
	p := profiles.Read(t, file)
	wantMapped(t, p, "main", 20*mb)
	if _, through := inUse(p, "mmap", "map_some"); through != 10*mb {
		t.Errorf("%d bytes by map_some", through)
	}
}

// TestAllocatorsMappings: what jemalloc or mimalloc map for malloc is counted as malloc's, not once more as mapped.
func TestAllocatorsMappings(t *testing.T) {
	for _, allocator := range []string{"libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"} {
		t.Run(allocator, func(t *testing.T) {
			folder := t.TempDir()
			c := exec.Command(buildC(t))
			c.Env = append(os.Environ(), "LD_PRELOAD="+strings.Join([]string{loader.Preloadable(t, built.Program(t, "CMEMPROF_PRELOAD", "libcmemprof.so")), allocator}, " "),
				"CMEMPROF_DIRECTORY="+folder, "CMEMPROF_RATE=1024")
			mustRun(t, c)
			p := profiles.Read(t, await(t, folder, "*.exit.pb"))
			wantMapped(t, p, "main", 20*mb)
			if all, _ := inUse(p, "C", "main"); all < 25*mb || all > 40*mb {
				t.Errorf("%d bytes from malloc", all)
			}
		})
	}
}
