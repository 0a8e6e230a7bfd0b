// Package sqlite tests that sampling does not affect a program: SQLite gives the same results, writes the same file and reports the same memory
// with its allocations sampled as without cmemprof.
package sqlite

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Output of program/main.go.
type result struct {
	Rows, File             string
	OpenBytes, ClosedBytes int64
	Samples                uint64
	LostOrCutStacks        uint64
}

func build(t *testing.T, tags string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-tags", tags, "-o", program, "./program").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// run runs the program in dir, which is the same each time: SQLite keeps the file's path in memory, so its length matters.
func run(t *testing.T, program, dir string, interval int) result {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, strconv.Itoa(interval), dir).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return r
}

func TestResultsAreTheSame(t *testing.T) {
	plain, sampled := build(t, ""), build(t, "cmemprof")
	dir := filepath.Join(t.TempDir(), "work")
	want := run(t, plain, dir, 0)
	if want.OpenBytes < 1<<20 || want.ClosedBytes >= want.OpenBytes || len(want.Rows) != 64 || len(want.File) != 64 {
		t.Fatalf("without cmemprof: %+v: this is not the workload", want)
	}
	t.Logf("without cmemprof: %+v", want)
	if again := run(t, plain, dir, 0); again != want {
		t.Fatalf("without cmemprof a second run differs, so nothing can be compared:\n%+v\n%+v", again, want)
	}
	// Linked but off, every allocation, some, and as services run it.
	for interval, minSamples := range map[int]uint64{0: 0, 1: 100000, 4096: 100, 512 * 1024: 10} {
		t.Run(strconv.Itoa(interval), func(t *testing.T) {
			got := run(t, sampled, dir, interval)
			t.Logf("%d samples, %d of them lost or cut", got.Samples, got.LostOrCutStacks)
			if got.Samples < minSamples || (interval == 0 && got.Samples > 0) {
				t.Errorf("%d samples were taken", got.Samples)
			}
			got.Samples, got.LostOrCutStacks = 0, 0
			if got != want {
				t.Errorf("got %+v, without cmemprof it is %+v", got, want)
			}
		})
	}
}
