// Package loader gives the dynamic loader libraries by paths that it takes.
package loader

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Preloadable returns a path of the library for LD_PRELOAD, whose entries end at blanks and colons: its own, or that of a link.
func Preloadable(t testing.TB, library string) string {
	t.Helper()
	if !strings.ContainsAny(library, " :") {
		return library
	}
	link := filepath.Join(t.TempDir(), filepath.Base(library))
	if err := os.Symlink(library, link); err != nil {
		t.Fatal(err)
	}
	return link
}
