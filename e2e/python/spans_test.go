package python

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/pprof/profile"
)

// withPackages makes an environment of this Python with packages of PyPI, and returns its Python.
func (i interpreter) withPackages(t *testing.T, packages ...string) string {
	t.Helper()
	folder := t.TempDir()
	own := filepath.Join(folder, "bin", "python")
	for _, words := range [][]string{{i.path, "-m", "venv", folder}, append([]string{own, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:"}, packages...)} {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", words, err, out)
		}
	}
	return own
}

func numbersOf(sample *profile.Sample, key string) uint64 {
	if values := sample.NumLabel[key]; len(values) == 1 {
		return uint64(values[0])
	}
	return 0
}

// Samples have the span that the tracer says is the current one where they were taken, in threads, pools and tasks, and roots their endpoint.
func TestPackageSpans(t *testing.T) {
	agent := newAgent(t)
	agent.traces = true
	command := exec.Command(known(t).withPackages(t, "ddtrace==4.16.0"), "spans.py")
	command.Env = environment(t, t.TempDir(), "DD_TRACE_AGENT_URL="+agent.URL, "DD_PROFILING_CMEMPROF_SAMPLING_RATE=524288", "DD_TRACE_ENABLED=true",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED=false", "DD_REMOTE_CONFIGURATION_ENABLED=false", "DD_TRACE_STARTUP_LOGS=false")
	var out, errors bytes.Buffer
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errors.String())
	}
	var told struct {
		PID   float64
		Spent map[string]float64
		IDs   map[string][]uint64
	}
	if err := json.Unmarshal(out.Bytes(), &told); err != nil || len(told.Spent) != 7 {
		t.Fatalf("%v: %q", err, out.String())
	}
	uploads := agent.of(pid(told.PID))
	if len(uploads) != 1 {
		t.Fatalf("%d batches\n%s", len(uploads), errors.String())
	}
	cpu := uploads[0].cpu
	value, seen := valueOf(t, cpu, "cpu-time"), map[string]float64{}
	for _, sample := range cpu.Sample {
		for name, ids := range told.IDs {
			if sample.Value[value] == 0 || !slices.ContainsFunc(pythons(sample).Frames, func(frame [3]any) bool { return frame[0] == name }) {
				continue
			}
			seen[name] += float64(sample.Value[value]) / 1e9
			span, root := uint64(0), uint64(0)
			if ids != nil {
				span, root = ids[0], ids[1]
			}
			if numbersOf(sample, "span id") != span || numbersOf(sample, "local root span id") != root {
				t.Errorf("%s: span %x of root %x, in the profile %v", name, span, root, sample.NumLabel)
			}
			endpoint := map[string][]string{"in_root": {"GET /orders/<id>"}, "in_child": {"GET /orders/<id>"}, "first_job": {"GET /jobs"}, "second_job": {"GET /jobs"}}[name]
			if have := sample.Label["trace endpoint"]; !slices.Equal(have, endpoint) {
				t.Errorf("%s: endpoint %q", name, have)
			}
		}
	}
	for name, seconds := range told.Spent {
		if seen[name] < seconds/5 || seen[name] > 1.05*seconds+0.15 {
			t.Errorf("%s: %.3f s of CPU time, in the profile %.3f", name, seconds, seen[name])
		}
	}
}
