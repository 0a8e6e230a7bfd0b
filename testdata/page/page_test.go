// Package page tests the receiver's page in a real Chromium: what a person sees, clicks and types, against a real receiver.
//
// CMEMPROF_COMMAND is the program under test (default ../../build/cmemprof), CHROMIUM the browser (default /usr/bin/chromium).
// Screenshots of the main views land in build/screenshots.
package page

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const hostile = `<img src=x onerror="document.title='pwned'">`

// view opens a tab of the given size at the page's address with that hash.
func (b *browser) view(t *testing.T, width, height int64, address string) *tab {
	t.Helper()
	view := b.open(t)
	view.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(address))
	view.until(`document.querySelectorAll("#uploads li").length > 0`)
	return view
}

func TestListShowsUploadsNewestFirst(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "first", heapProfile())
	receiver.uploadCapture(t, "go-v2-all")
	view := chromium.view(t, 1280, 720, receiver.url)
	if got := view.text(`[...document.querySelectorAll("#uploads b")].map(b => b.textContent).join()`); got != "go-v2-svc,first" {
		t.Errorf("list: %q", got)
	}
	// A later upload appears by itself.
	receiver.uploadProfile(t, "third", heapProfile())
	view.until(`document.querySelector("#uploads b").textContent === "third"`)
	view.keys("#filter", "FIRS")
	view.until(`[...document.querySelectorAll("#uploads b")].map(b => b.textContent).join() === "first"`)
	view.clean(t)
}

func TestEmptyPageTellsHowToStart(t *testing.T) {
	receiver := startReceiver(t)
	view := chromium.open(t)
	view.do(chromedp.Navigate(receiver.url))
	view.until(`document.querySelector("#empty-text").textContent.includes("DD_TRACE_AGENT_URL=http://127.0.0.1:")`)
	receiver.uploadProfile(t, "shop", heapProfile())
	view.until(`document.querySelector("#service").textContent === "shop"`)
	view.clean(t)
}

func TestFlameGraph(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.view(t, 1280, 720, receiver.url)
	view.waitGraph("all")

	// In use is what a heap profile opens with; values are in units for people.
	view.expect(`document.querySelector('#types [aria-pressed="true"]').textContent`, "inuse_space48 MB")
	// Row 0 is the root; in row 1 the heaviest child is at the left and has the colour of its kind.
	view.expect(`colourAt(4, 10)`, view.text(`cssColour("--flame-root")`))
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--flame-runtime")`)) // runtime.main
	view.expect(`colourAt(2, 50)`, view.text(`cssColour("--flame-go")`))      // main.main
	view.expect(`colourAt(2, 110)`, view.text(`cssColour("--flame-c")`))      // sqlite3_prepare_v2

	view.hover(20, 50)
	view.until(`document.querySelector("#tooltip").innerText.includes("main.main")`)
	view.until(`document.querySelector("#tooltip").innerText.includes("48 MB, 100.0 % of all")`)

	// main.cache stands right of exec, at five sixths of the width.
	view.hover(view.canvasWidth()*0.9, 70)
	view.until(`document.querySelector("#tooltip").innerText.includes("main.cache")`)

	view.clickAt(20, 110)
	view.waitGraph("sqlite3_prepare_v2")
	view.expect(`document.querySelector("#reset").disabled`, "false")
	view.click("#reset")
	view.waitGraph("all")
	view.clean(t)
}

func TestTypesMemoryAndTable(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.view(t, 1280, 720, receiver.url)
	view.waitGraph("all")
	view.expect(`document.querySelector("#functions tbody tr").innerText.replace(/\s+/g, " ")`,
		"40 MB 83.3 % 40 MB sqlite3MemMalloc src/sqlite3.c")
	view.click(`#memory [data-memory="Go"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 8 MB"`)
	view.expect(`document.querySelector("#functions tbody tr").innerText.replace(/\s+/g, " ")`, "8 MB 100.0 % 8 MB main.cache shop/cache.go")
	view.click(`#memory [data-memory="C"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 40 MB"`)
	view.click(`#types [data-type="alloc_objects"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 4,000"`)
	view.click(`#functions [data-order="total"]`)
	// All tie in their total, so they come by name.
	view.until(`document.querySelector("#functions tbody tr .name").textContent === "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec"`)
	view.clean(t)
}

