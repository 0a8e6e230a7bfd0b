package page

// The tab Profiles: flame graph, table, sandwich, search, filters, keyboard.

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// profile opens the profile page of a receiver with these parameters and waits for its graph.
func (b *browser) profile(t *testing.T, receiver *receiver, parameters string) *tab {
	t.Helper()
	view := b.open(t)
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(receiver.url+"profile?"+parameters))
	view.waitGraph("all")
	return view
}

// waitGraph waits until the graph shows that node as its root of view.
func (view *tab) waitGraph(frame string) {
	view.t.Helper()
	view.until(`!document.querySelector("#profile").hidden && document.querySelector("#flamegraph").height > 1 &&
		document.querySelector("#frame").textContent.startsWith(` + quote(frame+" ·") + `)`)
}

// Without counts, which have a test of their own.
const functionRows = `[...document.querySelectorAll("#functions tbody tr:not(.gap)")].map(row => [...row.cells].filter((_, at) =>
	!["±", "Count", "Mean size"].includes(document.querySelectorAll("#functions th")[at].textContent)).map(cell => cell.textContent).join(" ")).join("; ")`

func TestFlameGraph(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")

	// A heap profile opens with memory in use; values have readable units.
	view.until(`document.querySelector('#types .rail-type[aria-pressed="true"]').textContent === "inuse_space48 MB"`)
	// Row 0 is the root; in row 1 the heaviest child is at the left and has the colour of its kind.
	view.expect(`colourAt(4, 10)`, view.text(`cssColour("--flame-root")`))
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--flame-runtime")`)) // runtime.main
	view.expect(`colourAt(2, 50)`, view.text(`cssColour("--flame-go")`))      // main.main
	view.expect(`colourAt(2, 110)`, view.text(`cssColour("--flame-c")`))      // sqlite3_prepare_v2

	const tooltip = `document.querySelector(".flame-tooltip:not([hidden])").innerText`
	view.hover(20, 50)
	view.until(tooltip + `.includes("main.main")`)
	view.until(tooltip + `.includes("48 MB, 100.0 % of all")`)

	// main.cache stands right of exec, at five sixths of the width.
	view.hover(view.canvasWidth()*0.9, 70)
	view.until(tooltip + `.includes("main.cache")`)
	view.until(tooltip + `.includes("16.7 % of its caller")`)

	view.clickAt(20, 110)
	view.waitGraph("sqlite3_prepare_v2")
	view.expect(`document.querySelector("#reset").disabled`, "false")
	// Its callers are as wide as the window, in pale colours.
	view.expect(`colourAt(2, 50) === cssColour("--flame-go")`, "false")
	view.hover(view.canvasWidth()-5, 50)
	view.until(tooltip + `.includes("main.main")`)
	view.click("#reset")
	view.waitGraph("all")

	// Below a zoomed box: the share of all and that of the box.
	view.clickAt(20, 70)
	view.waitGraph("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec")
	view.hover(20, 110)
	view.until(tooltip + `.includes("40 MB, 83.3 % of all\n100.0 % of go-sqlite3.(*SQLiteStmt).exec\n")`)
	view.until(`document.querySelector("#frame").textContent === "sqlite3_prepare_v2 · src/sqlite3.c:20 · 40 MB, 83.3 % of all, 100.0 % of go-sqlite3.(*SQLiteStmt).exec · 1,000 objects of 40 kB"`)
	view.click("#reset")
	view.waitGraph("all")
	view.clean(t)
}

