package page

// Counts, mean sizes and errors of sampling beside bytes; tables by line.

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

func TestTableCountsObjects(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	p := heapProfile() // 1,000 objects of 40 kB and 100 of 80 kB in use
	p.PeriodType, p.Period = &profile.ValueType{Type: "space", Unit: "bytes"}, 524288
	receiver.uploadProfile(t, "shop", p)
	view := chromium.profile(t, receiver, "ids=1&view=table")
	// sqrt(n s^2 (1 - p) / p) is 4.49 MB of sqlite's and 1.97 MB of the cache's stack; two standard errors are shown.
	row := func(name string) string {
		return `[...document.querySelectorAll("#functions tbody tr:not(.gap)")].find((row) => row.querySelector(".name").textContent.endsWith(` + quote(name) + `)).innerText.replaceAll(/\s+/g, " ")`
	}
	view.expect(`[...document.querySelectorAll("#functions th")].map((one) => one.textContent).join()`, "Self,Self %,Total,Total %,±,Count,Mean size,Function,Source")
	view.expect(row("sqlite3MemMalloc"), "40 MB 83.3 % 40 MB 83.3 % ±8.98 MB 1,000 40 kB sqlite3MemMalloc src/sqlite3.c")
	view.expect(row("main.cache"), "8 MB 16.7 % 8 MB 16.7 % ±3.94 MB 100 80 kB main.cache shop/cache.go")
	view.expect(row("main.main"), "0 B 0.0 % 48 MB 100.0 % ±9.81 MB 1,100 43.6 kB main.main shop/main.go")
	view.click(`#functions [data-order="mean"]`)
	view.until(`location.search.includes("sort=mean") && document.querySelector("#functions tbody tr:not(.gap) .name").textContent.endsWith("main.cache")`)
	view.accessible(t, "table with counts")

	// The graph has the same, also of what filters leave.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&ignore=main.cache"))
	view.waitGraph("all")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent === "runtime.main · runtime/proc.go:60 · 40 MB ±8.98 MB, 83.3 % of all, 100.0 % of what is shown · 1,000 objects of 40 kB"`)

	// A type without counts has no such columns.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=table&type=inuse_objects"))
	view.waitGraph("all")
	view.expect(`[...document.querySelectorAll("#functions th")].map((one) => one.textContent).join()`, "Self,Self %,Total,Total %,Function,Source")
	view.clean(t)
}

// main.work calls malloc in two lines.
func linesProfile() *profile.Profile {
	p := build(heapTypes, []stack{
		{[]string{"malloc /lib/malloc.c", "main.work /src/shop/work.go"}, []int64{0, 0, 10, 30e6}, true, nil},
		{[]string{"malloc /lib/malloc.c", "main.work /src/shop/work.go"}, []int64{0, 0, 10, 10e6}, true, nil},
	})
	again := *p.Sample[1].Location[1]
	again.ID, again.Address = 3, 4096*3
	again.Line = []profile.Line{{Function: again.Line[0].Function, Line: 77}}
	p.Location = append(p.Location, &again)
	p.Sample[1].Location = []*profile.Location{p.Sample[1].Location[0], &again}
	return p
}

func TestByLine(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", linesProfile())
	view := chromium.profile(t, receiver, "ids=1&view=table")
	view.expect(`document.querySelectorAll("#functions tbody tr:not(.gap)").length`, "2")
	view.do(chromedp.Focus(chromedp.CSS(`[aria-label="Group by"]`)), chromedp.KeyEvent(kb.End))
	view.until(`location.search.includes("group=line") && document.querySelectorAll("#functions tbody tr:not(.gap)").length === 3`)
	view.expect(`[...document.querySelectorAll("#functions .name")].slice(1).map((one) => one.textContent).join()`, "malloc:10,main.work:20,main.work:77")
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&group=line"))
	view.waitGraph("all")
	view.hover(10, 30)
	view.until(`document.querySelector(".flame-tooltip:not([hidden])").innerText.startsWith("main.work:20\nshop/work.go:20")`)
	view.clickAt(10, 30)
	view.waitGraph("main.work:20")
	view.click(`[data-action="focus"]`)
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 30 MB")`)
	view.clean(t)
}
