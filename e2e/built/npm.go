package built

import (
	"os/exec"
	"testing"
)

// NPM installs packages of npm ("NAME@VERSION") in a folder of the test's, without running anything of theirs, and returns it.
func NPM(t testing.TB, packages ...string) string {
	t.Helper()
	folder := t.TempDir()
	install := exec.Command("npm", append([]string{"install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, packages...)...)
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm: %v\n%s", err, out)
	}
	return folder
}
