package page

// The tab Memory, with uploads of the shape that goshim/profiler sends: series "memory_..." in metrics.json, and memory.pprof.

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

type memoryPart struct {
	key    string
	frames []string // leaf first, "name file"
	labels map[string]string
	at     func(i int64) int64 // bytes, in the i-th upload
}

func constant(bytes int64) func(int64) int64 { return func(int64) int64 { return bytes } }

// 268 MB of which C's live heap grows by 5 MB in each upload.
var memoryParts = []memoryPart{
	{"go_live", []string{"main.cache /src/shop/cache.go", "main.main /src/shop/main.go", "live ", "Go heap "}, nil, constant(60e6)},
	{"go_free", []string{"free, not returned ", "Go heap "}, nil, constant(40e6)},
	{"malloc_live", []string{"sqlite3MemMalloc /lib/src/sqlite3.c", "main.report /src/shop/report.go", "live ", "C heap "}, map[string]string{"memory": "C"},
		func(i int64) int64 { return 100e6 + 5e6*i }},
	{"malloc_free", []string{"arena 0x7f0000000030 ", "free in the allocator ", "C heap "}, nil, constant(20e6)},
	{"thread_stacks", []string{"worker ", "thread stacks "}, nil, constant(10e6)},
	{"program", []string{"/usr/bin/shop ", "program and libraries "}, nil, constant(24e6)},
	{"profiler", []string{"profiler "}, map[string]string{"memory": "C", "owner": "cmemprof"}, constant(8e6)},
	{"unexplained", []string{"unexplained "}, nil, constant(6e6)},
}

func memoryProfile(i int64) *profile.Profile {
	var stacks []stack
	for _, part := range memoryParts {
		labels := map[string]string{"part": part.key}
		for key, value := range part.labels {
			labels[key] = value
		}
		stacks = append(stacks, stack{part.frames, []int64{part.at(i)}, false, labels})
	}
	return build([][2]string{{"resident_space", "bytes"}}, stacks)
}

// memoryMetrics has the parts' sum as RSS; more: further pairs.
func memoryMetrics(i int64, more string) []byte {
	var pairs strings.Builder
	var rss int64
	for _, part := range memoryParts {
		rss += part.at(i)
		fmt.Fprintf(&pairs, `["memory_%s_bytes",%d],`, part.key, part.at(i))
	}
	return fmt.Appendf(nil, `[%s["memory_rss_bytes",%d],["memory_peak_rss_bytes",%[2]d],["memory_threads",12]%s]`, pairs.String(), rss, more)
}

const cgroupPairs = `,["memory_cgroup_bytes",700000000],["memory_cgroup_inactive_file_bytes",%d],["memory_cgroup_limit_bytes",800000000],["memory_incomplete",0]`

// uploadMemory sends n uploads of the host's process, one a minute.
func (r *receiver) uploadMemory(t testing.TB, host string, n int) {
	t.Helper()
	for i := range int64(n) {
		r.uploadAt(t, moment{
			start: leakStart.Add(time.Duration(i) * time.Minute),
			tags:  "service:shop,env:prod,version:1.0,host:" + host + ",runtime:go,language:go,runtime-id:" + host,
			attachments: map[string][]byte{
				"delta-heap.pprof": encode(t, leakProfile(i)),
				"memory.pprof":     encode(t, memoryProfile(i)),
				"metrics.json":     memoryMetrics(i, fmt.Sprintf(cgroupPairs, 400e6-5e6*i)),
			},
		})
	}
}

const memoryReady = `document.querySelector("#memory-headline").textContent && document.querySelector("#memory-tab .chart canvas") &&
	document.querySelector("#flamegraph").height > 1 && document.querySelector("#memory-findings, #memory-nothing")`

// cell is a value of a part: 1 size, 2 share of RSS, 3 change.
func cell(part string, column int) string {
	return fmt.Sprintf(`document.querySelector('#memory-parts tr[data-part="%s"]').children[%d].textContent`, part, column)
}

