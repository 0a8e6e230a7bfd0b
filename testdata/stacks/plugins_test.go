package stacks

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlugins: what was allocated in plugins that come to lie at one address in turn belongs to each of them.
func TestPlugins(t *testing.T) {
	program := buildWith(t, "", "./plugins")
	for _, mode := range []struct{ name, plugins, flags string }{
		{"with build IDs", "a b", "-Wl,--build-id"},
		{"without build IDs", "a b", "-Wl,--build-id=none"},
		{"three", "a b c", "-Wl,--build-id"},
	} {
		t.Run(mode.name, func(t *testing.T) {
			directory := t.TempDir()
			var paths []string
			for _, name := range strings.Fields(mode.plugins) {
				path := filepath.Join(directory, "lib"+name+".so")
				run(t, "gcc", "-O1", "-g", "-shared", "-fPIC", mode.flags, "-DNAME="+name, "-o", path, "plugins/plugin.c")
				paths = append(paths, path)
			}
			out, err := exec.Command(program, paths...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%.3000s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