// The views of a tree are hidden until it is loaded.
func TestNothingIsShownBeforeTheTree(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(receiver.url))
	view.until(`document.querySelector(".upload-row")`)
	view.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const real = fetch, held = new Promise((release) => (window.release = release));
		window.fetch = (path, ...more) => (String(path).includes("tree") ? held.then(() => real(path, ...more)) : real(path, ...more));
		history.pushState(null, "", "/profile?ids=1&view=table");
		dispatchEvent(new PopStateEvent("popstate"));
	})()`))
	view.until(`document.querySelector('#graph[aria-busy="true"]')`)
	view.expect(`String([...document.querySelector("#graph").children].every((part) => !part.checkVisibility()))`, "true")
	view.do(chromedp.Evaluate[chromedp.Void](`release()`))
	view.waitGraph("all")
	view.expect(`String(document.querySelector("#functions").checkVisibility() && !document.querySelector("#flamegraph").checkVisibility())`, "true")
	view.clean(t)
}

// Upright, the root is at the bottom and the stacks grow from it.
func TestUprightFlameGraph(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.click(`#shape [data-value="flame"]`)
	view.until(`location.search.includes("shape=flame")`)
	height := get(view, chromedp.Evaluate[float64](`document.querySelector("#flamegraph").clientHeight`))
	view.until(fmt.Sprintf(`(() => { %s; return colourAt(4, %f) === cssColour("--flame-root") && colourAt(2, %f) === cssColour("--flame-runtime"); })()`,
		helpers, height-10, height-30))
	view.clickAt(20, height-110)
	view.waitGraph("sqlite3_prepare_v2")
	view.clean(t)
}

func TestTypesMemoryAndTable(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.click(`#view [data-value="table"]`)
	view.until(functionRows + `.startsWith("40 MB 83.3 % 40 MB 83.3 % sqlite3MemMalloc src/sqlite3.c; ")`)
	view.click(`#memory [data-value="Go"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 8 MB"`)
	view.until(functionRows + `.startsWith("8 MB 100.0 % 8 MB 100.0 % main.cache shop/cache.go; ")`)
	view.click(`#memory [data-value="C"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 40 MB"`)
	view.click(`#types [data-type="alloc_objects"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 4,000"`)
	view.click(`#functions [data-order="total"]`)
	// Their totals are equal, so they are sorted by name.
	view.until(`document.querySelector("#functions tbody tr:not(.gap) .name").textContent === "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec"`)
	view.expect(`document.querySelector("#functions th[aria-sort=descending]").textContent`, "Total")
	view.clean(t)
}

// One click changes the address.
func TestProfilersOwnMemoryIsHidden(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", build(heapTypes, []stack{
		{[]string{"leak /src/leak.c", "main.work /src/main.go"}, []int64{0, 0, 0, 3e6}, true, nil},
		{[]string{"deflate /src/deflate.c", "github.com/cmemprof/cmemprof/merge.Merge /merge/binding.go"}, []int64{0, 0, 0, 1e6}, true,
			map[string]string{"owner": "cmemprof"}},
	}))
	view := chromium.profile(t, receiver, "ids=1&view=table")
	view.until(functionRows + `.includes("deflate")`)
	view.click("#owner")
	view.until(`document.querySelector("#frame").textContent === "all · 3 MB" && !` + functionRows + `.includes("deflate")`)
	view.expect(`document.querySelector("#owner").getAttribute("aria-pressed") + location.href.includes("owner=program")`, "truetrue")
	view.click("#owner")
	view.until(functionRows + `.includes("deflate")`)
	view.clean(t)
}

// A function that calls itself counts once in its total, and each time in its self value.
func TestRecursionCountsOnce(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", build(heapTypes, []stack{
		{[]string{"f /src/f.c", "f /src/f.c", "g /src/g.c", "f /src/f.c"}, []int64{0, 0, 0, 3e6}, true, nil},
		{[]string{"f /src/f.c"}, []int64{0, 0, 0, 1e6}, true, nil},
	}))
	view := chromium.profile(t, receiver, "ids=1&view=table")
	view.until(functionRows + ` === "4 MB 100.0 % 4 MB 100.0 % f src/f.c; 0 B 0.0 % 3 MB 75.0 % g src/g.c"`)
	view.clean(t)
}

