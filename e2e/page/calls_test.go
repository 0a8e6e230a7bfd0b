package page

// The call graph: its functions and calls against `go tool pprof -dot`, mouse, keyboard, sizes.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// What the lines of the graph say, as "CALLER > CALLEE AMOUNT".
const drawnCalls = `[...document.querySelectorAll("#calls .call title")].map((one) => one.textContent
	.replace(/ calls(, by functions that are not drawn,)? /, " > ").replace(/ · (.*), [^,]*$/, " $1")).sort().join("\n")`

func callBox(name string) string {
	return `[...document.querySelectorAll("#calls .call-box")].find((box) => box.querySelector("title").textContent.startsWith(` + quote(name+" ·") + `))`
}

// pprofCalls is what `go tool pprof` draws of a profile, with all of its functions and calls.
func pprofCalls(t *testing.T, p *profile.Profile, sampleType, unit string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile")
	if err := os.WriteFile(file, encode(t, p), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "tool", "pprof", "-dot", "-nodecount=100000", "-nodefraction=0", "-edgefraction=0", "-unit="+unit, "-sample_index="+sampleType, file)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	names, lines := map[string]string{}, []string{}
	for _, node := range regexp.MustCompile(`(?m)^(N\d+) \[.*tooltip="(.*) \(.*\)"`).FindAllStringSubmatch(string(out), -1) {
		names[node[1]] = node[2]
	}
	for _, edge := range regexp.MustCompile(`(?m)^(N\d+) -> (N\d+) \[label=" ([0-9.]+)`).FindAllStringSubmatch(string(out), -1) {
		value, err := strconv.ParseFloat(edge[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, names[edge[1]]+" > "+names[edge[2]]+" "+human(value, "bytes"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestCallGraph(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", parserProfile())
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.click(`#view [data-value="calls"]`)
	view.until(`location.search.includes("view=calls") && document.querySelectorAll("#calls .call-box").length === 6`)
	view.expect(drawnCalls, pprofCalls(t, parserProfile(), "inuse_space", "bytes"))
	view.expect(`document.querySelector("#calls-note").textContent`, "6 functions · 6 calls")
	view.expect(`document.querySelector("#frame").textContent`, "all · 65 MB")
	view.clean(t)

	// By the mouse: what a function is joined with stays, what can be done with it is below.
	view.text(`(` + callBox("main.parse") + `.dispatchEvent(new MouseEvent("click", { bubbles: true })), "")`)
	view.until(`new URLSearchParams(location.search).get("fn") === "main.parse" && ` + callBox("main.parse") + `.ariaPressed === "true"`)
	view.expect(`document.querySelector("#frame").textContent`, "main.parse · 40 MB, 61.5 % of all · 2 callers and 2 callees drawn")
	view.expect(`[...document.querySelectorAll("#calls .call")].filter((one) => one.getAttribute("opacity") === "1").length`, "4")
	view.click(`[data-action="focus"]`)
	view.until(`document.querySelectorAll("#calls .call-box").length === 4 && location.search.includes("focus=")`)
	view.click(`#filters [data-filter="focus"] button`)
	view.click(`#choose-none`)
	view.until(`!location.search.includes("fn=") && document.querySelectorAll('#calls [aria-pressed="true"].call-box').length === 0`)

	// By the keyboard: down to the heaviest callee, up to the heaviest caller, across the row.
	view.text(`(document.querySelector('#calls .call-box[tabindex="0"]').focus(), "")`)
	on := func(name string) string {
		return `document.activeElement === ` + callBox(name) + ` && document.querySelector("#frame").textContent.startsWith(` + quote(name+" ·") + `)`
	}
	view.do(chromedp.KeyEvent(kb.Home))
	view.until(on("main.main"))
	view.do(chromedp.KeyEvent(kb.ArrowDown))
	view.until(on("main.parse"))
	view.do(chromedp.KeyEvent(kb.ArrowDown))
	view.until(on("main.leaf"))
	view.do(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("fn=main.parse")`)
	view.until(on("main.parse")) // drawn anew, and the focus stays
	view.do(chromedp.KeyEvent("+"))
	view.until(`/scale=\d+/.test(location.search)`)
	view.do(chromedp.KeyEvent("m"))
	view.until(`document.querySelector('.popup [data-action="sandwich"]')`)
	view.do(chromedp.KeyEvent(kb.Escape), chromedp.Focus(chromedp.CSS(`#calls .call-box[tabindex="0"]`)), chromedp.KeyEvent(kb.Escape))
	view.until(`!location.search.includes("fn=")`)
	view.click("#calls-whole")
	view.until(`location.search.includes("scale=all") && (({clientHeight, scrollHeight, clientWidth, scrollWidth}) => clientHeight === scrollHeight && clientWidth === scrollWidth)(document.querySelector(".calls-place"))`)

	// The file that Export makes is the picture, whole and by itself.
	view.click("#export")
	view.text(`(() => { URL.createObjectURL = (blob) => (blob.text().then((text) => (window.saved = text)), "#"); HTMLAnchorElement.prototype.click = () => {}; return ""; })()`)
	view.click(`.popup [data-action="calls-svg"]`)
	view.until(`window.saved !== undefined`)
	view.expect(`new DOMParser().parseFromString(saved, "image/svg+xml").documentElement.querySelectorAll(".call-box").length`, "6")

	// The address alone shows the same; a search dims what it does not find; kinds have their colours.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=2&view=calls&fn=main.main"))
	view.until(`document.querySelectorAll("#calls .call-box").length === 7`)
	view.expect(drawnCalls, pprofCalls(t, heapProfile(), "inuse_space", "bytes"))
	view.expect(`document.querySelector("#frame").textContent`, "main.main · 48 MB, 100.0 % of all · 1 caller and 2 callees drawn")
	view.click(`#choose-none`)
	view.until(callBox("sqlite3_prepare_v2") + `.querySelector("rect").getAttribute("fill") === getComputedStyle(document.documentElement).getPropertyValue("--flame-c").trim()`)
	view.clean(t)
}

// deepProfile: a program of many functions, with more callers, callees and ways between them than are drawn.
func deepProfile() *profile.Profile {
	var stacks []stack
	for i := range 400 {
		frames := []string{fmt.Sprintf("lib.work%d /src/lib/work%d.c", i, i%7)}
		for depth := range 3 + i%9 {
			frames = append(frames, fmt.Sprintf("github.com/org/shop/internal/part%d.(*Service).step%d /src/shop/part%d/step.go", depth%4, (i*7+depth*3)%(4+depth*2), depth%4))
		}
		frames = append(frames, "main.handle /src/shop/main.go", "net/http.(*conn).serve /go/src/net/http/server.go")
		stacks = append(stacks, stack{frames, []int64{int64(1+i%50) * int64(1+i%50) * 1000}, i%3 == 0, map[string]string{"tenant": fmt.Sprint(i % 5)}})
	}
	return build([][2]string{{"inuse_space", "bytes"}}, stacks)
}

func TestCallGraphSaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", deepProfile())
	view := chromium.profile(t, receiver, "ids=1&view=calls")
	view.until(`document.querySelectorAll("#calls .call-box").length === 40`)
	all := view.text(`/^40 of (\d+) functions, those with most in all or of their own · /.exec(document.querySelector("#calls-note").textContent)[1]`)
	view.click(`#view [data-value="table"]`)
	view.until(`document.querySelector("#notes").textContent === "` + all + ` functions"`)
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=calls&calls=160"))
	view.until(`document.querySelectorAll("#calls .call-box").length === 160 && document.querySelector("#calls-note").textContent.includes(" · 400 of 485 calls: lighter ones are left out")`)
	view.expect(`document.querySelectorAll("#calls .call").length`, "400")
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=calls&calls=80"))
	view.until(`document.querySelectorAll("#calls .call-box").length === 80 && document.querySelector("#calls-note").textContent.includes("dashed: by way of functions that are not drawn")`)
	view.expect(`[...document.querySelectorAll("#calls .call")].some((one) => one.querySelector("[stroke-dasharray]") && one.textContent.includes("by functions that are not drawn"))`, "true")
	view.do(chromedp.Focus(chromedp.CSS(`[aria-label="Functions at most"]`)), chromedp.KeyEvent(kb.Home))
	view.until(`location.search.includes("calls=20") && document.querySelectorAll("#calls .call-box").length === 20`)
	view.clean(t)

	for address, name := range map[string]string{"ids=1&view=calls": "calls", "ids=1&view=calls&fn=main.handle&calls=20&scale=all": "calls-chosen"} {
		chromium.shoot(t, receiver, name, "profile?"+address, `document.querySelectorAll("#calls .call-box").length > 3`)
		view.fits(t, receiver.url, "narrow", narrow, []shownPage{{name, "profile?" + address, `document.querySelectorAll("#calls .call-box").length > 3`}})
	}
	view.clean(t)
}
