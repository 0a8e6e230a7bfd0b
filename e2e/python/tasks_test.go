package python

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// byTask sums a sample type by the label "task name", in seconds; "" is what no task runs.
func byTask(t *testing.T, times *profile.Profile, kind string) map[string]float64 {
	t.Helper()
	value, sums := valueOf(t, times, kind), map[string]float64{}
	for _, sample := range times.Sample {
		sums[strings.Join(sample.Label["task name"], "")] += float64(sample.Value[value]) / 1e9
	}
	return sums
}

// Each task of asyncio has the time that Python's own clocks tell of it, on the CPU, with and without the GIL, and where it blocks its thread;
// what is no task's has no label.
func TestTasksHaveTheirTime(t *testing.T) {
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		t.Run(python.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "heap.pprof")
			command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--cpu", "-o", file, "--", python.path, "-X", "utf8", "tasks.py")
			command.Env = built.Environment("PYTHONDONTWRITEBYTECODE=1")
			var out, errors bytes.Buffer
			command.Stdout, command.Stderr = &out, &errors
			if err := command.Run(); err != nil {
				t.Fatalf("%v\n%s", err, errors.String())
			}
			var spent map[string]float64
			if err := json.Unmarshal(out.Bytes(), &spent); err != nil || len(spent) != 12 {
				t.Fatalf("%v: %q", err, out.String())
			}
			times := read(t, file+".cpu")
			cpu, wall := byTask(t, times, "cpu-time"), byTask(t, times, "wall-time")
			missed := figure(t, times, "missed_ns") / 1e9
			for name, seconds := range spent {
				if strings.HasPrefix(name, "blocks") {
					if have := wall[name]; have > seconds+0.6+missed || have < seconds-0.3-missed {
						t.Errorf("%s: %.3f s, in the profile %.3f, nobody looked for %.3f", name, seconds, have, missed)
					}
				} else if have := cpu[name]; !strings.HasSuffix(name, "of the thread") && name != "Task-1014" && (have > 1.05*seconds+0.15 || have < seconds/5) {
					// A sample is of all that came since the one before, which may be long ago on a busy machine. The thread's have begun before asyncio was found.
					t.Errorf("%s: %.3f s of CPU time, in the profile %.3f", name, seconds, have)
				}
			}
			if len(cpu) < 9 {
				t.Errorf("only %d tasks: %v", len(cpu), cpu)
			}
			for _, sample := range times.Sample {
				frames, task := pythons(sample).Frames, sample.Label["task name"]
				if len(task) > 0 && slices.ContainsFunc(frames, func(frame [3]any) bool { return frame[0] == "outside" }) {
					t.Errorf("the thread runs no task, and has %q", task)
				}
			}
		})
	}
}
