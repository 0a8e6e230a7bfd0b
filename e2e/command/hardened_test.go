package command

import (
	"bytes"
	"debug/elf"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func openELF(t *testing.T, path string) *elf.File {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func dynamicFlag(t *testing.T, file *elf.File, tag elf.DynTag) (flags uint64) {
	t.Helper()
	values, err := file.DynValue(tag)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		flags |= v
	}
	return flags
}

// codeAt returns the first bytes of a function of a shared object or program, nil if it has no name there, as in a stripped program.
func codeAt(t *testing.T, file *elf.File, name string) []byte {
	t.Helper()
	symbols, _ := file.Symbols()
	dynamic, _ := file.DynamicSymbols()
	for _, s := range slices.Concat(dynamic, symbols) {
		if s.Name != name || s.Value == 0 {
			continue
		}
		section := file.Sections[s.Section]
		code := make([]byte, 16)
		if _, err := section.ReadAt(code, int64(s.Value-section.Addr)); err != nil {
			t.Fatal(err)
		}
		return code
	}
	return nil
}

// What an attacker who has found a fault of C would need is not there: known addresses, a writable table of functions, a stack without guard,
// indirect calls into the middle of functions.
func TestHardened(t *testing.T) {
	library := built.Program(t, "CMEMPROF_LIBRARY", "libcmemprof.so")
	for path, function := range map[string]string{program(t): "main", library: "malloc"} {
		name, file := filepath.Base(path), openELF(t, path)
		if file.Type != elf.ET_DYN {
			t.Errorf("%s is of type %v: its addresses are known", name, file.Type)
		}
		programHeaders := map[elf.ProgType]elf.ProgFlag{}
		for _, p := range file.Progs {
			programHeaders[p.Type] = p.Flags
			if p.Type == elf.PT_LOAD && p.Flags&elf.PF_W != 0 && p.Flags&elf.PF_X != 0 {
				t.Errorf("%s has memory that can be written and run", name)
			}
		}
		if stack, ok := programHeaders[elf.PT_GNU_STACK]; !ok || stack&elf.PF_X != 0 {
			t.Errorf("%s has a stack that can be run", name)
		}
		if _, ok := programHeaders[elf.PT_GNU_RELRO]; !ok {
			t.Errorf("%s has no RELRO", name)
		}
		if elf.DynFlag1(dynamicFlag(t, file, elf.DT_FLAGS_1))&elf.DF_1_NOW == 0 {
			t.Errorf("%s binds its functions late, so that their table stays writable", name)
		}
		if values, err := file.DynValue(elf.DT_TEXTREL); err != nil || len(values) > 0 {
			t.Errorf("%s has relocations in its code: %v, %v", name, values, err)
		}
		imported, err := file.ImportedSymbols()
		if err != nil {
			t.Fatal(err)
		}
		var checks []string
		for _, s := range imported {
			if strings.HasSuffix(s.Name, "_chk") || s.Name == "__stack_chk_fail" {
				checks = append(checks, s.Name)
			}
		}
		if !slices.Contains(checks, "__stack_chk_fail") || !slices.Contains(checks, "__snprintf_chk") {
			t.Errorf("%s checks neither stacks nor the size of buffers: %q", name, checks)
		}
		code := codeAt(t, file, function)
		if path == library && code == nil {
			t.Errorf("%s is not there", function)
		}
		if file.Machine == elf.EM_X86_64 && code != nil && !bytes.HasPrefix(code, []byte{0xf3, 0x0f, 0x1e, 0xfa}) {
			t.Errorf("%s of %s begins with % x, not with endbr64", function, name, code)
		}
	}
}