func TestSearchHighlightsAndAddsUp(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	// Three frames of one stack: their memory counts once. A slash focuses the search.
	view.press("/")
	view.until(`document.activeElement.id === "search"`)
	view.expect(`document.querySelector("#search").value`, "") // the slash is not typed
	view.do(chromedp.KeyEvent("sqlite3"))
	view.until(`document.querySelector("#matches").textContent === "3 frames · 40 MB · 83.3 %"`)
	view.do(chromedp.KeyEvent("_"))
	view.until(`document.querySelector("#matches").textContent === "1 frame · 40 MB · 83.3 %"`)
	view.expect(`colourAt(2, 110)`, view.text(`cssColour("--flame-match")`))
	view.expect(`colourAt(2, 50)`, view.text(`cssColour("--flame-dim")`))
	view.keys("#search", "nothing")
	view.until(`document.querySelector("#matches").textContent.startsWith("0 frames")`)

	view.click("#regex")
	view.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#search").value = ""`))
	view.keys("#search", "^(main|runtime)\\.[mc]a")
	view.until(`document.querySelector("#matches").textContent === "3 frames · 48 MB · 100.0 %"`)
	view.keys("#search", "(")
	view.until(`document.querySelector("#matches").textContent.includes("Invalid regular expression")`)
	view.clean(t)
}

func TestFocusIgnoreHide(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.keys("#search", "exec")
	view.click(`.search-box + .toolbar-group button:nth-child(1)`)
	view.until(`document.querySelector("#frame").textContent === "all · 40 MB of 48 MB, 83.3 %"`)
	view.expect(`document.querySelector("#filters").textContent`, "focusexec×")
	view.hover(20, 70)
	view.until(`document.querySelector("#frame").textContent.endsWith(" · 40 MB, 83.3 % of all, 100.0 % of what is shown · 1,000 objects of 40 kB")`)
	view.click(`#filters button`)
	view.until(`document.querySelector("#frame").textContent === "all · 48 MB"`)
	view.keys("#search", "exec")
	view.click(`.search-box + .toolbar-group button:nth-child(2)`)
	view.until(`document.querySelector("#frame").textContent === "all · 8 MB of 48 MB, 16.7 %"`)
	view.click(`#filters button`)
	view.keys("#search", "/runtime/")
	view.click(`.search-box + .toolbar-group button:nth-child(3)`)
	// The frames are dropped, the memory stays.
	view.until(`document.querySelector("#frame").textContent === "all · 48 MB" && document.querySelector("#filters").textContent === "hide/runtime/×"`)
	view.hover(20, 30)
	view.until(`document.querySelector(".flame-tooltip").innerText.startsWith("main.main")`)
	view.click(`#legend [data-kind="c"]`)
	view.until(`location.search.includes("without=c")`)
	view.click(`#view [data-value="table"]`)
	view.until(functionRows + `.startsWith("40 MB 83.3 % 40 MB 83.3 % github.com/mattn/go-sqlite3.(*SQLiteStmt).exec")`)
	view.clean(t)
}

func TestGroupsAndColours(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1&view=table")
	view.do(chromedp.Evaluate[chromedp.Void](`(() => { const list = document.querySelector('select[aria-label="Group by"]'); list.value = "package"; list.dispatchEvent(new Event("change")); })()`))
	view.until(functionRows + `.includes("100.0 % main;") || ` + functionRows + `.includes("100.0 % main ;")`)
	view.until(functionRows + `.includes("github.com/mattn/go-sqlite3")`)
	view.click(`#view [data-value="graph"]`)
	view.waitGraph("all")
	view.hover(20, 70)
	view.until(`document.querySelector(".flame-tooltip").innerText.startsWith("github.com/mattn/go-sqlite3\n")`)
	before := view.text(`colourAt(2, 50)`)
	view.do(chromedp.Evaluate[chromedp.Void](`(() => { const list = document.querySelector('select[aria-label="Colour"]'); list.value = "package"; list.dispatchEvent(new Event("change")); })()`))
	view.until(`location.search.includes("colour=package")`)
	view.until(fmt.Sprintf(`(() => { %s; return colourAt(2, 50) !== %q; })()`, helpers, before))
	// The table's squares have the graph's colours.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=both&colour=package"))
	view.waitGraph("all")
	view.until(`document.querySelectorAll("#functions-short tbody .kind").length > 3`)
	view.until(fmt.Sprintf(`(() => {
		%s;
		const row = [...document.querySelectorAll("#functions-short tbody tr:not(.gap)")].find((row) => row.textContent.endsWith("main.main"));
		return getComputedStyle(row.querySelector(".kind")).backgroundColor === "rgb(" + colourAt(2, 50).replaceAll(",", ", ") + ")";
	})()`, helpers))
	view.clean(t)
}

