package built

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

var cgroups atomic.Int32 // made so far

// Limited makes a cgroup with a memory limit, version 1 or 2, and returns its list of processes. It skips the test where that is not possible.
func Limited(t *testing.T, limit int) (procs string) {
	t.Helper()
	for _, v := range []struct{ mount, limit string }{{"/sys/fs/cgroup", "memory.max"}, {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}} {
		folder := filepath.Join(v.mount, fmt.Sprintf("cmemprof-test-%d-%d", os.Getpid(), cgroups.Add(1)))
		file := filepath.Join(folder, v.limit)
		if os.Mkdir(folder, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { removeSoon(folder) })
		if _, err := os.Stat(file); err == nil && os.WriteFile(file, []byte(strconv.Itoa(limit)), 0) == nil {
			return filepath.Join(folder, "cgroup.procs")
		}
	}
	t.Skip("no cgroup with a memory limit can be made here")
	return ""
}

// A cgroup can be removed a moment after its last process has ended.
func removeSoon(folder string) {
	for range 1000 {
		if os.Remove(folder) == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// In makes a command that runs the program in the cgroup; procs "": in the test's own.
func In(procs, program string, arguments ...string) *exec.Cmd {
	if procs == "" {
		return exec.Command(program, arguments...)
	}
	return exec.Command("sh", append([]string{"-c", `echo $$ > "$0" && exec "$@"`, procs, program}, arguments...)...)
}
