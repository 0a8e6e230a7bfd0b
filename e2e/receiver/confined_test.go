package receiver

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// statusOf returns a field of each thread of a process.
func statusOf(t *testing.T, pid int, field string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	values := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && name == field {
				values[path] = strings.TrimSpace(value)
			}
		}
	}
	return values
}

// confinedReceiver runs a receiver until stop is called, which returns what it said.
func confinedReceiver(t *testing.T, options ...string) (address string, pid int, stop func() string) {
	t.Helper()
	folder := t.TempDir()
	port := filepath.Join(folder, "port")
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), append([]string{"receiver", "--listen", "127.0.0.1:0",
		"--data", filepath.Join(folder, "not", "yet"), "--port-file", port}, options...)...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() string {
		if !stopped {
			stopped = true
			_ = command.Process.Signal(syscall.SIGTERM)
			if err := command.Wait(); err != nil {
				t.Errorf("%v: %s", err, said.String())
			}
		}
		return said.String()
	}
	t.Cleanup(func() { stop() })
	if address = built.Address(port, time.Minute); address == "" {
		t.Fatal(said.String())
	}
	return address, command.Process.Pid, stop
}

// All tests of this package run confined; these are of the confinement itself.
func TestConfined(t *testing.T) {
	address, pid, stop := confinedReceiver(t, "--confine", "must")
	for _, field := range []string{"Seccomp", "NoNewPrivs"} {
		want := map[string]string{"Seccomp": "2", "NoNewPrivs": "1"}[field]
		for thread, value := range statusOf(t, pid, field) {
			if value != want {
				t.Errorf("%s: %s is %s", thread, field, value)
			}
		}
	}
	answer, err := http.Get(address + "/api/uploads")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", answer, err)
	}
	if said := stop(); strings.Contains(said, "not confined") {
		t.Errorf("it says: %s", said)
	}
}

func TestNotConfined(t *testing.T) {
	_, pid, _ := confinedReceiver(t, "--confine", "off")
	for thread, value := range statusOf(t, pid, "Seccomp") {
		if own := statusOf(t, os.Getpid(), "Seccomp"); value != own[fmt.Sprintf("/proc/%d/task/%d/status", os.Getpid(), os.Getpid())] {
			t.Errorf("%s: Seccomp is %s", thread, value)
		}
	}
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "receiver", "--confine", "maybe")
	if text, err := command.CombinedOutput(); err == nil || !strings.Contains(string(text), "--confine takes on, must or off, not maybe") {
		t.Errorf("%v: %s", err, text)
	}
}