func TestMemorySaysWhereItIs(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadMemory(t, "db-1", 20)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&tab=memory", memoryReady)
	view.expect(`document.querySelector('#tabs [aria-pressed="true"]').textContent`, "Memory")
	view.expect(`document.querySelector("#memory-headline").textContent`,
		"363 MB resident · C heap: live 53.7 % · Go heap: live 16.5 % · Go heap: free, not returned 11.0 % · Program and libraries 6.6 % · Unexplained 1.7 %")
	view.expect(`[...document.querySelectorAll("#memory-parts tr[data-part]")].map((row) => row.dataset.part).join()`,
		"RSS,Cgroup less inactive cache,Cgroup limit,unexplained,profiler,program,thread_stacks,malloc_free,malloc_live,go_free,go_live")
	view.expect(cell("malloc_live", 1), "195 MB")
	view.expect(cell("malloc_live", 2), "53.7 %")
	view.expect(cell("malloc_live", 3), "+95 MB")
	view.expect(cell("RSS", 3), "+95 MB")
	// 700 MB minus 400 - 95: 395 of 800 MB, 5 MB a minute: 81 minutes from 09:20.
	view.expect(`document.querySelector("#memory-outlook").textContent.split(" at ")[0]`,
		"Cgroup less inactive cache: 395 MB, 49.4 % of the limit of 800 MB; grows by 5 MB a minute in the shown range: 1.35 h until the limit, reached")
	view.expect(`document.querySelector('#memory-beside tr[data-figure="threads"] td').textContent`, "12")
	view.expect(`document.querySelector("#memory-tab #warnings").hidden`, "true")

	// The verdict is that of Analysis, with its evidence.
	view.expect(`document.querySelector('#memory-findings [data-kind="c_leak"] h3').textContent.includes("sqlite3MemMalloc")`, "true")
	view.expect(`document.querySelector('#memory-findings [data-kind="c_leak"] .evidence').textContent.length > 20`, "true")

	// The cursor at the left edge: the first upload.
	left, top, _, height := view.area("#memory-tab .plot-over")
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+1, top+height/2))
	view.until(cell("malloc_live", 1) + ` === "100 MB"`)
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+1, 5))
	view.until(cell("malloc_live", 1) + ` === "195 MB"`)

	// All values, for people who cannot see the chart.
	view.click("#memory-values summary")
	view.until(`document.querySelectorAll("#memory-values tbody tr").length === 20`)
	view.expect(`[...document.querySelectorAll("#memory-values thead th")].map((one) => one.textContent).slice(0, 3).join()`, "Time,RSS,Cgroup less inactive cache")
	view.expect(`document.querySelector("#memory-values tbody tr:last-child td").textContent`, "268 MB")
	view.clean(t)
}

// The icicle has the causes in the chart's colours, and the newest upload's values; a part can be zoomed into, and Back undoes it.
func TestMemoryGraphShowsCausesAndStacks(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadMemory(t, "db-1", 6)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&tab=memory", memoryReady)
	view.until(`document.querySelector("#frame").textContent === "all · 293 MB"`)
	view.expect(`document.querySelector("#memory-graph .status").textContent.includes("the last upload")`, "true")
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--part-malloc_live")`)) // C heap, the heaviest
	view.expect(`colourAt(2, 70)`, view.text(`cssColour("--part-malloc_live")`)) // main.report below it
	view.expect(`colourAt(canvasRight() - 2, 30)`, view.text(`cssColour("--part-unexplained")`))
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#frame").textContent.startsWith("Go heap · 100 MB, 34.1 % of all") && location.search.includes("zoom=")`)
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#frame").textContent === "all · 293 MB"`)

	// An earlier range: the newest upload of it.
	first, third := leakStart.Add(time.Minute).UnixMilli(), leakStart.Add(3*time.Minute).UnixMilli()
	view.goTo(fmt.Sprintf("%sprofile?service=shop&tab=memory&zoomed=%d-%d", receiver.url, first, third), memoryReady)
	view.until(`document.querySelector("#frame").textContent === "all · 278 MB"`)
	view.expect(cell("RSS", 1), "278 MB")
	view.expect(`document.querySelector("#memory-outlook").textContent.endsWith("growth cannot be told from 3 uploads in the shown range")`, "true")
	view.click("#memory-reset")
	view.until(`document.querySelector("#frame").textContent === "all · 293 MB" && !location.search.includes("zoomed")`)

	// All views of the file.
	view.click("#memory-profiles")
	view.until(`document.querySelector('#types [data-type="resident_space"]').getAttribute("aria-pressed") === "true"`)
	view.clean(t)
}

