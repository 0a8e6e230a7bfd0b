package lastwords

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// Go may have 320 MB, the cgroup 384, and C grows to 160: Go takes all that it may before it collects (GOGC=off), unless what C holds is taken off.
func TestGoMakesRoomForC(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage")
	if out, err := exec.Command("go", "build", "-o", garbage, "./garbage").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(variable, memoryLimit string) (string, error) {
		t.Helper()
		c := built.In(built.Limited(t, 384<<20), garbage, "-live", "40", "-garbage", "25", "-c", "160", "-steps", "150", "-after", "50", "-swing", "1")
		c.Env = environment(nobody, "", variable, "GOGC=off", memoryLimit)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		err := c.Run()
		return out.String(), err
	}
	if out, err := run("DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT=false", "GOMEMLIMIT=320MiB"); !isKilled(err) {
		t.Errorf("it was not killed without the option: %v\n%s", err, out)
	}
	if out, err := run("DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT=true", "GOMEMLIMIT=320MiB"); err != nil || !strings.Contains(out, "after Stop 320,") ||
		!strings.Contains(out, "Go's memory limit is lowered") {
		t.Errorf("%v\n%s", err, out)
	} else {
		t.Log(out[strings.Index(out, "done"):])
	}
	// Without GOMEMLIMIT, nine tenths of the cgroup's limit.
	if out, err := run("DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT=true", "GOMEMLIMIT=off"); err != nil || !strings.Contains(out, "of the process's 345 MB") {
		t.Errorf("%v\n%s", err, out)
	}
}
