package hazards

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const progressVariable = "HAZARD_PROGRESS="

func progressFile(environment []string) string {
	for _, variable := range environment {
		if name, found := strings.CutPrefix(variable, progressVariable); found {
			return name
		}
	}
	return ""
}

// awaitEnd waits for a process group's leader. If its progress file does not change for this long (without one: after this time), the whole
// group is ended, and the error shows the stacks of its threads.
func awaitEnd(cmd *exec.Cmd, ended <-chan error, limit time.Duration, progress string) error {
	var last []byte
	moved := time.Now()
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticks.C:
		}
		if now, err := os.ReadFile(progress); err == nil && !bytes.Equal(now, last) {
			last, moved = now, time.Now()
		}
		if time.Since(moved) > limit {
			stacks := stacksOf(group(cmd.Process.Pid))
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
			return fmt.Errorf("hangs: nothing in %v\n%s", limit, stacks)
		}
	}
}

func stacksOf(processes []string) string {
	text, err := exec.Command("../../scripts/stacks", processes...).CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// group returns the processes of a process group.
func group(id int) (processes []string) {
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		text, _ := os.ReadFile(name)
		// man 5 proc_pid_stat: behind the name in brackets come state, parent and group.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 2 && fields[2] == strconv.Itoa(id) {
			processes = append(processes, filepath.Base(filepath.Dir(name)))
		}
	}
	return processes
}
