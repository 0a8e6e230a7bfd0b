package page

// The tab Owners: C memory by the function of the program that owns it.

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// ownersProfile: statements that are not finalized, a codec that is freed, and strings.
func ownersProfile(time, duration int64) *profile.Profile {
	const sqlite, mainGo = "/go/pkg/mod/github.com/mattn/go-sqlite3@v1.14.0/sqlite3.go", "main.main /src/shop/main.go"
	p := build(heapTypes, []stack{
		{[]string{"sqlite3MemMalloc /s.c", "sqlite3_prepare_v2 /s.c", "github.com/mattn/go-sqlite3._Cfunc_sqlite3_prepare_v2 _cgo_gotypes.go", "github.com/mattn/go-sqlite3.(*C).prepare " + sqlite,
			"shop/store.Query /src/shop/store/q.go", mainGo}, []int64{40000, 400e6, 39000, 390e6}, true, nil},
		{[]string{"ZSTD_customMalloc /z.c", "ZSTD_createCCtx /z.c", "shop/pack._Cfunc_ZSTD_createCCtx _cgo_gotypes.go", "shop/pack.Pack /src/shop/pack/p.go", mainGo},
			[]int64{5000, 50e6, 20, 200e3}, true, map[string]string{"tenant": "acme"}},
		{[]string{"main.cache /src/shop/cache.go", mainGo}, []int64{500, 20e6, 100, 8e6}, false, nil},
	})
	p.TimeNanos, p.DurationNanos, p.Period, p.PeriodType = time, duration, 512<<10, &profile.ValueType{Type: "space", Unit: "bytes"}
	return p
}

const ownersReady = `document.querySelectorAll("#owners tbody tr td.name").length > 0`

func TestOwners(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.upload(t, "shop", map[string][]byte{"heap.pprof": encode(t, ownersProfile(1, 0))})
	for i := range int64(2) {
		receiver.upload(t, "worker", map[string][]byte{"delta-heap.pprof": encode(t, ownersProfile(1+i, 60e9))})
	}
	view := chromium.open(t)
	row := func(n string) string {
		return `[...document.querySelectorAll("#owners tbody tr")].filter((row) => row.querySelector("td.name"))[` + n + `].innerText.replace(/\s+/g, " ")`
	}
	view.goTo(receiver.url+"profile?ids=1", `document.querySelector("#flamegraph")?.checkVisibility()`)
	view.until(`[...document.querySelectorAll("#tabs button")].some((one) => one.textContent === "Owners")`)
	view.click(`#tabs button:nth-child(3)`)
	view.until(`location.search === "?ids=1&tab=owners" && ` + ownersReady)
	view.expect(row("0"), "shop/store.Query github.com/mattn/go-sqlite3 sqlite3_prepare_v2 / sqlite3_finalize 390 MB 99.9 % 39,000 ±2,846 40,000 ±2,883 1,000 ±456")
	view.expect(row("1"), "shop/pack.Pack shop/pack ZSTD_createCCtx / ZSTD_freeCCtx 200 kB <0.1 % 20 ±64 5,000 ±1,019 4,980 ±1,017")
	view.expect(`document.querySelector("#owners-count").textContent`, "2 owners · 390 MB in use · 450 MB allocated")
	view.expect(`document.querySelector("#owners-about").textContent.endsWith("since the program's start.")`, "true")
	view.accessible(t, "owners")
	view.prefer("dark")
	view.accessible(t, "owners, dark")
	view.prefer("light")

	// Sorting and searching are in the address; both from the keyboard.
	view.do(chromedp.Focus(chromedp.CSS("#owners th:nth-child(8) button")), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("owners=freed") && ` + row("0") + `.startsWith("shop/pack.Pack")`)
	view.do(chromedp.NavigateBack())
	view.until(`!location.search.includes("owners=") && ` + row("0") + `.startsWith("shop/store.Query")`)
	view.keys("#owners-find", "ZSTD")
	view.until(`location.search.includes("own=ZSTD") && document.querySelector("#owners-count").textContent.startsWith("1 owner ")`)
	view.goTo(receiver.url+"profile?ids=1&tab=owners&own=finalize&owners=name", `document.querySelector("#owners-count")?.textContent.startsWith("1 owner ")`)
	view.expect(row("0")+`.startsWith("shop/store.Query")`, "true")

	// A row leads to the owner's callers and callees in C memory.
	view.do(chromedp.Focus(chromedp.CSS("#owners")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("view=sandwich") && location.search.includes("memory=C") && location.search.includes("fn=shop%2Fstore.Query")`)

	// Of deltas it is not known what was freed; what is in use is the mean, or the last.
	view.goTo(receiver.url+"profile?service=worker&tab=owners", ownersReady)
	view.expect(row("0"), "shop/store.Query github.com/mattn/go-sqlite3 sqlite3_prepare_v2 / sqlite3_finalize 390 MB 99.9 % 39,000 ±2,846 80,000 ±4,076 –")
	view.expect(`document.querySelector("#owners-about").textContent.includes("known only of one profile")`, "true")
	view.click(`#gauges button:nth-child(2)`)
	view.until(`location.search.includes("gauges=last") && document.querySelector("#owners-count").textContent.includes("last")`)
	view.goTo(receiver.url+"profile?ids=1&tab=owners&label=tenant%3Aacme", `document.querySelector("#owners-count")?.textContent.startsWith("1 owner ")`)
	view.clean(t)
}
