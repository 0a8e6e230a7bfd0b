package profiler_test

import (
	"os"
	"strings"
	"testing"
)

// TestMain unsets the caller's variables (DD_SERVICE, a proxy), so that only those set by a test apply.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "DD_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}
