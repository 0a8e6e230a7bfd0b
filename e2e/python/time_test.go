package python

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// timeOf sums a sample type over the samples that have the function, in seconds.
func timeOf(t *testing.T, times *profile.Profile, kind, function string) float64 {
	t.Helper()
	index := slices.IndexFunc(times.SampleType, func(of *profile.ValueType) bool { return of.Type == kind })
	if index < 0 {
		t.Fatalf("there is no %s", kind)
	}
	total := int64(0)
	for _, sample := range times.Sample {
		if slices.ContainsFunc(pythons(sample).Frames, func(frame [3]any) bool { return frame[0] == function }) {
			total += sample.Value[index]
		}
	}
	return float64(total) / 1e9
}

// figure is one of those that the sampling says of itself.
func figure(t *testing.T, times *profile.Profile, name string) float64 {
	t.Helper()
	for _, comment := range times.Comments {
		for word := range strings.FieldsSeq(comment) {
			var value float64
			if rest, found := strings.CutPrefix(word, name+"="); found {
				if _, err := fmt.Sscan(rest, &value); err == nil {
					return value
				}
			}
		}
	}
	t.Fatalf("no %s in %q", name, times.Comments)
	return 0
}

// isPath says whether functions, the innermost first, are calls that the program makes, of its main thread or another one.
func isPath(functions []string) bool {
	slices.Reverse(functions)
	main := append([]string{"<module>", "main"}, slices.Repeat([]string{"descends"}, 41)...)
	main = append(main, "computes")
	if last := len(functions) - 1; last == len(main) && (functions[last] == "computes.<locals>.<genexpr>" || functions[last] == "note") {
		functions = functions[:last]
	}
	common := 0
	for common < len(functions) && common < len(main) && functions[common] == main[common] {
		common++
	}
	return common == len(functions)
}

// What Python's own clocks say of a function's time is what the samples add up to, on the CPU and waiting, and each stack is one that the
// program can have.
func TestTimeIsWhatPythonTells(t *testing.T) {
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		t.Run(python.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "heap.pprof")
			command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--cpu", "-o", file, "--", python.path, "-X", "utf8", "time.py")
			command.Env = built.Environment("PYTHONDONTWRITEBYTECODE=1")
			var out, errors bytes.Buffer
			command.Stdout, command.Stderr = &out, &errors
			if err := command.Run(); err != nil {
				t.Fatalf("%v\n%s", err, errors.String())
			}
			var spent map[string]float64
			if err := json.Unmarshal(out.Bytes(), &spent); err != nil || len(spent) != 4 {
				t.Fatalf("%v: %q", err, out.String())
			}
			times := read(t, file+".cpu")
			for _, function := range []string{"computes", "compresses"} {
				// The first sample is off by a period of 10 ms, and some of what a function uses is seen in its callers.
				if have := timeOf(t, times, "cpu-time", function); math.Abs(have-spent[function]) > 0.05*spent[function]+0.06 {
					t.Errorf("%s: %.3f s of CPU time, in the profile %.3f", function, spent[function], have)
				}
			}
			missed := figure(t, times, "missed_ns") / 1e9
			for _, function := range []string{"sleeps", "waits"} {
				// A look finds where a thread waits at that moment, and on a busy machine there are few.
				if have := timeOf(t, times, "wall-time", function); math.Abs(have-spent[function]) > 0.05*spent[function]+0.6+missed {
					t.Errorf("%s: %.3f s, in the profile %.3f, nobody looked for %.3f", function, spent[function], have, missed)
				}
				if have := timeOf(t, times, "cpu-time", function); have > 0.3 {
					t.Errorf("%s: %.3f s of CPU time", function, have)
				}
			}
			process := figure(t, times, "process_ns")
			if known := figure(t, times, "sampled_ns") + figure(t, times, "own_ns"); known < 0.9*process || known > 1.05*process+1e8 {
				t.Errorf("the process has used %.0f ns, samples stand for %.0f", process, known)
			}
			stacks := 0
			for _, sample := range times.Sample {
				var functions []string
				for _, frame := range pythons(sample).Frames {
					functions = append(functions, frame[0].(string))
					if line := frame[2].(float64); frame[0] == "computes" && (line < 15 || line > 19) {
						t.Errorf("computes at line %.0f", line)
					}
				}
				if !slices.Contains(functions, "descends") {
					continue
				}
				stacks++
				if !isPath(functions) {
					t.Errorf("a stack that the program cannot have: %s", functions)
				}
			}
			if stacks < 5 {
				t.Errorf("only %d stacks of the main thread", stacks)
			}
		})
	}
}

// On one processor, where each look takes it from who computes: what runs does not wait as well. And a thread is somewhere all its time.
func TestWallTimeIsTheTimeThatPasses(t *testing.T) {
	python := known(t)
	file := filepath.Join(t.TempDir(), "heap.pprof")
	const program = `import time
def computes():
    begin = time.monotonic()
    while time.monotonic() - begin < 2: pass
    return time.monotonic() - begin
print(computes())`
	command := exec.Command("taskset", "-c", "0", built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--cpu", "-o", file, "--", python.path, "-c", program)
	command.Env = built.Environment("PYTHONDONTWRITEBYTECODE=1")
	out, err := command.Output()
	var seconds float64
	if _, scanned := fmt.Sscan(string(out), &seconds); err != nil || scanned != nil {
		t.Fatalf("%q: %v", out, err)
	}
	times := read(t, file+".cpu")
	// The first look only begins, and the last one may be a while before the end.
	if have, missed := timeOf(t, times, "wall-time", "computes"), figure(t, times, "missed_ns")/1e9; have > seconds+0.1 || have < seconds-0.6-missed {
		t.Errorf("%.3f s, in the profile %.3f, nobody looked for %.3f", seconds, have, missed)
	}
}
