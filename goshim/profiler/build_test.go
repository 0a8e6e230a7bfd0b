//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const userProgram = `package main

import (
	"fmt"

	_ "github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/goshim/profiler/extensions"
)

func main() {
	err := profiler.Start(profiler.WithPeriod(-1))
	fmt.Println(err)
	err = profiler.Start(profiler.WithLogStartup(false), profiler.WithAgentAddr("127.0.0.1:1"))
	profiler.Stop()
	_, registered := extensions.GetCAllocationProfiler()
	fmt.Println(err, registered, profiler.Stats().BatchesSent)
}
`

// userModule creates a module that uses the profiler, with dependencies from the module cache only.
func userModule(t *testing.T) (run func(environment []string, args ...string) string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	// Built with -trimpath, so that another folder of this tree finds what is compiled in Go's cache.
	folder := filepath.Join(root, "build", "user-module")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	module := strings.Replace(string(goMod), "module github.com/cmemprof/cmemprof", "module example.com/user", 1) +
		"\nrequire github.com/cmemprof/cmemprof v0.0.0\nreplace github.com/cmemprof/cmemprof => " + strconv.Quote(root) + "\n" // the path may contain spaces
	for name, text := range map[string]string{"go.mod": module, "go.sum": string(goSum), "main.go": userProgram} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run = func(environment []string, args ...string) string {
		t.Helper()
		command := exec.Command(args[0], args[1:]...)
		command.Dir = folder
		command.Env = append(append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod -trimpath", "GOWORK=off"), environment...)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
		}
		return string(output)
	}
	run(nil, "go", "mod", "tidy", "-e")
	return run
}

// A service with the profiler needs libc alone, at run time as for building.
func TestBuildNeedsLibcOnly(t *testing.T) {
	run := userModule(t)
	run([]string{"CGO_ENABLED=1"}, "go", "build", "-o", "program", ".")
	if got := run(nil, "./program"); !strings.HasSuffix(got, "<nil> true 0\n") {
		t.Errorf("%q", got)
	}
	libraries, newest := needs(t, "../../build/user-module/program")
	for _, library := range libraries {
		if !regexp.MustCompile(`^(lib(c|dl|pthread|resolv)|ld-linux-x86-64)\.so\.[0-9]+$`).MatchString(library) {
			t.Errorf("%s is needed at run time", library)
		}
	}

	// Nor a newer glibc than Go itself asks for.
	plain := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(plain, []byte(plainProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	run([]string{"CGO_ENABLED=1"}, "go", "build", "-o", "plain", plain)
	if _, without := needs(t, "../../build/user-module/plain"); newest > without {
		t.Errorf("it needs glibc 2.%d, and without the import 2.%d", newest, without)
	}
}

const plainProgram = `package main

import "C"
import "net/http"

func main() { _ = http.ListenAndServe("", nil) }
`

// needs returns the libraries that a program names, and the minor number of the newest glibc 2.x that it asks for.
func needs(t *testing.T, path string) (libraries []string, glibc int) {
	t.Helper()
	program, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	libraries, err = program.ImportedLibraries()
	if err != nil || len(libraries) == 0 {
		t.Fatal(libraries, err)
	}
	symbols, err := program.ImportedSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, symbol := range symbols {
		var minor int
		if count, _ := fmt.Sscanf(symbol.Version, "GLIBC_2.%d", &minor); count == 1 {
			glibc = max(glibc, minor)
		}
	}
	return libraries, glibc
}

// Without cgo a service still builds, and Start says why there are no profiles.
func TestBuildWithoutCgo(t *testing.T) {
	run := userModule(t)
	got := run([]string{"CGO_ENABLED=0"}, "go", "run", ".")
	want := "invalid period, must be > 0: -1ns\n" +
		"cmemprof: this program was built without cgo, which the profiler needs; build with CGO_ENABLED=1 and a C compiler false 0\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// On other systems and processors a service builds as well, with and without a C compiler: no C code of ours is among it. Start says why.
func TestBuildElsewhere(t *testing.T) {
	run := userModule(t)
	for _, target := range []string{"darwin/arm64", "windows/amd64", "freebsd/amd64", "linux/riscv64", "linux/386"} {
		system, processor, _ := strings.Cut(target, "/")
		for _, cgo := range []string{"0", "1"} {
			environment := []string{"GOOS=" + system, "GOARCH=" + processor, "CGO_ENABLED=" + cgo}
			files := run(environment, "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.CgoFiles}} {{.CFiles}}{{end}}", ".")
			if !strings.Contains(files, "cmemprof/goshim/profiler [] []") || strings.Contains(files, "binding.go") || strings.Contains(files, ".c]") {
				t.Errorf("%s, CGO_ENABLED=%s: %s", target, cgo, files)
			}
		}
	}
	// Each compiles the standard library anew, so only two do; this kernel can run one of them.
	run([]string{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"}, "go", "build", "-o", "elsewhere", ".")
	run([]string{"GOOS=linux", "GOARCH=386", "CGO_ENABLED=0"}, "go", "build", "-o", "elsewhere", ".")
	output, err := exec.Command(filepath.Join("..", "..", "build", "user-module", "elsewhere")).CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("this kernel runs no 32-bit programs")
	}
	want := "invalid period, must be > 0: -1ns\ncmemprof: the profiler is for linux/amd64 and linux/arm64, this is linux/386 false 0\n"
	if string(output) != want {
		t.Errorf("%q, %v", output, err)
	}
}

// go mod vendor copies files of Go packages: all C sources and headers must be included.
func TestVendoredBuild(t *testing.T) {
	run := userModule(t)
	run(nil, "go", "mod", "vendor")
	run([]string{"GOFLAGS=-mod=vendor -trimpath", "CGO_ENABLED=1"}, "go", "build", "-o", "program", ".")
	got := run(nil, "./program") // in between the log says that nothing listens
	if !strings.HasPrefix(got, "invalid period, must be > 0: -1ns\n") || !strings.HasSuffix(got, "<nil> true 0\n") {
		t.Errorf("%q", got)
	}
}
