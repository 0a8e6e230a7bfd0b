package jfr

// Sums of profiles: as async-profiler's converter has them, and as the process is told by the kernel.

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/java"
	"github.com/google/pprof/profile"
)

// The newest that Maven Central has by itself.
const converter = "tools.profiler:jfr-converter:4.5"

// A flame graph's total: in samples, and with --total in bytes or nanoseconds, but for cpu and wall, which it has in samples alone.
func TestTotalsOfConverter(t *testing.T) {
	t.Parallel()
	j := java.AnyJDK(t)
	jar := java.Jar(t, converter)
	recording := java.ByAsyncProfiler(t, j, newestAsyncProfiler, asyncProfilers[len(asyncProfilers)-1], 3)
	file := filepath.Join(t.TempDir(), "recording.jfr")
	if err := os.WriteFile(file, recording, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		kind, theirs string
		total        bool
	}{{"cpu", "--cpu", false}, {"wall", "--wall", false}, {"allocation", "--alloc", true}, {"lock", "--lock", true}, {"native-allocation", "--nativemem", true}} {
		sums := converted(t, file, one.kind)
		samples := collapsed(t, j, jar, file, one.theirs)
		if sums[0] != samples || samples == 0 {
			t.Errorf("%s: %d samples, the converter says %d", one.kind, sums[0], samples)
		}
		if one.total {
			if total := collapsed(t, j, jar, file, one.theirs, "--total"); sums[1] != total || total == 0 {
				t.Errorf("%s: %d in all, the converter says %d", one.kind, sums[1], total)
			}
		}
		t.Logf("%s: %v", one.kind, sums)
	}
}

func converted(t *testing.T, file, kind string) []int64 {
	t.Helper()
	result := filepath.Join(t.TempDir(), "result.pprof")
	if out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "--type", kind, "-o", result, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := profile.ParseData(content)
	if err != nil {
		t.Fatal(err)
	}
	sums := make([]int64, len(parsed.SampleType))
	for _, sample := range parsed.Sample {
		for i, value := range sample.Value {
			sums[i] += value
		}
	}
	return sums
}

// collapsed is the sum of the lines "frame;frame;frame value".
func collapsed(t *testing.T, j java.JDK, jar, file string, options ...string) (sum int64) {
	t.Helper()
	result := filepath.Join(t.TempDir(), "result.txt")
	command := j.Command(append(append([]string{"-jar", jar}, options...), "-o", "collapsed", file, result)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(content)), "\n") {
		value, err := strconv.ParseInt(line[strings.LastIndexByte(line, ' ')+1:], 10, 64)
		if err != nil {
			t.Fatalf("%v in %.200q", err, line)
		}
		sum += value
	}
	return sum
}

var measuredCPU = regexp.MustCompile(`an estimate: ([0-9.]+) s, where the JVM measured ([0-9.]+) s of the process`)

// What the warning says that the JVM measured is part of what the process has used: not its start, nor what is behind the last jdk.CPULoad, which
// comes late on a busy machine.
func TestMeasuredCPUTime(t *testing.T) {
	t.Parallel()
	j := java.AnyJDK(t)
	file := filepath.Join(t.TempDir(), "recording.jfr")
	out, err := j.Command("-Xmx128m", "-cp", java.Classes(t), "Recorded", file, "all", "6", "cpu").CombinedOutput()
	used := regexp.MustCompile(`CPU time of the recording, ns: ([0-9]+)`).FindSubmatch(out)
	if err != nil || used == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ns, err := strconv.ParseFloat(string(used[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "--type", "cpu", "-o", filepath.Join(t.TempDir(), "cpu.pprof"), file)
	command.Stderr = &log
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	found := measuredCPU.FindStringSubmatch(log.String())
	if found == nil {
		t.Fatalf("nothing is said of the measured CPU time:\n%s", &log)
	}
	measured, err := strconv.ParseFloat(found[2], 64)
	if err != nil || measured > ns/1e9*1.2 || measured <= 0 {
		t.Errorf("%s s, the process has used %.2f s %v", found[2], ns/1e9, err)
	}
	t.Logf("samples %s s, jdk.CPULoad %s s, the process %.2f s", found[1], found[2], ns/1e9)
}
