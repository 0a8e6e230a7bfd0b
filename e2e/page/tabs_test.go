package page

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

func (view *tab) goTo(address, ready string) {
	view.t.Helper()
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(address))
	view.until(ready)
}

// A leak of 3 MB a minute is found, and leads to its stack in the flame graph.
func TestAnalysisLeadsToTheLeak(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=20&tab=analysis", `document.querySelector('.finding[data-kind="c_leak"] canvas')`)
	const leak = `document.querySelector('.finding[data-kind="c_leak"]')`
	view.expect(leak+`.querySelector(".severity").textContent`, "high")
	view.expect(leak+`.querySelector("h3").textContent.includes("sqlite3MemMalloc")`, "true")
	view.expect(leak+`.querySelector(".finding-value").textContent`, "+3 MB a minute60 MB")
	view.expect(leak+`.querySelector(".stack").textContent.startsWith("sqlite3MemMalloc")`, "true")
	view.expect(leak+`.querySelector(".stack .site").textContent`, "main.report")
	// One upload is not enough.
	view.click(`#scope [data-value="upload"]`)
	view.until(`document.querySelector("#finding-count").textContent === "Nothing found in 1 process; growth of 1 process cannot be judged yet" &&
		document.querySelector("#not-looked-at li").textContent === "growth of 1 process with fewer than 5 uploads"`)
	view.do(chromedp.NavigateBack())
	view.until(leak)
	// The whole graph, with the site highlighted in it.
	view.click(`.finding[data-kind="c_leak"] [data-action="flame"]`)
	view.until(`!document.querySelector("#profile").hidden && document.querySelector("#flamegraph").height > 1 && !new URLSearchParams(location.search).has("zoom") &&
		new URLSearchParams(location.search).get("find") === "=main.report" && document.body.textContent.includes("1 frame · 60 MB · 88.2 %")`)
	view.do(chromedp.NavigateBack())
	view.until(leak)
	view.click(`.finding[data-kind="c_leak"] .stack li:nth-child(4) a`)
	view.until(`new URLSearchParams(location.search).get("fn") === "main.report" && document.querySelector("#functions-short")`)
	view.do(chromedp.NavigateBack())
	view.until(leak)
	view.click(`.finding[data-kind="c_leak"] [data-action="compare"]`)
	view.until(`document.querySelector("#change").textContent.startsWith("+")`)
	view.clean(t)
}

func TestAnalysisSaysWhatItDidNotLookAt(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "java-gzip")
	view := chromium.open(t)
	receiver.upload(t, "traced", map[string][]byte{"go.trace": []byte("go 1.25 trace")})
	view.goTo(receiver.url+"profile?ids=2&tab=analysis", `document.querySelector("#finding-count").textContent === "Nothing could be looked at; 1 of 1 uploads could not be looked at"`)
	view.expect(`document.querySelector("#not-looked-at").textContent.includes("execution traces are not analysed")`, "true")
	view.expect(`document.querySelector("#findings").textContent.includes("No sign of")`, "false")
	view.clean(t)
}

func TestMetricsShareCursorAndZoom(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&tab=metrics", `document.querySelectorAll(".metric canvas").length >= 6`)
	now := func(series string) string {
		return `document.querySelector('[data-series="` + series + `"] b').textContent`
	}
	view.expect(now("c_live_bytes"), "60 MB")
	view.expect(now("go_num_goroutine"), "39")
	view.expect(now("go_alloc_bytes_per_sec"), "1.50 MB/s")

	// The cursor of one chart is shown in all: at the left edge are the values of the first upload.
	left, top, width, height := view.area(`[data-series="c_live_bytes"] .plot-over`)
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+1, top+height/2))
	view.until(now("c_live_bytes") + ` === "3 MB" && ` + now("go_num_goroutine") + ` === "20"`)
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+1, 5))
	view.until(now("go_num_goroutine") + ` === "39"`)

	// A range that is dragged in one chart is shown in all, and is in the address.
	view.drag(left+width/2, top+height/2, left+width-1, top+height/2)
	view.until(`/^\d+-\d+$/.test(new URLSearchParams(location.search).get("zoomed"))`)
	view.until(`!document.querySelector("#metrics-reset").hidden`)
	view.click("#metrics-reset")
	view.until(`!location.search.includes("zoomed")`)

	view.keys("#metrics-filter", "heap")
	view.until(`[...document.querySelectorAll(".metric:not([hidden])")].map((one) => one.dataset.series).join() === "c_live_bytes,heap_live_bytes"`)
	view.clean(t)
}

// The page shows the values in metrics.json of real clients, also of a client that sends one upload.
func TestMetricsOfCaptures(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "go-v1")
	receiver.uploadCapture(t, "go-v2-all")
	view := chromium.open(t)
	for id, want := range map[int]map[string]string{
		1: {"go_gcs_per_sec": "4/s", "go_alloc_bytes_per_sec": "27.7 MB/s", "go_max_gc_pause_time": "20.6 ms", "go_gc_pause_time": "3.28 %"},
		2: {"go_num_goroutine": "32", "go_allocs_per_sec": "185 k/s"},
	} {
		view.goTo(fmt.Sprintf("%sprofile?ids=%d&tab=metrics", receiver.url, id), `document.querySelectorAll(".metric canvas").length >= 6`)
		for name, text := range want {
			view.expect(`document.querySelector('[data-series="`+name+`"] b').textContent`, text)
		}
	}
	view.clean(t)
}

func TestRuntimeInfo(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "go-v2-all")
	receiver.uploadCapture(t, "python-auto")
	receiver.uploadCapture(t, "node-default")
	value := func(section, key string) string {
		return `[...document.querySelectorAll(".runtime section")].find((one) => one.querySelector("caption").textContent === "` + section +
			`").querySelector('tr[data-key="` + key + `"] td').textContent`
	}
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1&tab=runtime", `document.querySelectorAll(".runtime tr").length > 30`)
	view.expect(value("Profiler settings", "debug_compression_settings"), "zstd")
	view.expect(value("Profiler", "ssi.mechanism"), "none")
	view.expect(value("Tags", "profiler_version"), "v2.12.0")
	view.expect(value("Process tags", "entrypoint.name"), "app")
	view.keys("#runtime-filter", "cpu_dur")
	view.until(`document.querySelectorAll(".runtime tr").length === 1`)
	view.expect(`location.search`, "?ids=1&tab=runtime&info=cpu_dur")

	view.goTo(receiver.url+"profile?ids=2&tab=runtime", `document.querySelectorAll(".runtime tr").length > 30`)
	view.expect(value("Endpoint counts", "GET /users/{id}"), "15")
	view.expect(value("Profiler settings", "stack.max_threads"), "25")

	// Several uploads side by side: differences, and the number of uploads with each value.
	view.goTo(receiver.url+"profile?env=study&tab=runtime", `document.querySelectorAll(".runtime tr").length > 30`)
	view.expect(value("Event", "version"), "4")
	view.expect(value("Event", "family")+`.match(/1 of 3/g).length`, "3")
	view.click("#differing")
	view.until(`!document.querySelector('.runtime tr[data-key="version"]')?.closest("section").textContent.startsWith("Event")`)
	view.clean(t)
}
