package page

// Windows as narrow as a phone's, and wide ones at 200 % zoom (1280 px become 640): nothing overflows, and everything can be reached.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// sideways returns the elements that overflow the window at the right or left and are not in a scrolling box.
const sideways = `[...document.querySelectorAll("body *")].filter((element) => {
	const { left, right, width, height } = element.getBoundingClientRect();
	if (!width || !height || (right <= innerWidth + 0.5 && left >= -0.5) || !element.checkVisibility()) return false;
	for (let box = element.parentElement; box && box.id !== "main"; box = box.parentElement)
		if (getComputedStyle(box).overflowX !== "visible") return false;
	return !element.matches(".skip, .visually-hidden");
}).map((element) => element.outerHTML.slice(0, 120)).join("\n")`

var narrow = [][2]int64{{390, 844}, {640, 360}, {320, 256}}

type shownPage struct{ name, address, ready string }

// fits opens each page in windows of each size: nothing stands beside them, and at 390 pixels all is accessible. kind begins the names of the screenshots.
func (view *tab) fits(t *testing.T, url, kind string, sizes [][2]int64, pages []shownPage) {
	t.Helper()
	folder := filepath.Join("..", "..", "build", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		for _, size := range sizes {
			view.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(url+page.address))
			view.until(page.ready)
			what := fmt.Sprintf("%s at %dx%d", page.name, size[0], size[1])
			if out := view.text(sideways); out != "" {
				t.Errorf("%s: beside the window:\n%s", what, out)
			}
			if wide := view.text(`[document.documentElement, document.querySelector("main")].filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.tagName)`); wide != "" {
				t.Errorf("%s: %s scrolls sideways", what, wide)
			}
			if size[0] == 390 {
				view.accessible(t, what)
			}
			// Tables have space for names.
			if narrow := view.text(`[...document.querySelectorAll("td.name")].filter((cell) => cell.checkVisibility() && cell.clientWidth < 120).length`); narrow != "0" {
				t.Errorf("%s: %s names have no room", what, narrow)
			}
			file := filepath.Join(folder, fmt.Sprintf("%s-%s-%d.png", kind, page.name, size[0]))
			if err := os.WriteFile(file, view.screenshot(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestNothingStandsBesideANarrowWindow(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20)
	receiver.uploadMemory(t, "db-2", 6)
	receiver.measured(t, "/api/uploads?limit=100&measures=1")
	const compared = "compare?ids=20&base.ids=5&attachment=delta-heap.pprof"
	const graph = `document.querySelector("#frame").textContent.startsWith("all ·")`
	view := chromium.open(t)
	view.fits(t, receiver.url, "narrow", narrow, []shownPage{
		{"search", "?service=shop&sel=19,20", `document.querySelector(".upload-row") && document.querySelector("#histogram canvas")`},
		{"profile", "profile?ids=20", graph},
		{"profile-find", "profile?ids=20&find=sqlite&focus=main&zoom=1", graph},
		{"profile-table", "profile?ids=20&view=table", graph},
		{"profile-both", "profile?ids=20&view=both", graph},
		{"profile-sandwich", "profile?ids=20&view=sandwich", `document.querySelector("#sandwich-title b")`},
		{"profile-merged", "profile?service=shop", graph},
		{"profile-growth", "profile?service=shop&gauges=growth", graph},
		{"profile-growth-table", "profile?service=shop&gauges=growth&view=table", graph},
		{"analysis", "profile?ids=20&tab=analysis", `document.querySelector(".finding canvas")`},
		{"memory", "profile?ids=26&tab=memory", memoryReady},
		{"owners", "profile?ids=20&tab=owners", `document.querySelector("#owners")`},
		{"metrics", "profile?ids=20&tab=metrics", `document.querySelectorAll(".metric canvas").length > 5`},
		{"runtime", "profile?ids=20&tab=runtime", `document.querySelectorAll(".runtime tr").length > 10`},
		{"compare", compared, graph},
		{"compare-sides", compared + "&view=sides", graph},
		{"compare-table", compared + "&view=table", graph},
	})
	view.clean(t)
}

// By touch: the filters open, a box of the graph zooms, and its description is readable.
func TestAPhoneReachesWhatThereIs(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 3)
	receiver.uploadProfile(t, "other", heapProfile())
	view := chromium.open(t)
	view.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(receiver.url))
	view.until(`document.querySelectorAll(".upload-row").length === 4`)
	view.expect(`document.querySelector("#facet-search").checkVisibility()`, "false")
	view.tap(`document.querySelector(".facet-opener")`)
	view.until(`document.querySelector("#facet-search").checkVisibility() && document.querySelector(".facet-opener").ariaExpanded === "true"`)
	view.tap(`document.querySelector('` + facetValue("service", "shop") + `')`)
	view.until(`document.querySelector(".facet-opener").textContent === "Filters (1)"`)
	view.until(`location.search === "?service=shop" && document.querySelectorAll(".upload-row").length === 3`)
	view.tap(`document.querySelector("#custom-range summary")`)
	view.until(inWindow(`#custom-range .menu-list`))
	view.tap(`document.querySelector('#custom-range [type="submit"]')`)
	view.until(`!document.querySelector("#custom-range").open`)
	view.tap(`document.querySelector('.upload-row[data-upload="3"] .when')`)
	view.waitGraph("all")

	view.tap(`document.querySelector("#downloads summary")`)
	view.until(inWindow(`#downloads .menu-list`))
	view.tap(`document.querySelector("#downloads summary")`)
	view.until(`!document.querySelector("#downloads").open`)
	view.tapAt(`document.querySelector("#flamegraph")`, 20, 70) // main.report
	view.waitGraph("main.report")
	view.expect(`document.querySelector("#frame").textContent`, "main.report · shop/report.go:40 · 9 MB, 52.9 % of all · 300 objects of 30 kB")
	view.expect(`(({scrollWidth, clientWidth, scrollHeight, clientHeight}) => scrollWidth <= clientWidth && scrollHeight <= clientHeight + 1)(document.querySelector("#frame"))`, "true")
	view.until(inWindow(`.flame-tooltip:not([hidden])`))
	for _, selector := range []string{"#frame", "#reset", `.status [data-action="sandwich"]`, "#keys-button", "#zone", "#theme"} {
		view.text(`(document.querySelector(` + quote(selector) + `).scrollIntoView(), "")`)
		view.until(inWindow(selector))
	}
	view.tap(`document.querySelector("#reset")`)
	view.waitGraph("all")
	view.tap(`document.querySelector('#view [data-value="table"]')`)
	view.until(functionRows + `.includes("main.report")`)
	// The last column is reached by scrolling the table; the names stay visible.
	view.text(`(document.querySelector("#functions").scrollIntoView(), "")`)
	for _, column := range []string{"th:first-child", "th:last-child"} {
		view.until(inWindow("#functions "+column) + ` && ` + inWindow("#functions td.name"))
		view.text(`(document.querySelector("#functions").scrollLeft = 9999, "")`)
	}
	view.tap(`document.querySelector("#keys-button")`)
	view.until(inWindow("#keys"))
	view.clean(t)
}

func inWindow(selector string) string {
	return `(({left, right, top, bottom, width}) => width > 0 && left >= -0.5 && right <= innerWidth + 0.5 && top >= -0.5 && bottom <= innerHeight + 0.5)(document.querySelector(` + quote(selector) + `).getBoundingClientRect())`
}

// tap taps on the middle of an element, tapAt at coordinates in it.
func (view *tab) tap(element string) {
	view.t.Helper()
	view.tapAt(element, -1, -1)
}

func (view *tab) tapAt(element string, x, y float64) {
	view.t.Helper()
	box := get(view, chromedp.Evaluate[[]float64](`(() => { const element = `+element+`; element.scrollIntoView({ block: "center" });
		const { left, top, width, height } = element.getBoundingClientRect(); return [left, top, width, height]; })()`))
	if x < 0 {
		x, y = box[2]/2, box[3]/2
	}
	view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, event := range []input.DispatchTouchEventParams{
			{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: box[0] + x, Y: box[1] + y}}},
			{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}},
		} {
			if _, err := cdp.Call(ctx, target, input.DispatchTouchEvent, event); err != nil {
				return err
			}
		}
		return nil
	}))
}