// A function that calls itself counts once in its total, and each time in its self value.
func TestRecursionCountsOnce(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", build(heapTypes, []stack{
		{[]string{"f /src/f.c", "f /src/f.c", "g /src/g.c", "f /src/f.c"}, []int64{0, 0, 0, 3e6}, true},
		{[]string{"f /src/f.c"}, []int64{0, 0, 0, 1e6}, true},
	}))
	view := chromium.view(t, 1280, 720, receiver.url)
	view.waitGraph("all")
	view.expect(`[...document.querySelectorAll("#functions tbody tr")].map(row => row.innerText.replace(/\s+/g, " ")).join("; ")`,
		"4 MB 100.0 % 4 MB f src/f.c; 0 B 0.0 % 3 MB g src/g.c")
	view.clean(t)
}

func TestSearchHighlightsAndAddsUp(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.view(t, 1280, 720, receiver.url)
	view.waitGraph("all")
	// Three frames of one stack: their memory counts once.
	view.keys("#search", "sqlite3")
	view.until(`document.querySelector("#matches").textContent === "3 frames · 40 MB · 83.3 %"`)
	view.keys("#search", "_")
	view.until(`document.querySelector("#matches").textContent === "1 frame · 40 MB · 83.3 %"`)
	view.expect(`colourAt(2, 110)`, view.text(`cssColour("--flame-match")`))
	view.expect(`colourAt(2, 50)`, view.text(`cssColour("--flame-dim")`))
	view.keys("#search", "nothing")
	view.until(`document.querySelector("#matches").textContent.startsWith("0 frames")`)
	view.clean(t)
}

func TestAddressHoldsTheView(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	receiver.uploadCapture(t, "go-v2-all")
	view := chromium.view(t, 1280, 720, receiver.url)
	view.click(`#uploads li[data-upload="1"] a`)
	view.until(`document.querySelector("#service").textContent === "shop"`)
	view.waitGraph("all")
	view.click(`#types [data-type="alloc_space"]`)
	view.click(`#memory [data-memory="C"]`)
	view.keys("#search", "exec")
	view.until(`document.querySelector("#matches").textContent.startsWith("1 frame")`)
	address := view.text(`location.href`)

	second := chromium.view(t, 1280, 720, address)
	second.until(`document.querySelector("#matches").textContent === ` + quote(view.text(`document.querySelector("#matches").textContent`)))
	second.expect(`document.querySelector("#service").textContent`, "shop")
	second.expect(`document.querySelector('#types [aria-pressed="true"]').dataset.type`, "alloc_space")
	second.expect(`document.querySelector('#memory [aria-pressed="true"]').dataset.memory`, "C")
	second.expect(`document.querySelector("#search").value`, "exec")

	// Back goes back a choice.
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.until(`document.querySelector('#memory [aria-pressed="true"]').dataset.memory === ""`)
	view.clean(t)
	second.clean(t)
}

