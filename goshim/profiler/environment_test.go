package profiler_test

import (
	"os"
	"strings"
	"testing"
)

// TestMain: a test sets the variables that it is about, and what the caller has set for programs of its own (DD_SERVICE, a proxy) decides
// none of them.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "DD_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}
