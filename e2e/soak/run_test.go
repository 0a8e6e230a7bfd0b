package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A run of some seconds, without DuckDB: all counts must be right. Growth over so short a time means nothing.
func TestShortRun(t *testing.T) {
	s := short(t)
	if _, err := run(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.directory, "verdict.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text)
	for _, name := range []string{"batches", "C bytes allocated", "C blocks allocated", "C bytes in use", "samples lost"} {
		if line := lineOf(string(text), name); !strings.HasSuffix(line, "holds") {
			t.Errorf("%q", line)
		}
	}
	for _, done := range []string{"C++ exceptions", "SQLite transactions", "callbacks", "forks", "goroutines", "libraries opened", "programs started", "rounds of blocks"} {
		if !strings.Contains(lineOf(string(text), "Each has done"), done) {
			t.Errorf("no %s", done)
		}
	}
}

// A hanging service is reported with the stacks of its threads.
func TestHangIsShown(t *testing.T) {
	s := short(t)
	s.hangs = time.Second
	s.rate = 0.001 // the second unit is due after a quarter of an hour
	s.hours = 2 / s.rate / 3600
	_, err := run(context.Background(), s)
	if err == nil || !strings.Contains(err.Error(), "none more for") {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(s.directory, "*-hangs.txt"))
	if len(names) != 1 {
		t.Fatal(names)
	}
	if text, err := os.ReadFile(names[0]); !strings.Contains(string(text), "thread ") {
		t.Errorf("%v\n%s", err, text)
	}
}

func lineOf(text, beginning string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, beginning) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, out)
	}
}

func short(t *testing.T) settings {
	t.Helper()
	s := settings{hours: 6.0 / 3600, seed: 1, rate: 40, every: 500 * time.Millisecond, say: time.Hour, period: time.Second, interval: 65536, hangs: time.Minute}
	s.directory = t.TempDir()
	s.service = filepath.Join(s.directory, "service")
	command(t, "go", "build", "-tags", "no_duckdb", "-o", s.service, "./service")
	for number := 1; number <= 3; number++ {
		library := filepath.Join(s.directory, fmt.Sprintf("library%d.so", number))
		command(t, "gcc", "-shared", "-fPIC", "-g", fmt.Sprintf("-DNUMBER=%d", number), "-o", library, "library/library.c")
		s.libraries = append(s.libraries, library)
	}
	var err error
	if s.command, err = filepath.Abs("../../build/cmemprof"); err == nil {
		_, err = os.Stat(s.command)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.stacks, err = filepath.Abs("../../scripts/stacks"); err != nil {
		t.Fatal(err)
	}
	return s
}
