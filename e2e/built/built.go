// Package built locates programs that make has built, and waits for a receiver's address.
package built

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Program returns the path of a program of this tree: the value of the environment variable, else build/NAME. Tests run in a folder of e2e.
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

// Address waits for a receiver's --port-file and returns "http://127.0.0.1:PORT", or "" after a timeout.
func Address(portFile string, patience time.Duration) string {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if port, err := os.ReadFile(portFile); err == nil {
			return "http://127.0.0.1:" + strings.TrimSpace(string(port))
		}
	}
	return ""
}
