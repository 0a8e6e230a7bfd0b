package built

import (
	"os"
	"testing"
)

// IsEmulated says whether the programs that tests build and start are arm64's, by an emulator (scripts/emulated).
func IsEmulated() bool { return os.Getenv("CMEMPROF_EMULATED") != "" }

// NotEmulated leaves out what no emulator shows.
func NotEmulated(t testing.TB, reason string) {
	t.Helper()
	if IsEmulated() {
		t.Skipf("not emulated: %s", reason)
	}
}
