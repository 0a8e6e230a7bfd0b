package python

import (
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

// The programs under memray, which sees each allocation of C's: the bytes through each function are those of ours, within the error of its samples. Not
// compared are Python's small objects, since memray's tracing itself makes the interpreter allocate more of them (findings/memray-own-objects.sh):
// CPython's allocator takes the place of ours, and both see what it has from malloc.
const withoutObjects = "PYTHONMALLOC=pymalloc"

type memray struct {
	Marks map[int64][][3]any // the frames of a block of that size
	Bytes map[string]int64   // "function file"
}

// script returns the command of a program, which runs in a folder of its own.
func script(t *testing.T, folder string, variables []string, program string, words ...string) *exec.Cmd {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("programs", program+".py"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(words[0], append(words[1:], file)...)
	command.Dir = folder
	command.Env = built.Environment(append(variables, "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore", "PYTHONHASHSEED=0", "PYTHONUTF8=1")...)
	return command
}

func runMemray(t *testing.T, python, program string, variables ...string) (found memray) {
	t.Helper()
	folder := t.TempDir()
	recorded := filepath.Join(folder, "recorded")
	if out, err := script(t, folder, variables, program, python, "-m", "memray", "run", "--native", "--quiet", "--output", recorded).CombinedOutput(); err != nil {
		t.Fatalf("memray: %v\n%s", err, out)
	}
	out, err := exec.Command(python, "programs/recorded.py", recorded).Output()
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// name is what memray has of a qualified name.
func name(qualified any) string {
	text := fmt.Sprint(qualified)
	return text[strings.LastIndex(text, ".")+1:]
}

// throughEach sums the blocks allocated through each function, as memray's are.
func throughEach(heap *profile.Profile) map[string]int64 {
	totals := map[string]int64{}
	for _, sample := range heap.Sample {
		seen := map[string]bool{}
		for _, frame := range pythons(sample).Frames {
			key := name(frame[0]) + " " + fmt.Sprint(frame[1])
			if !seen[key] && !slices.Contains(sample.Label["memory"], "mmap") {
				totals[key] += sample.Value[1]
			}
			seen[key] = true
		}
	}
	return totals
}

func TestProgramsBesideMemray(t *testing.T) {
	if !allPrograms {
		t.Skip("part of make test-python-programs")
	}
	const rate = 256
	eachProgram(t, func(t *testing.T, python, program string) {
		if program == "flask_site" || program == "aiohttp_service" {
			t.Skip("what it allocates depends on when what arrives")
		}
		folder := t.TempDir()
		file := filepath.Join(folder, "heap.pprof")
		words := []string{built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "-o", file, "--rate", fmt.Sprint(rate), "--", python}
		if out, err := script(t, folder, []string{withoutObjects}, program, words...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		ours, theirs := throughEach(read(t, file)), runMemray(t, python, program, withoutObjects).Bytes
		compared, wrong := 0, 0
		for key, size := range theirs {
			// What imports does so before, in part, if memray has begun.
			// Not of packages: what they import memray has imported before, in part, and it does not see what the loader and libc allocate for themselves.
			if !strings.Contains(key, "/python/programs/") || strings.HasPrefix(key, "<module> ") {
				continue
			}
			compared++
			if have, bound := ours[key], 6*math.Sqrt(float64(size)*rate)+float64(size)/100; math.Abs(float64(have-size)) > bound {
				if wrong++; wrong <= 10 {
					t.Errorf("%s: %d bytes, %d by memray, which is more than %.0f apart", key, have, size, bound)
				}
			}
		}
		if compared < 4 {
			t.Errorf("only %d functions are compared", compared)
		}
		t.Logf("%d functions, %d of them differ", compared, wrong)
	})
}

// What memray says of the frames of the marks that it sees, which are not those of ctypes. Ours are what Python says (TestPrograms).
func TestMarksBesideMemray(t *testing.T) {
	if !allPrograms {
		t.Skip("part of make test-python-programs")
	}
	eachProgram(t, func(t *testing.T, python, program string) {
		marks := filepath.Join(t.TempDir(), "marks")
		theirs := runMemray(t, python, program, "MARKS="+marks)
		compared, differ, example := 0, 0, ""
		for _, place := range readPlaces(t, marks) {
			frames, ok := theirs.Marks[place.Size]
			if !ok {
				frames, ok = theirs.Marks[place.Size+1] // a bytearray has a 0 byte behind it
			}
			if !ok {
				continue
			}
			compared++
			frames = frames[min(2, len(frames)):] // mark() and what it calls
			if told := short(place.Frames); told != short(frames) {
				differ++
				example = fmt.Sprintf("Python:\n%smemray:\n%s", told, short(frames))
			}
		}
		if compared < 30 {
			t.Errorf("only %d marks are compared", compared)
		}
		t.Logf("%d marks, of which memray has %d otherwise\n%s", compared, differ, example)
	})
}

// short has the frames with memray's names, up to what memray runs the program with.
func short(frames [][3]any) string {
	var text strings.Builder
	for _, frame := range frames {
		if frame[1] == "<frozen runpy>" {
			break
		}
		fmt.Fprintf(&text, "%s %v:%v\n", name(frame[0]), frame[1], frame[2])
	}
	return text.String()
}

func readPlaces(t *testing.T, file string) (places []place) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		var one place
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		places = append(places, one)
	}
	return places
}