func TestSandwich(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", build(heapTypes, []stack{
		{[]string{"leaf /src/a.c", "shared /src/a.c", "left /src/a.c", "main.main /src/main.go"}, []int64{0, 0, 0, 3e6}, true, nil},
		{[]string{"other /src/a.c", "shared /src/a.c", "right /src/a.c", "main.main /src/main.go"}, []int64{0, 0, 0, 1e6}, true, nil},
	}))
	view := chromium.profile(t, receiver, "ids=1")
	// By the menu of a frame: the context menu, by keyboard.
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent.startsWith("shared ·")`)
	view.do(chromedp.KeyEvent("m"))
	view.until(`document.activeElement.closest(".popup")`)
	view.click(`.popup [data-action="sandwich"]`)
	view.until(`document.querySelector("#sandwich-title").textContent === "shared 4 MB · 100.0 % of all"`)
	for _, graph := range []struct {
		label, want string
		right       bool
	}{{"Callers", "left", false}, {"Callers", "right", true}, {"Callees", "leaf", false}, {"Callees", "other", true}} {
		canvas := `document.querySelector('canvas[aria-label^="` + graph.label + `"]')`
		x, y := "10", "30"
		if graph.right {
			x = canvas + `.clientWidth - 10`
		}
		if graph.label == "Callers" { // the root is at the bottom
			y = canvas + `.clientHeight - 30`
		}
		view.do(chromedp.Evaluate[chromedp.Void](`(() => { const canvas = ` + canvas + `, area = canvas.getBoundingClientRect();
			canvas.dispatchEvent(new MouseEvent("mousemove", { clientX: area.left + ` + x + `, clientY: area.top + ` + y + ` })); })()`))
		view.until(`document.querySelector("#frame").textContent.startsWith("` + graph.want + ` ·")`)
	}
	// Another function, from the table beside it.
	view.until(`document.querySelectorAll("#functions-short tbody tr:not(.gap)").length === 6`)
	view.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#functions-short tbody tr")].find((row) => row.textContent.includes("right")).click()`))
	view.until(`document.querySelector("#sandwich-title").textContent === "right 1 MB · 25.0 % of all"`)
	view.clean(t)
}

func TestCopyStack(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.text(`(() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; return ""; })()`)
	view.clickAt(20, 70)
	view.waitGraph("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec")
	view.click(`.status [data-action="copy-stack"]`)
	view.until(`window.copied === "runtime.main  runtime/proc.go:60\nmain.main  shop/main.go:50\ngithub.com/mattn/go-sqlite3.(*SQLiteStmt).exec  go-sqlite3/sqlite3.go:40"`)
	view.clean(t)
}

