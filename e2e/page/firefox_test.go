package page

// The main views in Firefox: Debian's firefox-esr, by Marionette, the protocol that it brings itself (geckodriver, which Debian does not have,
// translates WebDriver to it): "LENGTH:JSON" over TCP, of [0, id, command, parameters] and [1, id, error, result].

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

type firefox struct {
	t      *testing.T
	socket net.Conn
	in     *bufio.Reader
	id     int
	output *lockedBuffer // what the browser writes: errors of scripts are there
}

type lockedBuffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}

func startFirefox(t *testing.T) *firefox {
	t.Helper()
	program := os.Getenv("FIREFOX")
	if program == "" {
		program = "/usr/bin/firefox-esr"
	}
	folder := t.TempDir()
	preferences := `user_pref("marionette.port", 0);
user_pref("devtools.console.stdout.content", true);
user_pref("browser.dom.window.dump.enabled", true);
user_pref("app.normandy.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
`
	if err := os.WriteFile(filepath.Join(folder, "user.js"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	browser := &firefox{t: t, output: &lockedBuffer{}}
	command := exec.Command(program, "--headless", "--no-remote", "--marionette", "--profile", folder, "about:blank")
	command.Env = append(os.Environ(), "HOME="+folder, "MOZ_DISABLE_CONTENT_SANDBOX=1", "MOZ_CRASHREPORTER_DISABLE=1")
	command.Stdout, command.Stderr = browser.output, browser.output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatalf("%s, which the package firefox-esr has (FIREFOX names another): %v", program, err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // with the processes of its pages
		_ = command.Wait()
	})
	for end := time.Now().Add(patience); browser.socket == nil; time.Sleep(50 * time.Millisecond) {
		port, _ := os.ReadFile(filepath.Join(folder, "MarionetteActivePort"))
		if len(port) > 0 {
			browser.socket, _ = net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(string(port)))
		}
		if time.Now().After(end) {
			t.Fatalf("Firefox does not listen:\n%s", browser.output)
		}
	}
	t.Cleanup(func() { _ = browser.socket.Close() })
	browser.in = bufio.NewReader(browser.socket)
	browser.read() // its greeting
	browser.call("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"acceptInsecureCerts": false}}})
	browser.call("WebDriver:SetTimeouts", map[string]any{"script": patience.Milliseconds(), "pageLoad": patience.Milliseconds()})
	return browser
}

func (f *firefox) read() []byte {
	f.t.Helper()
	_ = f.socket.SetReadDeadline(time.Now().Add(2 * patience))
	text, err := f.in.ReadString(':')
	length, fault := strconv.Atoi(strings.TrimSuffix(text, ":"))
	if err != nil || fault != nil || length < 0 || length > 64<<20 {
		f.t.Fatalf("Marionette says %q: %v %v\n%s", text, err, fault, f.output)
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(f.in, message); err != nil {
		f.t.Fatal(err)
	}
	return message
}

func (f *firefox) call(command string, parameters any) json.RawMessage {
	f.t.Helper()
	f.id++
	message, err := json.Marshal([]any{0, f.id, command, parameters})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f.socket, "%d:%s", len(message), message); err != nil {
		f.t.Fatal(err)
	}
	var answer [4]json.RawMessage
	if err := json.Unmarshal(f.read(), &answer); err != nil {
		f.t.Fatal(err)
	}
	if string(answer[2]) != "null" {
		f.t.Fatalf("%s: %s", command, answer[2])
	}
	return answer[3]
}

// value is that of an expression in the page, as text.
func (f *firefox) value(expression string) string {
	f.t.Helper()
	var result struct{ Value string }
	if err := json.Unmarshal(f.call("WebDriver:ExecuteScript", map[string]any{"script": helpers + "return String(" + expression + ")", "args": []any{}}), &result); err != nil {
		f.t.Fatal(err)
	}
	return result.Value
}

func (f *firefox) until(condition string) {
	f.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if f.value("(() => { try { return !!("+condition+"); } catch { return false; } })()") == "true" {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("never: %s\nthe page says: %s", condition, f.value("document.body.innerText.slice(0, 1500)"))
		}
	}
}

func (f *firefox) open(address string) {
	f.t.Helper()
	f.call("WebDriver:Navigate", map[string]any{"url": address})
}

// sized makes the window's inside so large.
func (f *firefox) sized(width, height int) {
	f.t.Helper()
	f.call("WebDriver:SetWindowRect", map[string]any{"width": width, "height": height})
	edges := strings.Split(f.value(`[outerWidth - innerWidth, outerHeight - innerHeight]`), ",")
	wide, _ := strconv.Atoi(edges[0])
	high, _ := strconv.Atoi(edges[1])
	f.call("WebDriver:SetWindowRect", map[string]any{"width": width + wide, "height": height + high})
	f.until(fmt.Sprintf("innerHeight === %d", height)) // not all widths are possible
}