func TestKeyboard(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.view(t, 1280, 720, receiver.url)
	view.waitGraph("all")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")))
	for _, step := range []struct{ key, frame string }{
		{kb.ArrowDown, "runtime.main"},
		{kb.ArrowDown, "main.main"},
		{kb.ArrowDown, "go-sqlite3.(*SQLiteStmt).exec"},
		{kb.ArrowRight, "main.cache"},
		{kb.ArrowLeft, "go-sqlite3.(*SQLiteStmt).exec"},
		{kb.Enter, "go-sqlite3.(*SQLiteStmt).exec"},
		{kb.Escape, "all"},
	} {
		view.do(chromedp.KeyEvent(step.key))
		view.until(`document.querySelector("#frame").textContent.includes(` + quote(step.frame+" ·") + `)`)
	}
	// The list is reached and opened with the keyboard, too.
	receiver.uploadProfile(t, "second", heapProfile())
	view.until(`document.querySelectorAll("#uploads li").length === 2`)
	view.do(chromedp.Focus(chromedp.CSS(`#uploads li[data-upload="2"] a`)), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#service").textContent === "second"`)
	view.clean(t)
}

func TestHostileTextStaysText(t *testing.T) {
	receiver := startReceiver(t)
	receiver.upload(t, hostile, map[string][]byte{"<img src=x onerror=alert(1)>.pprof": encode(t, hostileProfile(hostile)), "broken.pprof": []byte("not a profile")})
	view := chromium.view(t, 1280, 720, receiver.url)
	view.click(`#attachments button:first-child`)
	view.click(`#tags summary`)
	for _, place := range []string{"#service", "#uploads b", "#tags li", "#attachments", "#upload"} {
		view.until(fmt.Sprintf(`document.querySelector(%q).textContent.includes("<img src=x")`, place))
	}
	view.click(`#attachments [data-attachment="broken.pprof"]`)
	view.until(`document.querySelector("#notice").textContent.includes("not a readable profile")`)
	view.click(`#attachments [data-attachment^="<img"]`)
	view.waitGraph("all")
	view.hover(20, 30)
	view.until(`document.querySelector("#tooltip").textContent.includes("<img src=x")`)
	view.until(`document.querySelector("#functions tbody tr .name").textContent.includes("<img src=x")`)
	view.keys("#search", "<img")
	view.until(`document.querySelector("#matches").textContent.startsWith("1 frame")`)
	view.expect(`document.querySelectorAll("img").length`, "1") // the page's own
	view.expect(`document.title === "pwned"`, "false")
	view.cleanBut(t, "422")
}

func TestDownloadGivesTheBytesThatCame(t *testing.T) {
	receiver := startReceiver(t)
	profile := encode(t, heapProfile())
	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": profile})
	view := chromium.view(t, 1280, 720, receiver.url)
	view.waitGraph("all")
	target, err := url.Parse(view.text(`document.querySelector("#download").href`))
	if err != nil {
		t.Fatal(err)
	}
	if got := receiver.get(t, target.Path); string(got) != string(profile) {
		t.Errorf("downloaded %d bytes, uploaded %d", len(got), len(profile))
	}
}

// Every profile of every client's capture draws a graph or says why not.
func TestCapturesDraw(t *testing.T) {
	receiver := startReceiver(t)
	clients := []string{"go-v1", "go-v2-all", "java-gzip", "node-default", "python-auto"}
	for _, client := range clients {
		receiver.uploadCapture(t, client)
	}
	view := chromium.view(t, 1280, 720, receiver.url)
	for i := range clients {
		view.click(fmt.Sprintf(`#uploads li[data-upload="%d"] a`, i+1))
		view.until(fmt.Sprintf(`document.querySelector('#uploads li[data-upload="%d"] a').ariaCurrent === "true"`, i+1))
		view.until(fmt.Sprintf(`document.querySelector("#download").href.includes("/uploads/%d/")`, i+1))
		names := view.text(`[...document.querySelectorAll("#attachments button")].map(b => b.dataset.attachment).join("\n")`)
		for _, name := range strings.Split(names, "\n") {
			view.click(`#attachments [data-attachment=` + quote(name) + `]`)
			view.until(`document.querySelector('#attachments [aria-pressed="true"]').dataset.attachment === ` + quote(name))
			if strings.HasSuffix(name, ".pprof") {
				view.waitGraph("all")
			} else {
				view.until(`document.querySelector("#notice").textContent.includes("is not a pprof profile")`)
			}
		}
	}
	view.clean(t)
}

func TestScreenshots(t *testing.T) {
	receiver := startReceiver(t)
	for _, client := range []string{"go-v1", "node-default", "python-auto", "go-v2-all"} {
		receiver.uploadCapture(t, client)
	}
	receiver.uploadProfile(t, "shop", heapProfile())
	folder := filepath.Join("..", "..", "build", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int64{{1280, 720}, {1920, 1080}} {
		for _, scheme := range []string{"light", "dark"} {
			for name, hash := range map[string]string{"c-and-go": "#upload=5", "search": "#upload=5&search=sqlite3_", "go": "#upload=4", "python": "#upload=3"} {
				view := chromium.open(t)
				view.prefer(scheme)
				view.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(receiver.url+hash))
				view.waitGraph("all")
				// Nothing sticks out of the window sideways.
				view.expect(`document.documentElement.scrollWidth <= innerWidth`, "true")
				view.expect(`document.querySelector("#flamegraph").getBoundingClientRect().right <
					document.querySelector("#graph").getBoundingClientRect().right`, "true")
				image := view.screenshot()
				file := filepath.Join(folder, fmt.Sprintf("%s-%s-%dx%d.png", name, scheme, size[0], size[1]))
				if err := os.WriteFile(file, image, 0o644); err != nil {
					t.Fatal(err)
				}
				view.clean(t)
				view.close()
			}
		}
	}
}

// waitGraph waits until the graph shows that node as its root of view.
func (view *tab) waitGraph(frame string) {
	view.t.Helper()
	view.until(`!document.querySelector("#profile").hidden && !document.querySelector("#upload").hidden &&
		document.querySelector("#flamegraph").height > 1 && document.querySelector("#frame").textContent.startsWith(` + quote(frame+" ·") + `)`)
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

const patience = 20 * time.Second
