// Package allocators tests real allocators under the hooks: C and C++ programs at rate 1 with each allocator preloaded, and with jemalloc and
// glibc linked. Sites are exact, frees are seen, and the allocator's own figures follow.
package allocators

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
)

const (
	blocks     = 100 // as in program/
	blockBytes = 3000
	kept       = 40
)

var (
	staticLibrary, _ = filepath.Abs("../../build/libcmemprof.a")
	sharedLibrary, _ = filepath.Abs("../../build/libcmemprof.so")
)

func build(t *testing.T, source string, libraries ...string) string {
	t.Helper()
	output := filepath.Join(t.TempDir(), "program")
	compiler, standard := "gcc", "-std=gnu11"
	if strings.HasSuffix(source, ".cc") {
		compiler, standard = "g++", "-std=c++17"
	}
	arguments := append([]string{standard, "-I../../cmemprof", "-D_GNU_SOURCE", "-O1", "-g", "-fno-builtin", "-pthread", "-Wall", "-Wextra",
		"-Werror", "-o", output, "program/" + source}, libraries...)
	if out, err := exec.Command(compiler, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", compiler, strings.Join(arguments, " "), err, out)
	}
	return output
}

// shared is how programs are linked to the shared library, which they then find by its soname.
func shared() []string { return []string{sharedLibrary, "-Wl,-rpath," + filepath.Dir(sharedLibrary)} }

func linked(allocator string) []string {
	libraries := []string{staticLibrary}
	if allocator != "glibc" {
		// The program has no reference to it.
		libraries = append(libraries, "-Wl,--no-as-needed", "-l"+allocator, "-Wl,--as-needed")
	}
	return append(libraries, "-ldl")
}

// run returns the program's standard output and profile.
func run(t *testing.T, program string, preload ...string) (string, *profile.Profile) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.pb")
	command := exec.Command(program, file)
	command.Env = append(os.Environ(), "LD_PRELOAD="+strings.Join(preload, " "))
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	return string(out), profiles.Read(t, file)
}

// wantExact checks the four values of every function site_*.
func wantExact(t *testing.T, p *profile.Profile, sites int) {
	t.Helper()
	values := map[string][4]int64{}
	for _, sample := range p.Sample {
		for _, location := range sample.Location {
			if name := location.Line[:]; len(name) > 0 && strings.HasPrefix(name[0].Function.Name, "site_") {
				sum := values[name[0].Function.Name]
				for i := range sum {
					sum[i] += sample.Value[i]
				}
				values[name[0].Function.Name] = sum
				break
			}
		}
	}
	for name, got := range values {
		want := [4]int64{blocks, blocks * blockBytes, kept, kept * blockBytes}
		if strings.Contains(name, "site_realloc") { // of a block of 10 bytes
			want = [4]int64{2 * blocks, blocks * (blockBytes + 10), kept, kept * blockBytes}
		}
		if got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if len(values) != sites {
		t.Errorf("%d sites, want %d", len(values), sites)
	}
}

var figures = regexp.MustCompile(`(?m)^(before|during|after) (\w+) (\d+) (\d+) (\d+)$`)

func wantAllocator(t *testing.T, out, name string, p *profile.Profile) {
	t.Helper()
	inUse, mapped := map[string]int64{}, map[string]int64{}
	for _, match := range figures.FindAllStringSubmatch(out, -1) {
		if match[2] != name {
			t.Errorf("the allocator is %q, want %q", match[2], name)
		}
		var a, b int64
		fmt.Sscan(match[3], &a)
		fmt.Sscan(match[4], &b)
		inUse[match[1]], mapped[match[1]] = a, b
	}
	if mapped["after"] == 0 || mapped["after"] < inUse["after"] {
		t.Errorf("what is mapped is not plausible:\n%s", out)
	}
	// The program holds 7 sites x 100 x 3000 B, then 40 of each 100; valloc's blocks are page-aligned. A sampled block is no larger.
	const held = 7 * blocks * blockBytes
	if _, family := inUse["during"]; family && name != "mimalloc" {
		if grown := inUse["during"] - inUse["before"]; grown < held || grown > 2*held {
			t.Errorf("%d bytes are held, but in use grew by %d:\n%s", held, grown, out)
		}
		if fallen := inUse["during"] - inUse["after"]; fallen < held/4 {
			t.Errorf("%d bytes were freed, but in use fell by %d:\n%s", held/100*(blocks-kept), fallen, out)
		}
	}
	for _, comment := range p.Comments {
		if strings.HasPrefix(comment, "cmemprof allocator: name="+name+" ") {
			return
		}
	}
	if name == "glibc" { // whose figures take too long for every profile
		return
	}
	t.Errorf("no comment of the profile names %s: %q", name, p.Comments)
}

func check(t *testing.T, source, name, program string, preload ...string) {
	t.Helper()
	out, p := run(t, program, preload...)
	sites := map[string]int{"family.c": 7, "operators.cc": 12}[source]
	wantExact(t, p, sites)
	wantAllocator(t, out, name, p)
}

func TestLinked(t *testing.T) {
	for _, source := range []string{"family.c", "operators.cc"} {
		for _, name := range []string{"glibc", "jemalloc"} {
			t.Run(source+"/"+name, func(t *testing.T) {
				check(t, source, name, build(t, source, linked(name)...))
			})
		}
	}
}

func TestPreloaded(t *testing.T) {
	libraries := []struct{ name, file string }{
		{"glibc", ""}, {"jemalloc", "libjemalloc.so.2"}, {"tcmalloc", "libtcmalloc_minimal.so.4"}, {"mimalloc", "libmimalloc.so.2"},
	}
	for _, source := range []string{"family.c", "operators.cc"} {
		program := build(t, source, shared()...)
		for _, library := range libraries {
			t.Run(source+"/"+library.name, func(t *testing.T) {
				check(t, source, library.name, program, loader.Preloadable(t, sharedLibrary), library.file)
			})
		}
	}
}

// A Go program imports the package.
func TestGo(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, "./goprogram").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, p := run(t, program)
	var name, version string
	var before, during int64
	if _, err := fmt.Sscan(out, &name, &version, &before, &during); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const held = 100 * 80000
	if name != "jemalloc" || version < "5" || during-before < held || during-before > 2*held {
		t.Error(out)
	}
	var inUse int64
	for _, sample := range p.Sample {
		for _, location := range sample.Location {
			if len(location.Line) > 0 && location.Line[0].Function.Name == "site_kept" {
				inUse += sample.Value[3]
			}
		}
	}
	if inUse != held {
		t.Errorf("the profile has %d bytes in use, not %d", inUse, held)
	}
}

// A C++ program may replace only the plain operators.
func TestReplacedOperators(t *testing.T) {
	for _, libraries := range [][]string{linked("glibc"), linked("jemalloc"), shared()} {
		if out, err := exec.Command(build(t, "replaced.cc", libraries...)).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// Its operators may replace the hooks, or the hooks its operators: both work.
func TestStaticCxxLibrary(t *testing.T) {
	_, p := run(t, build(t, "operators.cc", append(linked("glibc"), "-static-libstdc++", "-static-libgcc")...))
	wantExact(t, p, 12)
}
