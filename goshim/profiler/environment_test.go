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
		if strings.HasPrefix(name, "DD_") || strings.HasPrefix(name, "OTEL_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "0") // batches are counted: what else runs on the machine must not cause one
	os.Exit(m.Run())
}
