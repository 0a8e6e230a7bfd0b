package command

import (
	"debug/elf"
	"path/filepath"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/hardened"
)

func TestHardened(t *testing.T) {
	library := built.Program(t, "CMEMPROF_LIBRARY", "libcmemprof.so")
	for path, function := range map[string]string{program(t): "main", library: "malloc"} {
		file, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		hardened.Check(t, filepath.Base(path), file, function)
		file.Close()
	}
}