// One click hides the profiler's own memory in chart and graph; RSS stays.
func TestMemoryOfTheProfilerIsHidden(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadMemory(t, "db-1", 6)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=6&tab=memory", memoryReady)
	view.expect(cell("profiler", 1), "8 MB")
	view.click("#owner")
	view.until(`document.querySelector("#frame").textContent === "all · 285 MB" && !document.querySelector('#memory-parts tr[data-part="profiler"]')`)
	view.expect(cell("RSS", 1), "293 MB")
	view.expect(`new URLSearchParams(location.search).get("owner")`, "program")
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector('#memory-parts tr[data-part="profiler"]') && document.querySelector("#frame").textContent === "all · 293 MB"`)
	// One upload alone: one moment, and nothing is said of growth.
	view.click(`#scope [data-value="upload"]`)
	view.until(`document.querySelector("#memory-outlook").textContent.endsWith("growth cannot be told from 1 upload in the shown range")`)
	view.clean(t)
}

// Processes of one moment are averaged or added up.
func TestMemoryOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, host := range []string{"db-1", "db-2", "db-3"} {
		receiver.uploadMemory(t, host, 6)
	}
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&tab=memory", memoryReady)
	view.expect(`document.querySelector("#memory-processes").textContent`, "mean of 3 processes")
	view.expect(cell("RSS", 1), "293 MB")
	view.until(`document.querySelector("#frame").textContent === "all · 293 MB"`)
	view.click("#processes")
	view.until(cell("RSS", 1) + ` === "879 MB" && document.querySelector("#memory-processes").textContent === "sum of 3 processes"`)
	view.until(`document.querySelector("#frame").textContent === "all · 879 MB"`)
	view.expect(`document.querySelector("#memory-outlook").textContent.includes("of the limit of 2.40 GB")`, "true")
	view.clean(t)
}

// An error is not replaced by the figures from before it; they are asked for again with the next change.
func TestMemoryForgetsFiguresAfterAnError(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, host := range []string{"db-1", "db-2"} {
		receiver.uploadMemory(t, host, 6)
	}
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&tab=memory", memoryReady)
	view.text(`(() => {
		const real = window.fetch;
		window.fails = 2;
		window.fetch = (path, options) => {
			if (!String(path).includes("/metrics?") || window.fails-- <= 0) return real(path, options);
			return Promise.resolve(new Response("unplugged", { status: 400 }));
		};
		return "";
	})()`)
	view.click("#processes")
	view.until(`document.querySelector("#memory-tab .notice")?.textContent.includes("unplugged")`)
	view.expect(`document.querySelector("#memory-content").checkVisibility()`, "false")
	view.click("#owner")
	view.until(`window.fails === 0 && location.search.includes("owner=program")`)
	view.expect(`document.querySelector("#memory-content").checkVisibility()`, "false")
	view.do(chromedp.NavigateBack())
	view.until(cell("RSS", 1) + ` === "586 MB" && document.querySelector("#memory-content").checkVisibility()`)
	view.expect(`document.querySelector("#memory-tab .notice").checkVisibility()`, "false")
	view.clean(t)
}

// What is missing is said: no breakdown, no memory.pprof, an incomplete breakdown, no limit.
func TestMemorySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 1)
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:other,host:db-1,runtime-id:two", attachments: map[string][]byte{
		"metrics.json": []byte(`[["memory_rss_bytes",5000000],["memory_go_live_bytes",1000000],["memory_incomplete",1]]`)}})
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1&tab=memory", `document.querySelector("#memory-tab .notice")`)
	view.expect(`document.querySelector("#memory-tab .notice").textContent.startsWith("These uploads have no breakdown of memory.")`, "true")
	view.expect(`document.querySelector("#memory-content").checkVisibility()`, "false")
	view.goTo(receiver.url+"profile?ids=2&tab=memory", `document.querySelector("#memory-graph .notice") && document.querySelector("#memory-nothing")`)
	view.expect(`document.querySelector("#memory-graph .notice").textContent`, "These uploads have no memory.pprof.")
	view.expect(`document.querySelector("#memory-outlook").textContent`, "RSS: 5 MB, no limit known; growth cannot be told from 1 upload in the shown range")
	view.expect(`document.querySelectorAll("#memory-tab #warnings li").length`, "2")
	view.expect(cell("go_live", 2), "20.0 %")
	view.expect(`document.querySelector('#memory-parts tr[data-part="malloc_live"]')`, "null") // absent, not 0
	// Nothing was found, but not everything was looked at.
	view.expect(`document.querySelector("#memory-gaps").textContent.startsWith("Not looked at: ")`, "true")
	view.clean(t)
}

func TestMemoryScreenshots(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadMemory(t, "db-1", 20)
	chromium.shoot(t, receiver, "memory", "profile?service=shop&tab=memory", memoryReady)
}
