package page

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const compareReady = `document.querySelector("#change") && document.querySelector("#frame").textContent.startsWith("all ·")`

func TestCompareTwoUploads(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20) // C memory: 3 MB in the first, 60 MB in the last; Go's 8 MB in all
	view := chromium.open(t)
	view.goTo(receiver.url+"compare?ids=20&base.ids=5&attachment=delta-heap.pprof&type=inuse_space", compareReady)
	view.expect(`document.querySelector("#change").textContent`, "+45 MB (+195.7 %)")
	view.expect(`document.querySelector("#frame").textContent`, "all · 68 MB · baseline 23 MB, change +45 MB (+195.7 %)")
	view.expect(`document.querySelector("#side-base .side-sums").textContent`, "23 MB1 upload · 1 min")

	// Sorted by change: growth above no change.
	view.expect(functionRows+`.split("; ").pop()`, "8 MB 8 MB 8 MB ±0 ±0 main.cache shop/cache.go")
	view.click(`#functions [data-order="self-change"]`)
	view.until(functionRows + `.startsWith("60 MB 60 MB 15 MB +45 MB +45 MB sqlite3MemMalloc")`)

	// Side by side, a zoom holds in both.
	view.click(`#view [data-value="sides"]`)
	view.until(`document.querySelector("#flamegraph-base").height > 20 && document.querySelector("#flamegraph-now").height > 20`)
	left, top, _, _ := view.area("#flamegraph-now")
	view.do(chromedp.MouseClickXY(left+10, top+70)) // main.report
	view.until(`document.querySelector("#frame").textContent === "main.report · shop/report.go:40 · 60 MB, 88.2 % of all · baseline 15 MB, change +45 MB (+300.0 %)"`)
	view.click("#reset")
	view.until(compareReady)
	// The baseline's graph shows its own values first; colours show the change.
	left, top, _, _ = view.area("#flamegraph-base")
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+10, top+70))
	view.until(`document.querySelector(".flame-tooltip:not([hidden])").innerText.split("\n").slice(2).join(" · ") === "baseline 15 MB, 65.2 % of all · 65.2 % of its caller · now 60 MB, change +45 MB (+300.0 %)"`)
	view.do(chromedp.MouseClickXY(left+10, top+70))
	view.until(`document.querySelector("#frame").textContent === "main.report · shop/report.go:40 · 60 MB, 88.2 % of all · baseline 15 MB, change +45 MB (+300.0 %)"`)
	view.expect(`document.querySelector('[aria-label="Flame graph: Baseline"] .compare-legend').textContent`, "has grown sincehas shrunkis the same")
	view.click("#reset")
	view.until(compareReady)

	// Swapped, it shrinks.
	view.click("#swap")
	view.until(`document.querySelector("#change").textContent === "−45 MB (−66.2 %)"`)
	view.expect(`new URLSearchParams(location.search).get("base.ids")`, "20")
	// Go's memory only.
	view.click(`#memory [data-value="Go"]`)
	view.until(`document.querySelector("#change").textContent === "±0 (+0.0 %)"`)
	view.do(chromedp.Reload())
	view.until(`document.querySelector("#change").textContent === "±0 (+0.0 %)"`)
	view.clean(t)
}

// By default, rows are sorted by the change of the self value: neither by value nor by total.
func TestCompareIsByOwnChange(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, grown := range []int64{0, 1} {
		receiver.uploadProfile(t, "shop", build(heapTypes, []stack{
			{[]string{"main.large a.go", "main.main a.go"}, []int64{0, 0, 1, 90e6 + 10e6*grown}, false, nil},
			{[]string{"main.grew a.go", "main.main a.go"}, []int64{0, 0, 1, 1e6 + 30e6*grown}, false, nil},
			{[]string{"main.shrank a.go", "main.main a.go"}, []int64{0, 0, 1, 30e6 - 20e6*grown}, false, nil},
		}))
	}
	view := chromium.open(t)
	view.goTo(receiver.url+"compare?ids=2&base.ids=1&attachment=delta-heap.pprof&type=inuse_space", compareReady)
	view.until(`/main\.grew.*main\.shrank.*main\.large.*main\.main/.test(` + functionRows + `)`)
	view.clean(t)
}

// The form that changes a side is inside the window, whatever is beside its button, and scrolls in a low window.
func TestChangeFormIsInTheWindow(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 3)
	view := chromium.open(t)
	for _, size := range [][2]int64{{1280, 720}, {1440, 900}, {800, 500}, {390, 844}} {
		view.do(chromedp.EmulateViewport(size[0], size[1]))
		for _, side := range []string{"#side-now", "#side-base"} {
			view.goTo(receiver.url+"compare?service=shop&env=prod&base.service=shop&base.env=prod&attachment=delta-heap.pprof&type=inuse_space", `document.querySelector("#side-now .side-sums b")`)
			view.click(side + " summary")
			view.until(`document.querySelectorAll("` + side + ` option").length > 6`)
			view.until(`(({left, right, top, bottom}) => left >= 0 && right <= innerWidth && top >= 0 && (bottom <= innerHeight || innerHeight - top < 170))(document.querySelector("` + side + ` .side-form").getBoundingClientRect())`)
		}
	}
	view.clean(t)
}

