// Package hardened says what a program or shared library lacks of what makes faults of C harder to use.
package hardened

import (
	"bytes"
	"debug/elf"
	"slices"
	"strings"
	"testing"
)

func dynamicFlags(t testing.TB, file *elf.File, tag elf.DynTag) (flags uint64) {
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

// codeAt returns the first bytes of a function, nil if it has no name there, as in a stripped program.
func codeAt(t testing.TB, file *elf.File, name string) []byte {
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

// landings are the instructions that an indirect call may lead to: endbr64; bti c, paciasp.
var landings = map[elf.Machine][][]byte{
	elf.EM_X86_64:  {{0xf3, 0x0f, 0x1e, 0xfa}},
	elf.EM_AARCH64: {{0x5f, 0x24, 0x03, 0xd5}, {0x3f, 0x23, 0x03, 0xd5}},
}

// Check fails the test for each thing that an attacker who has found a fault of C would need: known addresses, a writable table of functions, a stack
// without guard, indirect calls into the middle of functions. It looks at the code of one function, which a shared library has to have.
func Check(t testing.TB, name string, file *elf.File, function string) {
	t.Helper()
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
	if elf.DynFlag1(dynamicFlags(t, file, elf.DT_FLAGS_1))&elf.DF_1_NOW == 0 {
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
	libraries, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	isMusl := slices.Contains(libraries, "libc.so") // which has no functions that check sizes
	if !slices.Contains(checks, "__stack_chk_fail") || !isMusl && !slices.Contains(checks, "__snprintf_chk") {
		t.Errorf("%s checks neither stacks nor the size of buffers: %q", name, checks)
	}
	code, ways := codeAt(t, file, function), landings[file.Machine]
	if strings.Contains(name, ".so") && code == nil {
		t.Errorf("%s is not there", function)
	}
	if code != nil && !slices.ContainsFunc(ways, func(way []byte) bool { return bytes.HasPrefix(code, way) }) {
		t.Errorf("%s of %s begins with % x, not with one of % x", function, name, code, ways)
	}
}
