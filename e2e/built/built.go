// Package built finds what make has built for tests, and learns where a receiver listens.
package built

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Program is the path of a program of this tree: what the environment variable names, else build/NAME. A test's folder lies in e2e.
func Program(t testing.TB, variable, name string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join("..", "..", "build", name)
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

// Address waits for the file of a receiver's --port-file and is "http://127.0.0.1:PORT", or "" when the time is over.
func Address(portFile string, patience time.Duration) string {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if port, err := os.ReadFile(portFile); err == nil {
			return "http://127.0.0.1:" + strings.TrimSpace(string(port))
		}
	}
	return ""
}
