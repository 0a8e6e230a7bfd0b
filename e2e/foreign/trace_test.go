package foreign

import (
	"bytes"
	"os/exec"
	"runtime/trace"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// A Go execution trace is refused, and what the error says to use instead does that: counts of events, and a profile that is read.
func TestGoTraceIsRefused(t *testing.T) {
	var b bytes.Buffer
	if err := trace.Start(&b); err != nil {
		t.Skip(err)
	}
	done := make(chan bool)
	for range 100 {
		go func() { done <- true }()
		<-done
	}
	trace.Stop()
	file := write(t, "trace", b.Bytes())
	for _, command := range []string{"top", "convert"} {
		out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), command, file).CombinedOutput()
		for _, part := range []string{"a Go execution trace: ", "go tool trace -d=footprint", "go tool trace -pprof=sched"} {
			if err == nil || !strings.Contains(string(out), part) {
				t.Errorf("%s: %v: %s", command, err, out)
			}
		}
	}
	if out := run(t, nil, "go", "tool", "trace", "-d=footprint", file); !strings.Contains(out, "GoCreate") {
		t.Errorf("footprint: %s", out)
	}
	out, err := exec.Command("go", "tool", "trace", "-pprof=sched", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	profile := write(t, "sched.pprof", out)
	run(t, nil, built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "top", profile)
}
