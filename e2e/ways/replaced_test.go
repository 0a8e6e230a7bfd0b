package ways

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestReplacedLibrary: an upgrade replaces the file of a loaded library. The new file's names must not be used, with or without a build ID.
func TestReplacedLibrary(t *testing.T) {
	program := compile(t, "gcc", filepath.Join("programs", "replaced.c"), "-std=gnu11", "-ldl")
	for name, flag := range map[string]string{"with a build ID": "-Wl,--build-id", "without": "-Wl,--build-id=none"} {
		for _, replaced := range []bool{false, true} {
			t.Run(map[bool]string{false: "left alone, ", true: "replaced, "}[replaced]+name, func(t *testing.T) {
				command := runCommand(t, "--rate", "1", program)
				library := func(file, site string) {
					mustRun(t, exec.Command("gcc", "-O1", "-shared", "-fPIC", flag, "-DSITE="+site, "-o", filepath.Join(command.Dir, file),
						filepath.Join("programs", "replaced_library.c")))
				}
				library("library.so", "older_site")
				if replaced {
					library("newer.so", "newer_site")
				}
				mustRun(t, command)
				p := onlyProfile(t, command)
				if got := siteOf(p, "newer_site"); got.allocBytes != 0 {
					t.Errorf("%+v under the name of a function that never ran", got)
				}
				if got := siteOf(p, "older_site"); !replaced && got.allocBytes != 1<<20 {
					t.Errorf("older_site: %+v", got)
				}
			})
		}
	}
}
