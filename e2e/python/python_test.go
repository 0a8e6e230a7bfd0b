// Package python tests that stacks of C memory in Python programs lead through Python's frames: the same functions, files and lines as CPython
// itself says, in each of the versions that are here.
//
// Tested are python3, python3.11 and so on of PATH, and what pyenv has. CMEMPROF_COMMAND is the program under test (default
// ../../build/cmemprof).
package python

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

type interpreter struct {
	path    string
	version string // "3.11"
	name    string // "3.11.2 (path)"
	include string
}

// known says of which versions frames are read.
func (i interpreter) known() bool {
	return slices.Contains([]string{"3.11", "3.12", "3.13"}, i.version)
}

const about = `import sys, sysconfig
print("%d.%d" % sys.version_info[:2]); print("%d.%d.%d" % sys.version_info[:3])
print(sysconfig.get_config_var("Py_GIL_DISABLED") or 0); print(sysconfig.get_path("include")); print(sys.executable)`

// interpreters returns the versions of CPython 3 that are here, one of each release.
func interpreters(t *testing.T) []interpreter {
	t.Helper()
	var paths []string
	for _, name := range []string{"python3", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"} {
		if path, err := exec.LookPath(name); err == nil {
			paths = append(paths, path)
		}
	}
	system, _ := filepath.Glob("/usr/bin/python3.[0-9]*")
	paths = append(paths, system...)
	if home, err := os.UserHomeDir(); err == nil {
		more, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.*", "bin", "python3"))
		paths = append(paths, more...)
	}
	var found []interpreter
	seen := map[string]bool{}
	for _, path := range paths {
		out, err := exec.Command(path, "-c", about).Output()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err != nil || len(lines) != 5 || lines[2] != "0" {
			continue
		}
		if real, err := filepath.EvalSymlinks(lines[4]); err != nil || seen[real] {
			continue
		} else {
			seen[real] = true
		}
		found = append(found, interpreter{path: lines[4], version: lines[0], name: fmt.Sprintf("%s (%s)", lines[1], filepath.Dir(lines[4])), include: lines[3]})
	}
	if !slices.ContainsFunc(found, interpreter.known) {
		t.Skip("no version of Python is here whose frames are read (apt-get install python3)")
	}
	return found
}

type place struct {
	Size   int64
	Frames [][3]any // function, file, line
}

func (p place) String() string {
	var text strings.Builder
	for _, frame := range p.Frames {
		fmt.Fprintf(&text, "%v %v:%v\n", frame[0], frame[1], frame[2])
	}
	return text.String()
}

// run returns what the program says, and its heap profile at its end with each allocation sampled; runAt with one sample in so many bytes.
func run(t *testing.T, python, program string) ([]place, *profile.Profile) {
	t.Helper()
	places, heap, _ := runAt(t, python, program, "1")
	return places, heap
}

func runAt(t *testing.T, python, program, rate string, variables ...string) (places []place, heap, memory *profile.Profile) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "heap.pprof")
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "-o", file, "--rate", rate, "--", python, "-X", "utf8", program)
	command.Env = built.Environment(append(variables, "PYTHONDONTWRITEBYTECODE=1")...)
	var out, errors bytes.Buffer
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errors.String())
	}
	for line := range strings.Lines(out.String()) {
		var one place
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		places = append(places, one)
	}
	return places, read(t, file), read(t, file+".memory")
}

func read(t *testing.T, file string) *profile.Profile {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := profile.ParseData(content)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// pythons returns the frames of a stack that have no mapping: Python's.
func pythons(sample *profile.Sample) (frames place) {
	for _, location := range sample.Location {
		if location.Mapping == nil {
			for _, line := range location.Line {
				frames.Frames = append(frames.Frames, [3]any{line.Function.Name, line.Function.Filename, float64(line.Line)})
			}
		}
	}
	return frames
}

func TestStacksAreThoseThatPythonTells(t *testing.T) {
	program, err := filepath.Abs("program.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		t.Run(python.name, func(t *testing.T) {
			places, heap, _ := runAt(t, python.path, program, "4K") // each of its blocks is sampled, and stands for itself
			if len(places) < 40 {
				t.Fatalf("the program has only told of %d places", len(places))
			}
			// allocated bytes by stack of Python
			bytesOf := map[string]int64{}
			for _, sample := range heap.Sample {
				bytesOf[pythons(sample).String()] += sample.Value[1]
			}
			expected := map[string]int64{}
			for _, place := range places {
				expected[place.String()] += place.Size
			}
			for stack, size := range expected {
				// A frame of CPython's own may be between: what here() and the block have in common is the stack of the line.
				if have := bytesOf[stack]; have < size || have > size+size/20 {
					t.Errorf("%d bytes at, in the profile %d:\n%s", size, have, stack)
				}
			}
			for _, sample := range heap.Sample {
				called := ""
				for _, location := range sample.Location {
					for _, line := range location.Line {
						name := line.Function.Name
						// What has returned, and is being cleared, is none of Python's frames any more.
						if name == "[Python function]" || name == "_PyEval_EvalFrameDefault" && !strings.Contains(called, "ClearAndPop") {
							t.Errorf("%s, which called %q, is left in a stack:\n%s", name, called, pythons(sample))
						}
						called = name
					}
				}
			}
		})
	}
}

// inUse sums the bytes in use by stack of Python.
func inUse(heap *profile.Profile) map[string]int64 {
	bytesOf := map[string]int64{}
	for _, sample := range heap.Sample {
		bytesOf[pythons(sample).String()] += sample.Value[3]
	}
	return bytesOf
}

