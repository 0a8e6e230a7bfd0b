package built

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Emulator names the program that runs what tests build, which GOARCH, CC and CXX then make for another machine (make test-arm64). "": it is for this one.
func Emulator() string { return os.Getenv("CMEMPROF_RUNNER") }

// Command runs a program that the test has built.
func Command(program string, arguments ...string) *exec.Cmd {
	if words := append(strings.Fields(Emulator()), program); len(words) > 1 {
		return exec.Command(words[0], append(words[1:], arguments...)...)
	}
	return exec.Command(program, arguments...)
}

// Compiler is that of C for the machine that the programs are for.
func Compiler() string {
	if Emulator() != "" && os.Getenv("CC") != "" {
		return os.Getenv("CC")
	}
	return "gcc"
}

// NotEmulated leaves out what no emulator shows.
func NotEmulated(t testing.TB, reason string) {
	t.Helper()
	if Emulator() != "" {
		t.Skipf("not emulated: %s", reason)
	}
}
