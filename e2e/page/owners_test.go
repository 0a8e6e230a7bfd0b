package page

// The tab Owners: C memory by the function of the program that owns it.

import (
	"fmt"
	"strings"
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

// A report has owners with it: what the receiver says of the same profile, of its program alone and of the labels that were chosen.
func TestOwnersInReports(t *testing.T) {
	t.Parallel()
	const said = `[...document.querySelectorAll("#owners-count, #owners-about, #owners")].map((one) => one.innerText).join("\n")`
	receiver := startReceiver(t)
	shop := ownersProfile(1, 0)
	shop.Sample[1].Label["owner"] = []string{"cmemprof"}
	receiver.upload(t, "shop", map[string][]byte{"heap.pprof": encode(t, shop)})
	for i := range int64(2) {
		receiver.upload(t, "worker", map[string][]byte{"delta-heap.pprof": encode(t, ownersProfile(1+i, 60e9))})
	}
	page, report := chromium.open(t), offline(t)
	address := reportOf(t, map[string]*profile.Profile{"heap.pprof": shop}, "report", "-o", "report.html", "heap.pprof")
	for i, shown := range []string{"", "&owner=program", "&own=sqlite&owners=freed"} {
		page.goTo(receiver.url+"profile?ids=1&tab=owners"+shown, ownersReady)
		report.goTo(fmt.Sprintf("%s?%d#/profile?ids=1&tab=owners%s", address, i, shown), ownersReady)
		if want, got := page.text(said), report.text(said); got != want {
			t.Errorf("%s: the report says\n%s\nthe page\n%s", shown, got, want)
		}
	}
	report.accessible(t, "owners of a report")
	report.goTo(address+"?c#/profile?ids=1", graphReady)
	report.do(chromedp.Focus(chromedp.CSS(`#tabs [data-value="owners"]`)), chromedp.KeyEvent(kb.Enter))
	report.until(`location.hash.includes("tab=owners") && ` + ownersReady)
	report.do(chromedp.Focus(chromedp.CSS("#owners")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	report.until(`location.hash.includes("view=sandwich") && document.querySelector("#sandwich-title b").textContent === "shop/store.Query"`)
	report.goTo(address+"?d#/profile?ids=1&tab=owners&label=tenant%3Aacme", `document.querySelector("#tab .notice")?.textContent.startsWith("Who owns C memory with these labels is not in this report")`)
	report.cleanBut(t, "another host: file://")

	// What the page exports, with the labels that were chosen there, and of several uploads.
	for _, shown := range []string{"profile?ids=1&tab=owners&label=tenant%3Aacme", "profile?service=worker&tab=owners&gauges=last"} {
		page.goTo(receiver.url+shown, ownersReady+` && !document.querySelector("[aria-busy]")`)
		exported := page.exported(t, receiver, "#report", ownersReady)
		if want, got := page.text(said), exported.text(said); got != want {
			t.Errorf("%s: the report says\n%s\nthe page\n%s", shown, got, want)
		}
		exported.expect(`!!document.querySelector("#gauges")`, "false")
		exported.fits(t, strings.Split(exported.text(`location.href`), "#")[0], "report", [][2]int64{{1920, 1080}, {1280, 800}, {390, 844}},
			[]shownPage{{"owners", "#/" + shown, ownersReady}})
		exported.cleanBut(t, "another host: file://")
		exported.close()
	}
	page.clean(t)
}