// Small objects, which CPython cuts out of arenas of its own, have the bytes that it says itself (sys.getsizeof), at the line that has made them.
func TestObjectsHaveTheSizesThatPythonTells(t *testing.T) {
	program, err := filepath.Abs("objects.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		for _, rate := range []struct {
			interval string
			bytes    float64
		}{{"1", 1}, {"1K", 1024}} {
			t.Run(python.name+" "+rate.interval, func(t *testing.T) {
				places, heap, _ := runAt(t, python.path, program, rate.interval)
				bytesOf := inUse(heap)
				if len(places) < 6 {
					t.Fatalf("the program has only told of %d places", len(places))
				}
				for _, place := range places {
					size := float64(place.Size)
					// The last pass of a loop has made something beside, and a free list may have had the first ones. Estimates: six
					// standard errors.
					low, high := size*0.999-200, size*1.001+200
					if rate.bytes > 1 {
						error := 6 * math.Sqrt(size*rate.bytes)
						low, high = size-error, high+error
					}
					if have := float64(bytesOf[place.String()]); have < low || have > high {
						t.Errorf("%.0f bytes at, in the profile %.0f:\n%s", size, have, place)
					}
				}
			})
		}
	}
}

// Where Python sets another allocator in the place of ours (PYTHONMALLOC, -X dev), its arenas are mappings as those of any program; with malloc's,
// objects are blocks of malloc's. No byte is in the profile twice.
func TestOtherAllocatorsOfPython(t *testing.T) {
	program, err := filepath.Abs("objects.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		for _, variables := range [][]string{nil, {"PYTHONMALLOC=malloc"}, {"PYTHONMALLOC=pymalloc"}, {"PYTHONMALLOC=pymalloc_debug"}, {"PYTHONDEVMODE=1"}} {
			t.Run(fmt.Sprint(python.name, variables), func(t *testing.T) {
				places, heap, memory := runAt(t, python.path, program, "1K", variables...)
				slots := places[0]
				parts := map[string]int64{}
				for _, sample := range memory.Sample {
					parts[sample.Label["part"][0]] += sample.Value[0]
				}
				mapped, ofBlocks, kept := int64(0), int64(0), int64(0)
				for _, place := range places {
					kept += place.Size
				}
				for _, sample := range heap.Sample {
					if slices.Contains(sample.Label["memory"], "mmap") {
						mapped += sample.Value[3]
					} else if pythons(sample).String() == slots.String() {
						ofBlocks += sample.Value[3]
					}
				}
				areBlocks := len(variables) == 0 || variables[0] == "PYTHONMALLOC=malloc"
				if areBlocks && (ofBlocks < slots.Size/2 || mapped > 500_000) {
					t.Errorf("of %d bytes %d are blocks, and %d bytes are mapped", slots.Size, ofBlocks, mapped)
				}
				// All that is kept, and what Python itself keeps.
				inHeap := parts["malloc_live"] + parts["malloc_free"] + parts["malloc_metadata"]
				if areBlocks && (inHeap < kept || parts["mapped"] > 500_000) {
					t.Errorf("%d bytes are kept, %d in the C heap, %d mapped", kept, inHeap, parts["mapped"])
				}
				if !areBlocks && parts["mapped"] < kept/2 {
					t.Errorf("%d bytes are kept, %d mapped", kept, parts["mapped"])
				}
				if !areBlocks && (ofBlocks > slots.Size/10 || mapped < slots.Size) {
					t.Errorf("of %d bytes %d are blocks, and %d bytes are mapped", slots.Size, ofBlocks, mapped)
				}
			})
		}
	}
}

// What is known of a version's objects is what its headers say.
func TestLayoutsAreThoseOfTheHeaders(t *testing.T) {
	tried := 0
	for _, python := range interpreters(t) {
		if _, err := os.Stat(filepath.Join(python.include, "internal", "pycore_frame.h")); err != nil || !python.known() {
			continue
		}
		program := filepath.Join(t.TempDir(), "layout")
		build := exec.Command("gcc", "-std=gnu11", "-w", "-I"+python.include, "-I"+filepath.Join(python.include, "internal"), "-o", program, "c/layout.c", "../../cmemprof/python_layout.c")
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", python.name, err, out)
			continue
		}
		if out, err := exec.Command(program).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", python.name, err, out)
		}
		tried++
	}
	if tried == 0 {
		t.Fatal("no headers of CPython are installed (apt-get install libpython3-dev)")
	}
	t.Logf("%d versions", tried)
}

// When the interpreter ends, it frees the states of threads that run C code: their stacks have no frames of Python then, and nothing of it is
// read.
func TestDaemonThreadsAtTheEnd(t *testing.T) {
	folder := t.TempDir()
	library := filepath.Join(folder, "allocate.so")
	if out, err := exec.Command("gcc", "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", library, "c/allocate.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, python := range interpreters(t) {
		t.Run(python.name, func(t *testing.T) {
			command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "-o", filepath.Join(folder, "heap.pprof"), "--rate", "64K", "--", python.path, "daemons.py", library)
			command.Env = built.Environment("PYTHONMALLOC=malloc", "PYTHONDONTWRITEBYTECODE=1") // so that what is freed is used again
			if out, err := command.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("last\n")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// Of another version, stacks are those of C, and the program runs as ever.
func TestUnknownVersions(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script.py")
	if err := os.WriteFile(script, []byte("kept = bytearray(3000000)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, python := range interpreters(t) {
		if python.known() {
			continue
		}
		tried++
		_, heap := run(t, python.path, script)
		for _, sample := range heap.Sample {
			if frames := pythons(sample); len(frames.Frames) != 0 {
				t.Errorf("%s: %s", python.name, frames)
			}
		}
	}
	if tried == 0 {
		t.Skip("no such version is here")
	}
}
