package page

// Source by instruction: what each has, as the program or library says that was profiled, and of no other build.

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

const libraryCode = `
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) int helper(int x) { return x * 7 + 1; }
int work(int k) {
    int sum = 0;
    for (int i = 0; i < k; i++) {
        sum += helper(i);
    }
    void *p = malloc((size_t)sum);
    memset(p, 0, 10);
    free(p);
    return sum;
}
`

// A library at the path; returns its build ID.
func buildLibrary(t *testing.T, path string) string {
	t.Helper()
	return buildLibraryBy(t, "gcc", path)
}

func buildLibraryBy(t *testing.T, compiler, path string) string {
	t.Helper()
	source := filepath.Join(t.TempDir(), "work.c")
	if err := os.WriteFile(source, []byte(libraryCode), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(compiler, "-g", "-O1", "-shared", "-fPIC", "-Wl,--build-id", "-o", path, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	note, err := file.Section(".note.gnu.build-id").Data()
	if err != nil || len(note) < 16 {
		t.Fatal("no build ID")
	}
	return hex.EncodeToString(note[16:])
}

type machineInstruction struct {
	address uint64
	text    string
}

// What binutils reads there.
func objdump(t *testing.T, path, function string) []machineInstruction {
	t.Helper()
	return objdumpBy(t, "objdump", path, function)
}

func objdumpBy(t *testing.T, program, path, function string) (found []machineInstruction) {
	t.Helper()
	out, err := exec.Command(program, "-d", "--no-show-raw-insn", "--disassemble="+function, path).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^ +([0-9a-f]+):\t(.*)$`).FindAllStringSubmatch(string(out), -1) {
		var address uint64
		fmt.Sscanf(match[1], "%x", &address)
		found = append(found, machineInstruction{address, match[2]})
	}
	if len(found) < 3 {
		t.Fatalf("objdump found %d instructions of %s", len(found), function)
	}
	return found
}

// Two samples of work in the library, loaded anywhere: one is in it, the other in what it calls.
func codeProfile(t *testing.T, object, buildID string, code []machineInstruction) *profile.Profile {
	t.Helper()
	const base = 0x7f1200000000
	mapping := &profile.Mapping{ID: 1, Start: base, Limit: base + 0x10000, File: object, BuildID: buildID}
	work := &profile.Function{ID: 1, Name: "work", SystemName: "work", Filename: "/src/work.c"}
	helper := &profile.Function{ID: 2, Name: "helper", SystemName: "helper", Filename: "/src/work.c"}
	var call machineInstruction
	for _, one := range code {
		if strings.Contains(one.text, "<helper") {
			call = one
		}
	}
	if call.address == 0 {
		t.Fatal("work does not call helper")
	}
	locations := []*profile.Location{
		{ID: 1, Mapping: mapping, Address: base + code[1].address, Line: []profile.Line{{Function: work, Line: 6}}},
		{ID: 2, Mapping: mapping, Address: base + call.address + 1, Line: []profile.Line{{Function: work, Line: 8}}}, // within the call, as return addresses less 1
		{ID: 3, Mapping: mapping, Address: base + 4, Line: []profile.Line{{Function: helper, Line: 4}}},
	}
	return &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}},
		Sample: []*profile.Sample{
			{Location: locations[:1], Value: []int64{10e6}},
			{Location: []*profile.Location{locations[2], locations[1]}, Value: []int64{30e6}},
		},
		Mapping: []*profile.Mapping{mapping}, Location: locations, Function: []*profile.Function{work, helper},
		TimeNanos: leakStart.UnixNano(), DurationNanos: 1e9,
	}
}

func machine() string {
	if runtime.GOARCH == "amd64" {
		return "x86-64"
	}
	return runtime.GOARCH
}

const codeRows = `[...document.querySelectorAll("#instructions tbody tr:not(.gap)")].map((row) => [...row.cells].map((cell) => cell.textContent).join("|")).join("\n")`

func TestInstructions(t *testing.T) {
	t.Parallel()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "libwork.so")
	buildID := buildLibrary(t, path)
	code := objdump(t, path, "work")
	receiver := &receiver{built.Receiver(t, "--binary-path", "/opt/shop="+folder) + "/"}
	of := func(object, id string) map[string][]byte {
		return map[string][]byte{"cpu.pprof": encode(t, codeProfile(t, object, id, code))}
	}
	receiver.uploadAt(t, moment{start: leakStart, attachments: of("/opt/shop/libwork.so", buildID), tags: "service:shop"})
	receiver.uploadAt(t, moment{start: leakStart, attachments: of("/opt/shop/libwork.so", "00ff00ff"), tags: "service:other"})
	receiver.uploadAt(t, moment{start: leakStart, attachments: of(filepath.Join(folder, "libwork.so"), buildID), tags: "service:elsewhere"})
	receiver.uploadAt(t, moment{start: leakStart, attachments: of("/opt/shop/libwork.so", ""), tags: "service:nameless"})

	view := chromium.profile(t, receiver, "ids=1&view=source&fn=work")
	view.until(sourceRows + `.includes("30 ms")`)
	view.do(chromedp.Focus(chromedp.CSS(`#code [data-value="1"]`)), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("code=1")`)
	view.until(codeRows + `.includes("30 ms")`)
	view.expect(`document.querySelector("#code-title").textContent`, "work in /opt/shop/libwork.so · "+machine()+" · build "+buildID)
	view.expect(codeRows+`.split("\n").filter((row) => row.includes("ms")).map((row) => row.split("|").slice(1, 5).join("|")).join("\n")`,
		"10 ms|10 ms|25.0 %|6\n|30 ms|75.0 %|8")
	view.expect(codeRows+`.split("\n").find((row) => row.includes("30 ms")).split("|")[5].replace(/0x[0-9a-f]+/, "ADDRESS")`, map[string]string{"x86-64": "call ADDRESS <helper@plt>", "arm64": "bl #ADDRESS <helper@plt>"}[machine()])
	view.accessible(t, "instructions")
	// The whole function is what objdump finds.
	view.click("#whole")
	view.until(`location.search.includes("whole=1") && document.querySelector("#whole").getAttribute("aria-pressed") === "true"`)
	var addresses []string
	for _, one := range code {
		addresses = append(addresses, fmt.Sprintf("%x", one.address))
	}
	view.expect(codeRows+`.split("\n").map((row) => row.split("|")[0]).join()`, strings.Join(addresses, ","))
	// Back leads to the instructions near values, and to the lines.
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.until(`!location.search.includes("whole=1")`)
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.until(`!location.search.includes("code=1") && !document.querySelector("#source-lines").hidden && document.querySelector(".code").hidden`)

	// Of another build, of a path that no folder has, and of none there are addresses alone.
	for id, reason := range map[int]string{
		2: "/opt/shop/libwork.so is another build here: " + buildID + ", and that of the profile is 00ff00ff.",
		3: "No folder of --binary-path or --symbols has build " + buildID + " of " + filepath.Join(folder, "libwork.so") + ".",
		4: "The profile has no build ID of /opt/shop/libwork.so, so that no file can be told to be that build.",
	} {
		view.do(chromedp.Navigate(fmt.Sprintf("%sprofile?ids=%d&view=source&fn=work&code=1", receiver.url, id)))
		view.until(`document.querySelector("#code-note")?.textContent`)
		view.expect(`document.querySelector("#code-note").textContent`, reason)
		view.expect(codeRows+`.split("\n").map((row) => row.split("|").slice(2).join("|")).join("\n")`, "10 ms|25.0 %|6|\n30 ms|75.0 %|8|")
	}
	view.accessible(t, "instructions that cannot be read")
	// Two builds in one selection: each by itself.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1,2&view=source&fn=work&code=1"))
	view.until(`document.querySelectorAll('[data-action="object"]').length === 1`)
	view.click(`[data-action="object"]`)
	view.until(`location.search.includes("code=") && document.querySelector("#code-note").textContent.startsWith("/opt/shop/libwork.so is another build") !== ` +
		`(document.querySelectorAll("#whole").length === 1)`)
	view.clean(t)
	view.fits(t, receiver.url, "narrow", narrow, []shownPage{{"instructions", "profile?ids=1&view=source&fn=work&code=1", codeRows + `.includes("ms")`}})
	chromium.shoot(t, receiver, "instructions", "profile?ids=1&view=source&fn=work&code=1", codeRows+`.includes("ms")`)
}

// No path of a profile leads out of the folders, and links inside them neither.
func TestInstructionsStayInTheirFolders(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(top, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(top, "out", "libwork.so")
	buildID := buildLibrary(t, outside)
	code := objdump(t, outside, "work")
	if err := os.Symlink(outside, filepath.Join(top, "in", "link.so")); err != nil {
		t.Fatal(err)
	}
	// Also without confinement, by which the kernel keeps it from there.
	within := &receiver{built.Receiver(t, "--confine", "off", "--binary-path", filepath.Join(top, "in")) + "/"}
	for i, object := range []string{outside, filepath.Join(top, "in", "link.so"), filepath.Join(top, "in", "..", "out", "libwork.so"), "/proc/self/exe", "/dev/zero"} {
		attachments := map[string][]byte{"cpu.pprof": encode(t, codeProfile(t, object, buildID, code))}
		within.uploadAt(t, moment{start: leakStart, attachments: attachments, tags: "service:shop"})
		answer := within.get(t, fmt.Sprintf("/api/disassembly?ids=%d&attachment=cpu.pprof&function=work&file=%s", i+1, url.QueryEscape("/src/work.c")))
		if !bytes.Contains(answer, []byte("No folder of --binary-path or --symbols has build "+buildID)) || bytes.Contains(answer, []byte("call")) {
			t.Errorf("%s: %s", object, answer)
		}
	}
	// A file with symbols that was uploaded is found by its build.
	symbols := t.TempDir()
	known := built.Receiver(t, "--symbols", symbols)
	if err := exec.Command("cp", outside, filepath.Join(symbols, buildID+".debug")).Run(); err != nil {
		t.Fatal(err)
	}
	other := &receiver{known + "/"}
	other.uploadAt(t, moment{start: leakStart, attachments: map[string][]byte{"cpu.pprof": encode(t, codeProfile(t, "/gone/libwork.so", buildID, code))}, tags: "service:shop"})
	answer := other.get(t, "/api/disassembly?ids=1&attachment=cpu.pprof&function=work")
	if !bytes.Contains(answer, []byte("<helper@plt>")) {
		t.Errorf("%s", answer)
	}
}

// The command reads what the receiver does, at the profile's own path.
func TestInstructionsOfTheCommand(t *testing.T) {
	t.Parallel()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path, file := filepath.Join(folder, "libwork.so"), filepath.Join(folder, "cpu.pprof")
	buildID := buildLibrary(t, path)
	code := objdump(t, path, "work")
	disasm := func(options ...string) string {
		t.Helper()
		out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), append(append([]string{"disasm"}, options...), "^work$", file)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if err := os.WriteFile(file, encode(t, codeProfile(t, path, buildID, code)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := disasm()
	for _, want := range []string{
		"work in " + path + ", build " + buildID + ", " + machine() + ", 10.0 ms on its own\n",
		fmt.Sprintf("   10.0 ms    10.0 ms  %8x      6  ", code[1].address),
		"@plt>\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var answer struct {
		Total     int64
		Functions []struct {
			Name, Reason string
			Instructions []struct {
				Address      string
				Value, Total int64
			}
		}
	}
	if err := json.Unmarshal([]byte(disasm("--json")), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Total != 40e6 || len(answer.Functions) != 1 || answer.Functions[0].Name != "work" || len(answer.Functions[0].Instructions) != len(code) {
		t.Fatalf("%+v", answer)
	}
	for i, one := range answer.Functions[0].Instructions {
		if one.Address != fmt.Sprintf("0x%x", code[i].address) {
			t.Errorf("%s, and objdump has %x", one.Address, code[i].address)
		}
	}
	// What is in no function is said.
	stray := codeProfile(t, path, buildID, code)
	stray.Location[0].Address = stray.Mapping[0].Start + 1
	if err := os.WriteFile(file, encode(t, stray), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, want := disasm(), "   10.0 ms    10.0 ms  at 1 address of no known function, or of more than are shown, in "+path+"\n"; strings.Count(out, want) != 1 {
		t.Errorf("no %q in\n%s", want, out)
	}
	if out := disasm("--json"); !strings.Contains(out, `"elsewhere":{"addresses":1,"value":10000000,"total":10000000}`) || !strings.Contains(out, `"objects_left_out":0`) {
		t.Errorf("%s", out)
	}
	// Without the file; with one that --debug-dir has.
	moved := filepath.Join(folder, "moved")
	if err := os.Mkdir(moved, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(moved, "any-name")); err != nil {
		t.Fatal(err)
	}
	if out := disasm(); !strings.Contains(out, "(This machine does not have build "+buildID) || strings.Contains(out, "call") {
		t.Errorf("%s", out)
	}
	if out := disasm("--debug-dir", moved); !strings.Contains(out, "<helper@plt>") {
		t.Errorf("%s", out)
	}
}
