package page

// Ages of live C memory in memory.pprof: as colours and as a filter, in the tab Memory and in the tab Profiles.

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// 200 MB live: 120 of them for a day, in cache; 80 for less than a minute. 50 MB are free and have no age.
func agedProfile() *profile.Profile {
	labels := func(age string) map[string]string {
		return map[string]string{"part": "malloc_live", "memory": "C", "age": age}
	}
	cache := []string{"cache /src/cache.c", "main.serve /src/main.go", "live ", "C heap "}
	request := []string{"request /src/request.c", "main.serve /src/main.go", "live ", "C heap "}
	return build([][2]string{{"resident_space", "bytes"}}, []stack{
		{cache, []int64{120e6}, false, labels(">1d")},
		{cache, []int64{20e6}, false, labels("<1m")},
		{request, []int64{60e6}, false, labels("<1m")},
		{[]string{"free in the allocator ", "C heap "}, []int64{50e6}, false, map[string]string{"part": "malloc_free"}},
	})
}

func (r *receiver) uploadAged(t testing.TB) {
	r.uploadAt(t, moment{start: leakStart, tags: "service:shop,host:db-1,runtime:go,language:go,runtime-id:one", attachments: map[string][]byte{
		"memory.pprof": encode(t, agedProfile()),
		"metrics.json": []byte(`[["memory_rss_bytes",250000000],["memory_malloc_live_bytes",200000000],["memory_malloc_free_bytes",50000000]]`),
	}})
}

func TestAgesInTheTabMemory(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadAged(t)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1&tab=memory", memoryReady)
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 250 MB · older than 1 min 60.0 %")`)
	view.expect(`document.querySelectorAll("#memory-ages .swatch").length`, "0")
	view.expect(`colourAt(2, 90)`, view.text(`cssColour("--part-malloc_live")`)) // cache, by cause

	view.click(`#memory-colour [data-value="age"]`)
	view.until(`document.querySelectorAll("#memory-ages .swatch").length === 6 && location.search.includes("colour=age")`)
	view.expect(`colourAt(2, 90)`, view.text(`cssColour("--age-5")`))                       // cache: most of it is a day old
	view.expect(`colourAt(0.7 * canvasRight(), 90)`, view.text(`cssColour("--age-0")`))     // request
	view.expect(`colourAt(canvasRight() - 2, 50)`, view.text(`cssColour("--flame-plain")`)) // free: no age
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--age-5")`))                       // C heap: 120 of 200 MB
	view.accessible(t, "ages in the tab Memory")

	// What has existed for less than a minute, from the keyboard; then what is old, too; then all.
	view.do(chromedp.Focus(chromedp.CSS(`#memory-ages [data-age="<1m"]`)))
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 80 MB")`)
	view.expect(`new URLSearchParams(location.search).getAll("label").join()`, "age:<1m")
	view.expect(`document.activeElement.dataset.age`, "<1m")
	view.expect(`document.activeElement.getAttribute("aria-pressed")`, "true")
	view.click(`#memory-ages [data-age=">1d"]`)
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 200 MB")`)
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 80 MB")`)

	// The address says it all, also to the tab Profiles.
	view.goTo(receiver.url+"profile?ids=1&tab=memory&colour=age&label=age%3A%3E1d", memoryReady)
	view.until(`document.querySelector("#frame").textContent === "all · 120 MB · older than 1 min 100.0 %, 5 min 100.0 %, 30 min 100.0 %, 2 h 100.0 %, 1 d 100.0 %"`)
	view.expect(`colourAt(2, 50)`, view.text(`cssColour("--age-5")`))
	view.click("#memory-profiles")
	view.until(`document.querySelector('#filters [data-filter="label"] b')?.textContent === "age:>1d" && document.querySelector("#frame").textContent.startsWith("all · 120 MB")`)
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#memory-all-ages")`)
	view.click("#memory-all-ages")
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 250 MB") && !location.search.includes("label")`)
	view.clean(t)
}

func TestAgesInTheTabProfiles(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadAged(t)
	view := chromium.profile(t, receiver, "ids=1&attachment=memory.pprof")
	view.until(`document.querySelector("#frame").textContent === "all · 250 MB"`)
	view.do(chromedp.Focus(chromedp.CSS(`[aria-label="Colour"]`)))
	view.expect(`[...document.activeElement.options].map((one) => one.value).join()`, "kind,package,part,age")
	view.do(chromedp.KeyEvent(kb.End))
	view.until(`location.search.includes("colour=age") && document.querySelector("#frame").textContent.startsWith("all · 250 MB · older than 1 min 60.0 %")`)
	view.expect(`colourAt(2, 90)`, view.text(`cssColour("--age-5")`))
	view.goTo(receiver.url+"profile?ids=1&attachment=memory.pprof&colour=age&focus=request", `document.querySelector("#frame").textContent`)
	view.until(`document.querySelector("#frame").textContent === "all · 60 MB of 250 MB, 24.0 % · older than 1 min 0.0 %, 5 min 0.0 %, 30 min 0.0 %, 2 h 0.0 %, 1 d 0.0 %"`)
	view.goTo(receiver.url+"profile?ids=1&attachment=memory.pprof&colour=part", `document.querySelector("#frame").textContent === "all · 250 MB"`)
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--part-malloc_live")`))
	view.clean(t)
}

// A client without ages, and a profile of something else: nothing is offered.
func TestAgesAreNotThere(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadMemory(t, "db-1", 1)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1&tab=memory&colour=age", memoryReady)
	view.until(`document.querySelector("#frame").textContent === "all · 268 MB"`)
	view.expect(`document.querySelector("#memory-ages").children.length`, "0")
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--part-malloc_live")`))
	view.clean(t)
}