func TestAddressHoldsTheView(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.click(`#types [data-type="alloc_space"]`)
	view.waitPressed("#types", "type", "alloc_space")
	view.click(`#memory [data-value="C"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 90 MB"`)
	view.clickAt(20, 70)
	view.waitGraph("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec")
	view.keys("#search", "exec")
	view.until(`document.querySelector("#matches").textContent.startsWith("1 frame")`)
	address := view.text(`location.href`)

	second := chromium.open(t)
	second.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(address))
	second.until(`document.querySelector("#matches").textContent === ` + quote(view.text(`document.querySelector("#matches").textContent`)))
	second.waitGraph("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec")
	second.expect(`document.querySelector("#service").textContent`, "shop")
	second.waitPressed("#types", "type", "alloc_space")
	second.waitPressed("#memory", "value", "C")
	second.expect(`document.querySelector("#search").value`, "exec")

	// Back undoes a choice; typed text counts as one.
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.until(`document.querySelector("#matches").textContent === ""`)
	view.waitGraph("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec")
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.waitGraph("all")
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.waitPressed("#memory", "value", "")
	view.clean(t)
	second.clean(t)
}

// waitPressed waits until a group's pressed button with that data attribute has the value.
func (view *tab) waitPressed(group, key, value string) {
	view.t.Helper()
	view.until(fmt.Sprintf(`document.querySelector('%s [data-%s][aria-pressed="true"]').dataset.%s === %q`, group, key, key, value))
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")))
	for _, step := range []struct{ key, frame string }{
		{kb.ArrowDown, "runtime.main"},
		{kb.ArrowDown, "main.main"},
		{kb.ArrowDown, "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec"},
		{kb.ArrowRight, "main.cache"},
		{kb.ArrowLeft, "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec"},
		{kb.Enter, "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec"},
		{kb.ArrowUp, "main.main"},
		{kb.Escape, "all"},
	} {
		view.do(chromedp.KeyEvent(step.key))
		view.until(`document.querySelector("#frame").textContent.startsWith(` + quote(step.frame+" ·") + `)`)
	}
	// The table, too: down to the second row, Enter opens its callers and callees.
	view.click(`#view [data-value="table"]`)
	view.do(chromedp.Focus(chromedp.CSS("#functions")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#functions .cursor .name").textContent === "main.cache"`)
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#sandwich-title").textContent.startsWith("main.cache ")`)
	view.clean(t)
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.upload(t, hostile, map[string][]byte{"<img src=x onerror=alert(1)>.pprof": encode(t, hostileProfile(hostile)), "broken.pprof": []byte("not a profile")})
	view := chromium.open(t)
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(receiver.url+"profile?ids=1"))
	view.until(`document.querySelectorAll("#types .rail-file").length === 2`)
	view.click(`#tags summary`)
	for _, selector := range []string{"#service", "#tags li", "#types", "#downloads"} {
		view.until(fmt.Sprintf(`document.querySelector(%q).textContent.includes("<img src=x")`, selector))
	}
	view.click(`#types [data-attachment="broken.pprof"]`)
	view.until(`document.querySelector("#other").textContent.includes("not a readable profile")`)
	view.click(`#types [data-attachment^="<img"]`)
	view.waitGraph("all")
	view.hover(20, 30)
	view.until(`document.querySelector(".flame-tooltip").textContent.includes("<img src=x")`)
	view.keys("#search", "<img")
	view.until(`document.querySelector("#matches").textContent.startsWith("1 frame")`)
	view.click(`#view [data-value="sandwich"]`)
	view.until(`document.querySelector("#sandwich-title").textContent.includes("<img src=x")`)
	view.until(`document.querySelector("#functions-short tbody .name").textContent.includes("<img src=x")`)
	view.expect(`document.querySelectorAll("img").length`, "1") // the page's own
	view.expect(`document.title === "pwned"`, "false")
	view.cleanBut(t, "422")
}

func TestMissingUpload(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	view := chromium.open(t)
	view.do(chromedp.Navigate(receiver.url + "profile?ids=999"))
	view.until(`document.querySelector(".profile-head").textContent.includes("This profile cannot be shown: no such upload")`)
	view.click(`.profile-head a`)
	view.until(`location.pathname === "/"`)
	view.cleanBut(t, "404")
}

func TestShortAndWrongAddresses(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	view := chromium.open(t)
	view.do(chromedp.Navigate(receiver.url + "profile/999"))
	view.until(`location.pathname === "/profile" && location.search === "?ids=999"`)
	view.until(`document.querySelector(".profile-head").textContent.includes("This profile cannot be shown: no such upload")`)
	view.do(chromedp.Navigate(receiver.url + "profil?ids=1"))
	view.until(`document.querySelector("#no-such-page").textContent.includes("no page at /profil")`)
	view.click(`#no-such-page a`)
	view.until(`location.pathname === "/" && document.querySelector("#empty")`)
	view.cleanBut(t, "404")
}

func TestLabelsAreAFilter(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	frames := []string{"handle /src/main.go", "main.main /src/main.go"}
	receiver.uploadProfile(t, "shop", build(heapTypes, []stack{
		{frames, []int64{0, 0, 0, 3e6}, false, map[string]string{"trace endpoint": "GET /cart", "thread name": "main"}},
		{frames, []int64{0, 0, 0, 2e6}, false, map[string]string{"trace endpoint": "GET /item", "thread name": "main"}},
		{frames, []int64{0, 0, 0, 1e6}, false, nil},
	}))
	view := chromium.profile(t, receiver, "ids=1")
	view.until(`document.querySelector("#frame").textContent === "all · 6 MB"`)
	view.click("#labels summary")
	view.until(`document.querySelectorAll("#labels section").length === 2`)
	view.expect(`[...document.querySelectorAll("#labels [data-label]")].map((one) => one.textContent).sort().join("; ")`, "GET /cart3 MB; GET /item2 MB; main5 MB")
	view.click(`#labels [data-label="trace endpoint:GET /item"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 2 MB"`)
	// Values of one key are alternatives.
	view.click(`#labels [data-label="trace endpoint:GET /cart"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 5 MB"`)
	view.expect(`document.querySelectorAll('#labels [aria-pressed="true"]').length`, "2")
	view.click(`#filters li button`)
	view.until(`document.querySelector("#frame").textContent === "all · 3 MB"`)
	view.clean(t)
}

// Several uploads as one profile: their values are summed, and the page shows their number.
func TestSelectionIsMerged(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for range 3 {
		receiver.uploadProfile(t, "shop", heapProfile())
	}
	receiver.uploadProfile(t, "other", heapProfile())
	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": []byte("not a profile")})
	view := chromium.profile(t, receiver, "service=shop&type=alloc_space")
	view.until(`document.querySelector("#frame").textContent === "all · 330 MB"`)
	view.until(`/^3 profiles merged, \d process(es)?$/.test(document.querySelector("#notes").textContent)`)
	view.expect(`document.querySelector("#service").textContent`, "shop")
	view.until(`document.querySelector("#facts").textContent.includes("merged4 profiles")`)
	view.click(`#memory [data-value="C"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 270 MB"`)
	view.clean(t)
}

// Every view lists all uploads that could not be read, with the reason. Warnings of the profiler are above the graph.
func TestWarningsAndReasons(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, percent := range []string{"9", "31"} {
		warned := heapProfile()
		warned.Comments = []string{"cmemprof: samples=12", "cmemprof: warning: all figures are too low: " + percent + " % of the samples were dropped"}
		receiver.uploadProfile(t, "shop", warned)
	}
	for range 25 {
		receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": []byte("not a profile")})
	}
	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": encode(t, heapProfile())[:200]})
	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": encode(t, build([][2]string{{"cpu", "nanoseconds"}}, []stack{{[]string{"main.main main.go"}, []int64{5}, false, nil}}))})
	view := chromium.profile(t, receiver, "ids=1")
	view.until(`document.querySelector("#warnings:not([hidden])")?.textContent === "all figures are too low: 9 % of the samples were dropped"`)
	view.expect(`!document.querySelector("#unread")`, "true")
	view = chromium.profile(t, receiver, "service=shop&type=inuse_space")
	view.until(`document.querySelector("#warnings:not([hidden])")?.textContent === "all figures are too low: 31 % of the samples were dropped"`)
	view.until(`/^mean of 2 of 3 uploads, /.test(document.querySelector("#notes").textContent)`)
	for _, name := range []string{"", "table", "both", "sandwich"} {
		if name != "" {
			view.click(`#view [data-value="` + name + `"]`)
		}
		view.until(`document.querySelector("#profile").textContent.includes("26 could not be read") && document.querySelector("#graph").dataset.view === ` + quote(cmp.Or(name, "graph")))
		view.click("#unread summary")
		view.until(`document.querySelectorAll("#unread[open] li").length === 2`)
		view.expect(`[...document.querySelectorAll("#unread li")].map((one) => one.innerText.split(":")[0]).join("; ")`, "25 × not a readable profile; 1 × not a readable profile")
	}
	view.click(`#types [data-type="alloc_space"]`)
	view.until(`document.querySelector("#notes").textContent.includes(" · 2 of 3 have this type")`)
	view.goTo(receiver.url+"compare?service=shop&base.ids=1&attachment=delta-heap.pprof&type=alloc_space", compareReady)
	view.until(`document.querySelector("#warnings:not([hidden])") && document.querySelector("#notes").textContent.startsWith("2 of 3 have this type · ")`)
	view.click("#unread summary")
	view.until(`document.querySelectorAll("#unread[open] li").length === 2`)
	view.clean(t)
}

func TestFullScreenAndTheme(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	before := view.text(`document.querySelector("#flamegraph").getBoundingClientRect().top`)
	view.click("#full-screen")
	view.until(`document.fullscreenElement && document.querySelector("#flamegraph").getBoundingClientRect().top < ` + before + ` - 80`)
	view.text(`(() => { document.exitFullscreen(); return ""; })()`)
	view.until(`!document.fullscreenElement && document.querySelector(".bar").offsetHeight > 0`)

	// System, light, dark: the canvas follows.
	view.prefer("light")
	view.until(`(() => { ` + helpers + `; return colourAt(2, 50) === "134,185,232"; })()`)
	for _, want := range []string{"134,185,232", "58,115,166"} {
		view.click("#theme")
		view.until(`(() => { ` + helpers + `; return colourAt(2, 50) === "` + want + `" && cssColour("--flame-go") === "` + want + `"; })()`)
	}
	second := chromium.profile(t, receiver, "ids=1")
	second.expect(`document.documentElement.dataset.theme`, "dark")
	second.click("#theme") // as the system again, for the tabs of other tests
	second.until(`localStorage.theme === "auto"`)
	view.clean(t)
	second.clean(t)
}

// Every profile of every client's capture draws a graph or gives a reason.
func TestCapturesDraw(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	clients := []string{"go-v1", "go-v2-all", "java-gzip", "node-default", "python-auto"}
	for _, client := range clients {
		receiver.uploadCapture(t, client)
	}
	view := chromium.open(t)
	for i := range clients {
		view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(fmt.Sprintf("%sprofile?ids=%d", receiver.url, i+1)))
		view.until(`document.querySelectorAll("#types .rail-file").length > 0`)
		names := view.text(`[...document.querySelectorAll("#types .rail-file")].map(b => b.dataset.attachment).join("\n")`)
		for _, name := range strings.Split(names, "\n") {
			view.click(`#types .rail-file[data-attachment=` + quote(name) + `]`)
			view.waitPressed("#types", "attachment", name)
			if strings.HasSuffix(name, ".pprof") || strings.HasSuffix(name, ".jfr") {
				view.waitGraph("all")
				view.until(`document.querySelector('#types .rail-type[data-attachment=` + quote(name) + `]')`)
			} else {
				view.until(`!document.querySelector("#other").hidden && document.querySelector("#other").textContent.includes(` + quote(name) + `)`)
			}
		}
	}
	view.clean(t)
}