// choose chooses one more value of a facet in a side's form.
func (view *tab) choose(side, facet, value string) {
	view.t.Helper()
	view.text(`(() => { const list = document.querySelector('` + side + ` [data-facet="` + facet + `"]'); list.value = "` + value + `"; list.dispatchEvent(new Event("change")); return ""; })()`)
}

// The form keeps every value of a facet that a link names, also "" for uploads without one, and accepts more.
func TestChangeFormKeepsAllValues(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 25) // ten of version 1.0, ten of 1.1, five of 1.2
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:shop", attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(0))}})
	view := chromium.open(t)
	const uploads = `document.querySelector("#side-now .side-sums").textContent`
	const versions = `JSON.stringify(new URLSearchParams(location.search).getAll("version"))`
	view.goTo(receiver.url+"compare?service=shop&version=1.0&version=1.1&base.ids=1&type=alloc_space", compareReady)
	view.until(uploads + `.includes("20 uploads")`)
	view.click("#side-now summary")
	view.until(`document.querySelectorAll('#side-now [name="version"]:checked').length === 2`)
	view.click(`#side-now [type="submit"]`)
	view.until(`!document.querySelector("#side-now details").open && !document.querySelector("#side-now form").firstChild`)
	view.expect(versions, `["1.0","1.1"]`)
	view.click("#side-now summary")
	view.until(`document.querySelectorAll('#side-now [name="version"]:checked').length === 2`)
	view.choose("#side-now", "version", "=")
	view.choose("#side-now", "version", "=1.2")
	view.until(`document.querySelectorAll('#side-now [name="version"]:checked').length === 4`)
	view.accessible(t, "the form of a side")
	view.click(`#side-now [name="version"][value="1.1"]`)
	view.until(`document.querySelectorAll('#side-now [name="version"]:checked').length === 3`)
	view.click(`#side-now [type="submit"]`)
	view.until(versions + ` === '["1.0","","1.2"]' && ` + uploads + `.includes("16 uploads")`)
	view.expect(`document.querySelector("#side-now .facts").textContent`, "serviceshopversion1.0versionnoneversion1.2")
	view.clean(t)
}

// Ten uploads against two: much more in total, the same per second.
func TestComparePerSecondAndTotal(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20)
	view := chromium.open(t)
	view.goTo(receiver.url+"compare?ids=1,2,3,4,5,6,7,8,9,10&base.ids=11,12&type=alloc_space", compareReady)
	view.expect(`document.querySelector("#change").textContent`, "±0 (+0.0 %)")
	view.click(`#mode [data-value="total"]`)
	view.until(`document.querySelector("#change").textContent === "+184 MB (+400.0 %)"`)
	view.expect(`document.querySelector("#side-now .side-sums").textContent`, "230 MB10 uploads · 10 min")
	view.clean(t)
}

func TestCompareWithThePeriodBefore(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20)
	view := chromium.open(t)
	from, to := leakStart.Add(10*time.Minute).UnixMilli(), leakStart.Add(20*time.Minute).UnixMilli()
	view.goTo(fmt.Sprintf("%scompare?service=shop&from=%d&to=%d", receiver.url, from, to), `document.querySelector("#compare-notice .notice").textContent.startsWith("Choose what to compare")`)
	view.click("#side-base summary")
	view.until(`document.querySelector("#side-base .side-before button")`)
	view.click("#side-base .side-before button")
	view.until(compareReady)
	view.expect(`new URLSearchParams(location.search).get("base.to")`, fmt.Sprint(from))
	view.expect(`document.querySelector("#side-base .side-sums").textContent.endsWith("10 uploads · 10 min")`, "true")

	// By form: another version on the current side.
	view.click("#side-now summary")
	view.until(`document.querySelectorAll('#side-now [data-facet="version"] option').length === 3`)
	view.choose("#side-now", "version", "=1.0")
	view.text(`(document.querySelector('#side-now [name="from"]').value = "", document.querySelector('#side-now [name="to"]').value = "", "")`)
	view.click(`#side-now [type="submit"]`)
	view.until(`new URLSearchParams(location.search).get("version") === "1.0" && document.querySelector("#change")?.textContent === "±0 (+0.0 %)"`)
	view.clean(t)
}

func TestCompareWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "python-auto")
	receiver.uploadCapture(t, "node-default")
	view := chromium.open(t)
	view.goTo(receiver.url+"compare?ids=1&base.ids=2", `document.querySelector("#compare-notice .notice").textContent === "The two sides have no profile of the same name."`)
	view.clean(t)
}
