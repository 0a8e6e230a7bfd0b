package python

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// Programs on packages that much is written in (programs/): each marks places, there and wherever the collector or a signal comes, by blocks of
// C's memory, and says what CPython itself says of the frames. The same functions, files and lines in the same order are in the profile.

// Of make test: what needs no packages in each version, the others in the newest. All in each version: make test-python-programs.
var shortPrograms = []string{"sqlite_work", "callbacks_work", "gevent_work"}

var allPrograms = os.Getenv("CMEMPROF_PYTHON_PROGRAMS") != ""

// withPackages returns the interpreter of an environment of this version with packages, made once.
func withPackages(t *testing.T, python interpreter) string {
	t.Helper()
	name, sum := "callbacks.txt", sha256.New()
	if allPrograms {
		name = "packages.txt"
	}
	requirements, err := filepath.Abs(filepath.Join("programs", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{requirements, filepath.Join("programs", "callbacks.txt")} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(sum, python.name, len(content), string(content))
	}
	folder, err := filepath.Abs(filepath.Join("..", "..", "build", "python", fmt.Sprintf("%.6x", sum.Sum(nil))))
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(folder, "bin", "python3")
	if _, err := os.Stat(filepath.Join(folder, ".installed")); err == nil {
		return inside
	}
	for _, command := range [][]string{{python.path, "-m", "venv", "--clear", folder}, {inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--requirement", requirements}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, ".installed"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return inside
}

// runMarked returns the places that the program has marked, and its profile.
func runMarked(t *testing.T, python, program string) ([]place, *profile.Profile) {
	t.Helper()
	folder := t.TempDir()
	heap, marks := filepath.Join(folder, "heap.pprof"), filepath.Join(folder, "marks")
	// Each block is sampled, and stands for itself.
	command := script(t, folder, []string{"MARKS=" + marks}, program, built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "-o", heap, "--rate", "4K", "--", python)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return readPlaces(t, marks), read(t, heap)
}

// marked returns the bytes of the marks by where they are, below mark() and what it calls.
func marked(heap *profile.Profile) map[string]int64 {
	bytesOf := map[string]int64{}
	for _, sample := range heap.Sample {
		frames := pythons(sample).Frames
		at := slices.IndexFunc(frames, func(frame [3]any) bool { return frame[0] == "mark" })
		if at == 1 && frames[0][0] != "frames_of" && strings.HasSuffix(fmt.Sprint(frames[1][1]), "mark.py") {
			bytesOf[place{Frames: frames[2:]}.String()] += sample.Value[1]
		}
	}
	return bytesOf
}

// eachProgram calls test for each program in each version.
func eachProgram(t *testing.T, test func(t *testing.T, python, program string)) {
	t.Helper()
	files, err := filepath.Glob("programs/*_*.py")
	if err != nil || len(files) < 11 {
		t.Fatal(files, err)
	}
	pythons := slices.DeleteFunc(interpreters(t), func(i interpreter) bool { return !i.known() })
	for _, file := range files {
		program := strings.TrimSuffix(filepath.Base(file), ".py")
		if !allPrograms && !slices.Contains(shortPrograms, program) {
			continue
		}
		for _, python := range pythons {
			if program == "sqlite_work" && !allPrograms {
				t.Run(program+"/"+python.name, func(t *testing.T) { test(t, python.path, program) })
			} else if allPrograms || python == known(t) {
				t.Run(program+"/"+python.name, func(t *testing.T) { test(t, withPackages(t, python), program) })
			}
		}
	}
}

func TestPrograms(t *testing.T) {
	eachProgram(t, func(t *testing.T, python, program string) {
		places, heap := runMarked(t, python, program)
		compare(t, places, marked(heap))
	})
}

// compare fails where the marks and the bytes by stack in the profile differ.
func compare(t *testing.T, places []place, have map[string]int64) {
	t.Helper()
	expected := map[string]int64{}
	for _, place := range places {
		expected[place.String()] += place.Size
	}
	if len(places) < 150 || len(expected) < 30 {
		t.Errorf("the program has only marked %d places, of %d stacks", len(places), len(expected))
	}
	var wrong []string
	for stack, size := range expected {
		if bytes := have[stack]; bytes < size || bytes > size+size/20 {
			wrong = append(wrong, fmt.Sprintf("%d bytes at, in the profile %d:\n%s", size, bytes, stack))
		}
	}
	for stack, bytes := range have {
		if _, ok := expected[stack]; !ok && bytes > 500_000 {
			wrong = append(wrong, fmt.Sprintf("%d bytes in the profile at a stack that Python has not told of:\n%s", bytes, stack))
		}
	}
	slices.Sort(wrong) // those of a place are near
	for _, text := range wrong[:min(len(wrong), 6)] {
		t.Error(text)
	}
	t.Logf("%d marks, %d stacks, %d wrong", len(places), len(expected), len(wrong))
}
