package page

// Instructions of the other machine: what a receiver shows need not be of its own.

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func TestInstructionsOfArm64(t *testing.T) {
	t.Parallel()
	compiler, reader := "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objdump"
	if out, err := exec.Command("gcc", "-dumpmachine").Output(); err == nil && strings.HasPrefix(string(out), "aarch64") {
		compiler, reader = "gcc", "objdump"
	}
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "libwork.so")
	buildID := buildLibraryBy(t, compiler, path)
	code := objdumpBy(t, reader, path, "work")
	receiver := &receiver{built.Receiver(t, "--binary-path", folder) + "/"}
	receiver.uploadAt(t, moment{start: leakStart, attachments: map[string][]byte{"cpu.pprof": encode(t, codeProfile(t, path, buildID, code))}, tags: "service:shop"})
	var answer struct {
		Machine      string
		Instructions [][5]any
		Reason       string
	}
	if err := json.Unmarshal(receiver.get(t, "/api/disassembly?ids=1&attachment=cpu.pprof&function=work"), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Machine != "arm64" || answer.Reason != "" || len(answer.Instructions) != len(code) {
		t.Fatalf("%s: %d instructions, objdump has %d: %s", answer.Machine, len(answer.Instructions), len(code), answer.Reason)
	}
	for i, one := range code {
		got := answer.Instructions[i]
		if got[0] != fmt.Sprintf("%x", one.address) {
			t.Errorf("instruction %d is at %v, objdump has it at %x", i, got[0], one.address)
		}
		if strings.Contains(one.text, "<helper") && (!strings.Contains(got[4].(string), "<helper@plt>") || got[2] != 30e6) {
			t.Errorf("the call is %v, and in objdump %s", got, one.text)
		}
	}
}
