package foreign

// With packages of PyPI and npm: what py-spy and memray write, and speedscope's own schema of what is written for it.

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const pythonWork = `
import time
def f(n): return sum(i * i for i in range(n))
def g(): return f(20000)
end, keep = time.time() + 2, []
while time.time() < end: keep.append(g())
`

func python(t *testing.T, packages ...string) (bin, work string) {
	t.Helper()
	folder := t.TempDir()
	run(t, nil, "/usr/bin/python3", "-m", "venv", filepath.Join(folder, "venv"))
	bin = filepath.Join(folder, "venv", "bin")
	run(t, nil, filepath.Join(bin, "pip"), append([]string{"install", "-q", "--disable-pip-version-check"}, packages...)...)
	return bin, write(t, "work.py", []byte(pythonWork))
}

// Runs the work under py-spy. Returns the file's content up to its last stack of more than one frame.
func recorded(t *testing.T, bin, format, file, work string) string {
	t.Helper()
	record := exec.Command(filepath.Join(bin, "py-spy"), "record", "-f", format, "-o", file, "-d", "2", "--", "/usr/bin/python3", work)
	if out, err := record.CombinedOutput(); err != nil {
		t.Skipf("py-spy does not run here: %v\n%s", err, out)
	}
	content := string(read(t, file))
	if format == "raw" {
		return content[:strings.LastIndex(content, ";")+1]
	}
	return content
}

func TestPySpy(t *testing.T) {
	t.Parallel()
	bin, work := python(t, "py-spy==0.4.3")
	folder := t.TempDir()
	for _, format := range []string{"speedscope", "raw"} {
		file := filepath.Join(folder, format)
		// On a busy machine a second may pass before the program calls anything, and its only frame is the module.
		for try := 0; try < 5 && !strings.Contains(recorded(t, bin, format, file, work), "work.py"); try++ {
			t.Logf("%s: again: nothing of the program yet", format)
		}
		theirs, name := 0.0, "samples"
		if format == "speedscope" {
			var content struct {
				Profiles []struct{ Weights []float64 }
			}
			if err := json.Unmarshal(read(t, file), &content); err != nil {
				t.Fatal(err)
			}
			for _, profile := range content.Profiles {
				for _, weight := range profile.Weights {
					theirs += weight * 1e9 // seconds
				}
			}
			name = "time"
		} else {
			for _, line := range strings.Split(strings.TrimSpace(string(read(t, file))), "\n") {
				value, _ := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
				theirs += value
			}
		}
		p := converted(t, file)
		if ours := float64(sums(p)[name]); theirs == 0 || math.Abs(ours-theirs) > 1 {
			t.Errorf("%s: %.0f, py-spy says %.0f", format, ours, theirs)
		}
		if leaves := byLeaf(p, 0); len(leaves) < 2 {
			t.Errorf("%s: only %v", format, leaves)
		}
	}
}

// A capture is refused, and what the error says to do makes a file that is read: with the peak that memray stats has.
func TestMemray(t *testing.T) {
	t.Parallel()
	bin, work := python(t, "memray==1.20.0")
	capture := filepath.Join(t.TempDir(), "capture")
	run(t, nil, filepath.Join(bin, "memray"), "run", "-q", "-o", capture, work)
	out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "top", capture).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a capture of memray: ") || !strings.Contains(string(out), "memray transform speedscope") {
		t.Errorf("%v: %s", err, out)
	}
	file, statistics := filepath.Join(t.TempDir(), "peak.json"), filepath.Join(t.TempDir(), "stats.json")
	run(t, nil, filepath.Join(bin, "memray"), "transform", "speedscope", "-o", file, capture)
	run(t, nil, filepath.Join(bin, "memray"), "stats", "--json", "-o", statistics, capture)
	var theirs struct {
		Metadata struct {
			PeakMemory int64 `json:"peak_memory"`
		}
	}
	if err := json.Unmarshal(read(t, statistics), &theirs); err != nil {
		t.Fatal(err)
	}
	if ours := sums(converted(t, file))["space"]; ours != theirs.Metadata.PeakMemory || ours < 1000 {
		t.Errorf("%d bytes, memray stats has %d", ours, theirs.Metadata.PeakMemory)
	}
}

const validate = `
const { readFileSync } = require("fs");
const Ajv = require("ajv");
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const check = new Ajv({ strict: false }).compile(read(require.resolve("speedscope/dist/release/file-format-schema.json")));
if (!check(read(process.argv[2]))) throw new Error(JSON.stringify(check.errors));
`

func TestSpeedscopesSchema(t *testing.T) {
	t.Parallel()
	folder := built.NPM(t, "speedscope@1.25.0", "ajv@8")
	script := filepath.Join(folder, "validate.js")
	if err := os.WriteFile(script, []byte(validate), 0o644); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "testdata", "foreign", "*.*"))
	count := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".sh") {
			continue
		}
		out := filepath.Join(t.TempDir(), "out.json")
		run(t, nil, built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "--to", "speedscope", "-o", out, file)
		run(t, nil, "node", script, out)
		count++
	}
	if count < 8 {
		t.Errorf("only %d files", count)
	}
}
