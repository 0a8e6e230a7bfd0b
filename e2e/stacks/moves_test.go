package stacks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// CMEMPROF_STRESS=full makes a million allocations in each mode.
var allocations = map[bool]string{false: "1600", true: "1000000"}[os.Getenv("CMEMPROF_STRESS") == "full"]

// goVersions are those whose return path from C into Go (runtime/asm_amd64.s) was checked and is tested: the oldest that go.mod allows, the
// current one, and the newest known. The current one may be one of these (scripts/test-go-versions).
var goVersions = []string{"go1.25.0", "", "go1.27.3"}

// versionOf returns the version of a toolchain. This test is built with the current one.
func versionOf(toolchain string) string {
	if toolchain == "" {
		return runtime.Version()
	}
	return toolchain
}

// goWith returns the go command of a toolchain, which is fetched if missing. "": the current one.
func goWith(t *testing.T, toolchain string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := func(arguments ...string) *exec.Cmd {
		c := exec.Command("go", arguments...)
		if toolchain != "" {
			c.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain)
		}
		return c
	}
	if out, err := command("version").CombinedOutput(); err != nil {
		t.Fatalf("the toolchain %s cannot be had: it is not in Go's module cache (GOMODCACHE), and could not be fetched from GOPROXY: %v\n%s",
			toolchain, err, out)
	}
	return command(arguments...)
}

func buildWith(t *testing.T, toolchain, directory string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	build := goWith(t, toolchain, append(append([]string{"build", "-o", program}, flags...), directory)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestMoves: after callbacks in which the goroutine's stack grew, shrank or moved, every stack is right, and cut stacks are counted.
func TestMoves(t *testing.T) {
	for _, toolchain := range goVersions {
		program := buildWith(t, toolchain, "./moves")
		for _, mode := range []string{"random", "threads", "nested", "nested threads", "panics"} {
			for _, settings := range []string{"", "GODEBUG=harddecommit=1"} { // the second: Go's freed memory cannot be read
				if settings != "" && mode != "random" {
					continue
				}
				t.Run(strings.Join([]string{toolchain, mode, settings}, " "), func(t *testing.T) {
					command := exec.Command(program, allocations, mode)
					command.Env = append(os.Environ(), settings)
					out, err := command.CombinedOutput()
					if err != nil {
						t.Fatalf("%v\n%.3000s", err, out)
					}
					var all, cut, counted int
					if _, err := fmt.Sscan(string(out), &all, &cut, &counted); err != nil {
						t.Fatalf("%v in %.3000s", err, out)
					}
					t.Logf("%d allocations, %d of them cut", all, cut)
					// 60 callbacks have more frames than are kept, and Go 1.25 does not correct frame pointers above a panic.
					mayCut := strings.HasPrefix(mode, "nested") || mode == "panics" && strings.HasPrefix(versionOf(toolchain), "go1.25")
					if all == 0 || cut > counted || (cut != 0) != mayCut {
						t.Errorf("%d allocations, %d of them cut, %d cuts counted", all, cut, counted)
					}
				})
			}
		}
	}
}

// TestMovesStatic: the same in a program without a loader, where the table of objects is ours.
func TestMovesStatic(t *testing.T) {
	program := buildWith(t, "", "./moves", "-tags", "cmemprof_static,netgo,osusergo", "-ldflags",
		`-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"`)
	out, err := exec.Command(program, allocations, "random").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.3000s", err, out)
	}
	var all, cut, counted int
	if _, err := fmt.Sscan(string(out), &all, &cut, &counted); err != nil || all == 0 || cut != 0 {
		t.Errorf("%d allocations, %d of them cut: %v", all, cut, err)
	}
}

// TestUserFunctions: SQLite calls a function that was registered in Go, whose stack moves there.
func TestUserFunctions(t *testing.T) {
	out, err := exec.Command(buildWith(t, "", "./functions")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.3000s", err, out)
	}
	t.Logf("%s", out)
}

// TestCollections: the callback does nothing but collect garbage, which shrinks the stack.
func TestCollections(t *testing.T) {
	for _, toolchain := range goVersions {
		out, err := exec.Command(buildWith(t, toolchain, "./collections")).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%.3000s", err, out)
		}
	}
}
