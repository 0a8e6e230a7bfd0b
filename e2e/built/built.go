// Package built locates programs that make has built, and runs a receiver.
package built

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Program returns the path of a program of this tree: the value of the environment variable, else build/NAME. Tests run in a folder of e2e, or of one
// of these.
func Program(t testing.TB, variable, name string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join("..", "..", "build", name)
		if deeper := filepath.Join("..", path); !exists(path) && exists(deeper) {
			path = deeper
		}
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Address waits for a receiver's --port-file and returns "http://127.0.0.1:PORT", or "" after a timeout.
func Address(portFile string, patience time.Duration) string {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if port, err := os.ReadFile(portFile); err == nil {
			return "http://127.0.0.1:" + strings.TrimSpace(string(port))
		}
	}
	return ""
}

// Environment is the test's own without variables of Datadog's and OpenTelemetry's clients, and more.
func Environment(more ...string) []string {
	var own []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "DD_") && !strings.HasPrefix(variable, "OTEL_") {
			own = append(own, variable)
		}
	}
	return append(own, more...)
}

// Receiver runs a receiver with further options on a free port and with a new directory, and returns its address, as Address does. The test
// fails if it does not end cleanly on SIGTERM.
func Receiver(t testing.TB, options ...string) string {
	t.Helper()
	folder := t.TempDir()
	port := filepath.Join(folder, "port")
	command := exec.Command(Program(t, "CMEMPROF_COMMAND", "cmemprof"),
		append([]string{"receiver", "--listen", "127.0.0.1:0", "--data", filepath.Join(folder, "data"), "--port-file", port}, options...)...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("receiver: %v\n%s", err, output.String())
		}
	})
	address := Address(port, time.Minute)
	if address == "" {
		t.Fatal("the receiver does not listen")
	}
	return address
}
