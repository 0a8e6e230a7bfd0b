package stacks

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// buildPlugin builds NAME's plugin in the directory.
func buildPlugin(t *testing.T, directory, name, flags string) string {
	t.Helper()
	path := filepath.Join(directory, "lib"+name+".so")
	run(t, "gcc", "-O1", "-g", "-shared", "-fPIC", flags, "-DNAME="+name, "-o", path, "plugins/plugin.c")
	return path
}

// TestPlugins: plugins that get the same address in turn keep their own allocations.
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
				paths = append(paths, buildPlugin(t, directory, name, mode.flags))
			}
			out, err := exec.Command(program, paths...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%.3000s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// TestPluginReplaced: a plugin that is replaced at its address between a snapshot and its symbolization keeps its allocations.
func TestPluginReplaced(t *testing.T) {
	built.NotEmulated(t, "qemu-user loads nothing where something else was")
	for _, flags := range []string{"-Wl,--build-id", "-Wl,--build-id=none"} {
		t.Run(flags, func(t *testing.T) {
			directory := t.TempDir()
			program, file := filepath.Join(directory, "program"), filepath.Join(directory, "c.pprof")
			run(t, "gcc", "-O1", "-g", "-I../../cmemprof", "-o", program, "replaced/replaced.c", built.Program(t, "CMEMPROF_ARCHIVE", "libcmemprof.a"), "-ldl", "-pthread")
			runProgram(t, program, file, buildPlugin(t, directory, "a", flags), buildPlugin(t, directory, "b", flags))
			p, err := profile.ParseData(read(t, file))
			if err != nil {
				t.Fatal(err)
			}
			bytes, whole := map[string]int64{}, 0
			for _, sample := range p.Sample {
				leaf := sample.Location[0]
				bytes[leaf.Line[0].Function.Name+" in "+filepath.Base(leaf.Mapping.File)] += sample.Value[1]
				if strings.HasPrefix(leaf.Line[0].Function.Name, "a_") && strings.HasSuffix(leaf.Line[0].Function.Filename, "plugin.c") {
					whole++
				}
			}
			if bytes["a_allocate in liba.so"] != 1000 || bytes["b_allocate in libb.so"] != 0 || whole != 1 {
				t.Errorf("%v", bytes)
			}
		})
	}
}