// press types keys, each of one character (a key without one has a private one in WebDriver).
func (f *firefox) press(keys ...string) {
	f.t.Helper()
	var actions []any
	for _, key := range keys {
		actions = append(actions, map[string]any{"type": "keyDown", "value": key}, map[string]any{"type": "keyUp", "value": key})
	}
	f.call("WebDriver:PerformActions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}}})
}

const (
	firefoxEnter, firefoxEscape, firefoxShift = "\ue007", "\ue00c", "\ue008"
	firefoxLeft, firefoxUp                    = "\ue012", "\ue013"
	firefoxRight, firefoxDown                 = "\ue014", "\ue015"
)

// shifted holds Shift while it types.
func (f *firefox) shifted(keys ...string) {
	f.t.Helper()
	actions := []any{map[string]any{"type": "keyDown", "value": firefoxShift}}
	for _, key := range keys {
		actions = append(actions, map[string]any{"type": "keyDown", "value": key}, map[string]any{"type": "keyUp", "value": key})
	}
	actions = append(actions, map[string]any{"type": "keyUp", "value": firefoxShift})
	f.call("WebDriver:PerformActions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}}})
}

// mouse moves to places of the window, the first without and the others with the button; a click if there is only one.
func (f *firefox) mouse(places ...[2]float64) {
	f.t.Helper()
	move := func(at [2]float64) map[string]any {
		return map[string]any{"type": "pointerMove", "x": int(at[0]), "y": int(at[1]), "origin": "viewport"}
	}
	actions := []any{move(places[0]), map[string]any{"type": "pointerDown", "button": 0}}
	for _, place := range places[1:] {
		actions = append(actions, move(place))
	}
	actions = append(actions, map[string]any{"type": "pointerUp", "button": 0})
	f.call("WebDriver:PerformActions", map[string]any{"actions": []any{map[string]any{"type": "pointer", "id": "mouse", "actions": actions}}})
}

// click clicks x pixels right of the left and y below the upper edge of an element; of its middle with -1.
func (f *firefox) click(selector string, x, y float64) {
	f.t.Helper()
	f.until(`document.querySelector(` + quote(selector) + `)?.checkVisibility()`)
	var box [4]float64
	text := f.value(`(() => { const element = document.querySelector(` + quote(selector) + `); element.scrollIntoView({ block: "nearest" });
		const { left, top, width, height } = element.getBoundingClientRect(); return JSON.stringify([left, top, width, height]); })()`)
	if err := json.Unmarshal([]byte(text), &box); err != nil {
		f.t.Fatal(err)
	}
	if x < 0 {
		x, y = box[2]/2, box[3]/2
	}
	f.mouse([2]float64{box[0] + x, box[1] + y})
}

func (f *firefox) accessible(what string) {
	f.t.Helper()
	if f.value(`typeof axe`) == "undefined" {
		script, err := os.ReadFile(filepath.Join("..", "..", "receiver", "web", "node_modules", "axe-core", "axe.min.js"))
		if err != nil {
			f.t.Fatal(err)
		}
		f.call("WebDriver:ExecuteScript", map[string]any{"script": string(script) + "\nwindow.axe = window.axe ?? axe;", "args": []any{}})
	}
	f.value(`(window.faults = undefined, axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => {
		window.faults = violations.map(({ id, nodes }) => id + " " + nodes[0].html).join("\n"); }), "")`)
	f.until(`window.faults !== undefined`)
	if faults := f.value(`window.faults`); faults != "" {
		f.t.Errorf("%s: %s", what, faults)
	}
}

func (f *firefox) screenshot(name string) {
	f.t.Helper()
	var result struct{ Value string }
	if err := json.Unmarshal(f.call("WebDriver:TakeScreenshot", map[string]any{"full": false}), &result); err != nil {
		f.t.Fatal(err)
	}
	picture, err := base64.StdEncoding.DecodeString(result.Value)
	folder := filepath.Join("..", "..", "build", "screenshots")
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "firefox-"+name+".png"), picture, 0o644)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// clean fails the test on what scripts of the page have thrown or written as an error.
func (f *firefox) clean() {
	f.t.Helper()
	for _, line := range strings.Split(f.output.String(), "\n") {
		ofPage := strings.HasPrefix(line, "JavaScript error: http://127.0.0.1") || strings.HasPrefix(line, "JavaScript error: file:")
		ofBrowser := strings.HasPrefix(line, "console.error: RSLoader:") // settings that it does not get from Mozilla
		if ofPage || (!ofBrowser && strings.HasPrefix(line, "console.error:")) || strings.HasPrefix(line, "console.warn:") {
			f.t.Error(line)
		}
	}
}

// overTime goes from the heat map of timedProfile to its threads, and chooses a stretch of time by keyboard and by mouse.
func (f *firefox) overTime() {
	f.t.Helper()
	const frame = `document.querySelector("#frame").textContent`
	f.click("#lanes", -1, -1)
	f.until(`location.search.includes("lanes=1") && document.querySelector("#times-note")?.textContent.startsWith("threads · ")`)
	f.value(`(document.querySelector("#heat-map").focus(), "")`)
	f.press(firefoxDown)
	f.until(frame + `.startsWith("burster · 7 · ")`)
	for range 40 {
		f.press(firefoxRight)
	}
	f.shifted(firefoxRight, firefoxRight, firefoxRight)
	f.accessible("threads over time")
	f.screenshot("lanes")
	f.press(firefoxEnter)
	start := leakStart.UnixMilli() + 20_000
	f.until(fmt.Sprintf(`new URLSearchParams(location.search).get("time") === "%d-%d" && document.querySelector('[data-filter="time"]')`, start, start+2000))
	f.click(`#view [data-value="graph"]`, -1, -1)
	f.until(frame + ` === "all · 120 ms"`) // two seconds with 10 ms and 50 ms each
	f.click(`[data-filter="time"] button`, -1, -1)
	f.until(`!location.search.includes("time=") && ` + frame + ` === "all · 1.10 s"`)

	f.click(`#view [data-value="times"]`, -1, -1)
	f.until(`document.querySelector("#times-note") && document.querySelector("#heat-map").clientWidth > 300`)
	var box [3]float64
	if err := json.Unmarshal([]byte(f.value(`(() => { const { left, top, width } = document.querySelector("#heat-map").getBoundingClientRect(); return JSON.stringify([left, top, width]); })()`)), &box); err != nil {
		f.t.Fatal(err)
	}
	names := min(240, box[2]*0.32)
	second := (box[2] - names) / 60
	f.mouse([2]float64{box[0] + names + 20.25*second, box[1] + 43}, [2]float64{box[0] + names + 25*second, box[1] + 43}, [2]float64{box[0] + names + 29.75*second, box[1] + 43})
	f.until(`new URLSearchParams(location.search).get("time") !== null`)
	f.click(`#view [data-value="graph"]`, -1, -1)
	f.until(frame + ` === "all · 600 ms"`) // all of the burst's ten seconds
}

// instructions goes from the lines of codeProfile's function to its instructions, near values and all.
func (f *firefox) instructions(url string, code []machineInstruction) {
	f.t.Helper()
	f.open(url + "profile?service=code&view=source&fn=work")
	f.until(sourceRows + `.includes("30 ms")`)
	f.accessible("source")
	f.value(`(document.querySelector('#code [data-value="1"]').focus(), "")`)
	f.press(firefoxEnter)
	f.until(`location.search.includes("code=1") && ` + codeRows + `.includes("<helper@plt>")`)
	f.click("#whole", -1, -1)
	f.until(fmt.Sprintf(codeRows+`.split("\n").length === %d`, len(code)))
	f.accessible("instructions")
	f.screenshot("instructions")
}

func TestFirefox(t *testing.T) {
	t.Parallel()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(folder, "libwork.so")
	buildID := buildLibrary(t, library)
	code := objdump(t, library, "work")
	receiver := &receiver{built.Receiver(t, "--binary-path", folder) + "/"}
	receiver.uploadLeak(t, 12)
	receiver.uploadProfile(t, "parser", parserProfile())
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:timed", attachments: map[string][]byte{"cpu.pprof": encode(t, timedProfile(leakStart))}})
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:code", attachments: map[string][]byte{"cpu.pprof": encode(t, codeProfile(t, library, buildID, code))}})
	receiver.uploadMemory(t, "db-2", 3)
	receiver.measured(t, "/api/uploads?limit=100&measures=1")
	receiver.uploadLabelled(t)
	browser := startFirefox(t)
	browser.sized(1280, 720)
	if agent := browser.value("navigator.userAgent"); !strings.Contains(agent, "Firefox/") {
		t.Fatalf("the browser is %s", agent)
	}
	const frame = `document.querySelector("#frame").textContent`

	// From the list of uploads to the graph of one, by the mouse.
	browser.open(receiver.url + "?service=parser")
	browser.until(`document.querySelectorAll(".upload-row").length === 1 && document.querySelector("#histogram canvas")`)
	browser.accessible("search")
	browser.click(".upload-row a", -1, -1)
	browser.until(`location.pathname.startsWith("/profile") && ` + frame + ` === "all · 65 MB"`)
	browser.until(`colourAt(4, 10) === cssColour("--flame-root")`)
	browser.click("#flamegraph", 20, 50)
	browser.until(frame + `.startsWith("main.parse · ") && location.search.includes("zoom=") && !document.querySelector("#minimap").hidden`)
	browser.screenshot("graph")
	browser.value(`(document.querySelector("#flamegraph").focus(), "")`)
	browser.press(firefoxDown)
	browser.until(frame + `.startsWith("main.term · ")`)
	browser.press(firefoxEscape)
	browser.until(frame + ` === "all · 65 MB" && !location.search.includes("zoom=")`)
	browser.value(`(history.back(), "")`)
	browser.until(frame + `.startsWith("main.parse · ")`)
	browser.press("/")
	browser.until(`document.activeElement.id === "search"`)
	browser.press("l", "e", "a", "f", firefoxEnter)
	browser.until(`location.search.includes("find=leaf") && document.querySelector("#matches").textContent === "2 frames · 40 MB · 61.5 %"`)
	browser.accessible("graph")

	// The other views of a profile.
	browser.click(`#view [data-value="table"]`, -1, -1)
	browser.until(functionRows + `.startsWith("40 MB 61.5 % 40 MB 61.5 % main.leaf")`)
	browser.accessible("table")
	browser.open(receiver.url + "profile?service=parser&view=calls")
	browser.until(`document.querySelectorAll("#calls .call-box").length === 6`)
	if drawn := browser.value(drawnCalls); drawn != pprofCalls(t, parserProfile(), "inuse_space", "bytes") {
		t.Errorf("calls: %s", drawn)
	}
	browser.value(`(document.querySelector('#calls .call-box[tabindex="0"]').focus(), "")`)
	browser.press(firefoxDown, firefoxEnter)
	browser.until(`location.search.includes("fn=main.parse") && document.activeElement === ` + callBox("main.parse"))
	browser.accessible("call graph")
	browser.screenshot("calls")
	browser.open(receiver.url + "profile?ids=14&view=times")
	browser.until(`document.querySelector("#times-note")`)
	browser.until(heatColour(1, 45) + ` === cssColour("--flame-more")`)
	browser.accessible("over time")
	browser.screenshot("times")
	browser.overTime()
	browser.instructions(receiver.url, code)
	browser.open(receiver.url + "profile?service=parser&view=sandwich&fn=main.parse")
	browser.until(`document.querySelector("#sandwich-title b").textContent === "main.parse"`)
	browser.accessible("sandwich")

	browser.labels(receiver.url)

	// What the page's header tells it to ask for (ahead_test.go) is asked for once here, too.
	browser.open(receiver.url + "profile?ids=13")
	browser.until(frame + ` === "all · 65 MB" && document.querySelector(".rail-type")`)
	browser.until(`performance.getEntriesByType("resource").filter(({ name }) => name.includes("/attachments/")).length === 2`)

	// Growth, the other tabs, a comparison.
	const grown = "profile?service=shop&host=db-1&attachment=delta-heap.pprof"
	browser.open(receiver.url + grown + "&gauges=growth")
	browser.until(frame + `.startsWith("all · +3 MB/min")`)
	browser.accessible("growth")
	for _, tab := range []struct{ name, address, ready string }{
		{"memory", "profile?service=shop&host=db-2&tab=memory", memoryReady},
		{"owners", grown + "&tab=owners", `document.querySelector("#owners")`},
		{"analysis", grown + "&tab=analysis", `document.querySelector(".finding canvas")`},
		{"metrics", grown + "&tab=metrics", `document.querySelectorAll(".metric canvas").length > 3`},
		{"runtime", grown + "&tab=runtime", `document.querySelectorAll(".runtime tr").length > 3`},
		{"compare", "compare?ids=12&base.ids=1&attachment=delta-heap.pprof", frame + `.startsWith("all ·")`},
	} {
		browser.open(receiver.url + tab.address)
		browser.until(tab.ready)
		browser.accessible(tab.name)
		browser.screenshot(tab.name)
	}
	browser.clean()

	// A report from the disk, without a receiver.
	report := filepath.Join(t.TempDir(), "leak.html")
	if err := os.WriteFile(report, receiver.get(t, "/api/report?service=parser&address="+strings.ReplaceAll("/profile?service=parser", "?", "%3F")), 0o600); err != nil {
		t.Fatal(err)
	}
	browser.open("file://" + report)
	browser.until(frame + ` === "all · 65 MB"`)
	browser.click(`#view [data-value="calls"]`, -1, -1)
	browser.until(`document.querySelectorAll("#calls .call-box").length === 6`)
	browser.accessible("report")
	browser.clean()
}
