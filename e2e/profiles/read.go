package profiles

import (
	"os"
	"testing"

	"github.com/google/pprof/profile"
)

// Read reads a profile with google/pprof, or fails the test.
func Read(t testing.TB, path string) *profile.Profile {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatalf("%s: google/pprof does not read this: %v", path, err)
	}
	return p
}
