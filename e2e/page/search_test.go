package page

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// search opens the search page of a receiver and waits for its list.
func (b *browser) search(t *testing.T, receiver *receiver, parameters string) *tab {
	t.Helper()
	view := b.open(t)
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(receiver.url+"?"+parameters))
	view.until(`document.querySelectorAll(".upload-row").length > 0 && document.querySelector("#histogram canvas") && document.querySelector(".facet")`)
	return view
}

// One cell of each drawn row, from top to bottom.
func cells(selector string) string {
	return `[...document.querySelectorAll(".upload-row")].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.querySelector(` + quote(selector) + `).textContent).join()`
}

var services = cells(".service")

func facetValue(facet, value string) string {
	return fmt.Sprintf(`.facet[data-facet="%s"] .facet-value[data-value="%s"]`, facet, value)
}

func (view *tab) area(selector string) (left, top, width, height float64) {
	view.t.Helper()
	area := get(view, chromedp.Evaluate[[]float64](`(({x, y, width, height}) => [x, y, width, height])(document.querySelector(`+quote(selector)+`).getBoundingClientRect())`))
	return area[0], area[1], area[2], area[3]
}

func (view *tab) drag(fromX, fromY, toX, toY float64) {
	view.t.Helper()
	middle := (fromX + toX) / 2
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, fromX, fromY), chromedp.MouseEvent(chromedp.MousePressed, fromX, fromY, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(chromedp.MouseMoved, middle, toY, chromedp.ButtonLeft), chromedp.MouseEvent(chromedp.MouseMoved, toX, toY, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseReleased, toX, toY, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

func TestListShowsUploadsNewestFirst(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "first", heapProfile())
	receiver.uploadCapture(t, "go-v2-all")
	view := chromium.search(t, receiver, "")
	view.expect(services, "go-v2-svc,first")
	// A later upload appears by itself.
	receiver.uploadProfile(t, "third", heapProfile())
	view.until(services + ` === "go-v2-svc,third,first"`) // by the profiles' own time: the capture is of a later month
	view.until(`document.querySelector("#total").textContent === "3 profiles"`)
	// Then its measures, which are computed after the answer.
	view.until(cells(`[data-measure="c_live_bytes"]`) + ` === "–,40 MB,40 MB"`)
	view.keys("#filter", "FIRS")
	view.until(services + ` === "first"`)
	view.expect(`new URLSearchParams(location.search).get("q")`, "FIRS")
	view.keys("#filter", "T, none")
	view.until(`document.querySelector(".notice").textContent === "No upload matches the filters."`)
	view.clean(t)
}

// The receiver lists 128 tags of an upload; a search finds it by the others, too.
func TestUnlistedTagsAreTold(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	tags := "service:many"
	for i := range 300 {
		tags += fmt.Sprintf(",key%d:value%d", i, i)
	}
	receiver.uploadAt(t, moment{start: time.Now(), tags: tags, attachments: map[string][]byte{"delta-heap.pprof": encode(t, heapProfile())}})
	receiver.uploadProfile(t, "few", heapProfile())
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#unlisted-tags")?.textContent === "1 upload with tags that are not listed"`)
	view.keys("#filter", "key299:value299")
	view.until(services + ` === "many"`)
	view.expect(`document.querySelector("#not-looked-at").textContent`, "")
	view.clean(t)
}

func TestEmptyPageTellsHowToStart(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	view := chromium.open(t)
	view.do(chromedp.Navigate(receiver.url))
	view.until(`document.querySelector("#empty-text").textContent.includes("DD_TRACE_AGENT_URL=http://127.0.0.1:")`)
	view.expect(`[...document.querySelectorAll("#empty li b")].map((name) => name.textContent).join()`, "Go,Python,Node,Java")
	receiver.uploadProfile(t, "shop", heapProfile())
	view.until(services + ` === "shop"`)
	view.expect(`document.querySelector("#empty")`, "null")
	view.clean(t)
}

// The answer for an older filter comes last: the list still shows the newer one.
func TestSlowListAnswerIsDropped(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "first", heapProfile())
	receiver.uploadProfile(t, "second", heapProfile())
	view := chromium.search(t, receiver, "")
	view.text(`(() => {
		const real = fetch;
		window.held = [];
		window.fetch = (path, ...more) => path.includes("q=first")
			? new Promise((done) => held.push(() => done(real(path).then(async (response) => {
				const answer = await response.json();
				return { ok: true, headers: response.headers, json: async () => { window.answered = true; return answer; } };
			}))))
			: real(path, ...more);
		return "";
	})()`)
	view.keys("#filter", "first")
	view.until(`held.length === 3`) // list, facets, histogram
	view.keys("#filter", kb.Backspace+kb.Backspace+kb.Backspace+kb.Backspace+kb.Backspace+"second")
	view.until(services + ` === "second"`)
	view.text(`(() => {
		window.seen = "";
		new MutationObserver(() => (window.seen += " " + ` + services + `)).observe(document.querySelector(".upload-rows"), { childList: true });
		held.forEach((release) => release());
		return "";
	})()`)
	view.until(`window.answered === true`)
	view.expect(`window.seen`, "")
	view.expect(services, "second")
	view.clean(t)
}

// Each client's upload, with the facets from its tags.
func TestFacetsOfCaptures(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, client := range []string{"go-v1", "node-default", "python-auto", "java-gzip", "go-v2-all"} {
		receiver.uploadCapture(t, client)
	}
	view := chromium.search(t, receiver, "")
	view.until(services + ` === "java-svc,node-svc,py-svc,go-v2-svc,go-v1-svc"`)
	counts := func(facet string) string {
		return `[...document.querySelectorAll('.facet[data-facet="` + facet + `"] .facet-value')].map((value) => value.textContent).sort().join()`
	}
	view.expect(counts("env"), "study5")
	view.expect(counts("service"), "go-v1-svc1,go-v2-svc1,java-svc1,node-svc1,py-svc1")
	view.expect(counts("version"), "1.2.35")
	view.click(`.facet[data-facet="team"] summary`)
	view.until(counts("team") + ` === "perf5"`)

	view.click(facetValue("service", "py-svc"))
	view.until(services + ` === "py-svc"`)
	view.click(facetValue("service", "java-svc")) // either of the two
	view.until(services + ` === "java-svc,py-svc"`)
	view.expect(`new URLSearchParams(location.search).getAll("service").join()`, "py-svc,java-svc")
	view.expect(`document.querySelector('.facet[data-facet="service"] summary b').textContent`, "2")
	view.click(facetValue("language", "jvm"))
	view.until(services + ` === "java-svc"`)
	view.do(chromedp.NavigateBack())
	view.until(services + ` === "java-svc,py-svc"`)
	view.click("#facet-clear")
	view.until(services + `.split(",").length === 5`)

	view.click(facetValue("runtime", "JVM"))
	view.until(services + ` === "java-svc"`)
	view.click("#facet-clear")
	view.until(services + `.split(",").length === 5`)

	// The search among filters finds tags by key and by value.
	view.keys("#facet-search", "local")
	view.until(`[...document.querySelectorAll(".facet")].map((facet) => facet.dataset.facet).join() === "region"`)
	view.click(facetValue("region", "local"))
	view.until(`new URLSearchParams(location.search).get("tag") === "region:local"`)
	view.until(services + `.split(",").length === 5`)

	// Uploads without the facet are a value too.
	response, err := http.Post(receiver.url+"api/import?service=imported", "application/octet-stream", bytes.NewReader(encode(t, heapProfile())))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	_ = response.Body.Close()
	view.goTo(receiver.url, services+`.split(",").length === 6`)
	view.click(facetValue("runtime", ""))
	view.until(services + ` === "imported"`)
	view.clean(t)
}

// The side list shows the most frequent of many values; all of them can be searched and chosen, also in Compare.
func TestEveryValueCanBeChosen(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for i := range 60 {
		receiver.upload(t, fmt.Sprintf("service-%02d", i), map[string][]byte{"note.txt": []byte("text")})
	}
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#total").textContent === "60 profiles"`)
	view.expect(`document.querySelectorAll('[data-value="service-57"]').length`, "0")
	view.keys("#facet-search", "vice-57")
	view.until(`document.querySelector('[data-value="service-57"]')`)
	view.click(facetValue("service", "service-57"))
	view.until(services + ` === "service-57"`)
	view.click("#facet-clear")
	view.keys("#filter", "service:service-0* -service-01 -service:*9")
	view.until(services + ` === "service-08,service-07,service-06,service-05,service-04,service-03,service-02,service-00"`)
	view.do(chromedp.Navigate(receiver.url + "compare"))
	view.until(`document.querySelector("#side-now summary")`)
	view.click("#side-now summary")
	view.until(`document.querySelectorAll('#side-now select[data-facet="service"] option').length > 60`)
	view.clean(t)
}

// The chart shows C memory if there is any; two chosen uploads can be compared directly; "?" lists the keys.
func TestFirstThingsFirst(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "go-v1")
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#measure select").value === "heap_live_bytes"`)
	receiver.uploadLeak(t, 2)
	view.until(`document.querySelector("#measure select").value === "c_live_bytes"`)
	view.until(`document.querySelectorAll(".upload-row").length === 3`)
	view.until(`document.querySelectorAll("#compare-two").length === 0`)
	for _, id := range []string{"3", "2"} {
		view.click(`.upload-row[data-upload="` + id + `"] input`)
	}
	view.until(`document.querySelector("#compare-two")?.getAttribute("href") === "/compare?ids=3&base.ids=2"`)
	view.press("?")
	view.until(`document.querySelector("#keys").open && document.querySelectorAll("#keys dt").length > 5`)
	view.click("#keys .primary")
	view.until(`!document.querySelector("#keys").open`)
	view.keys("#filter", "?")
	view.expect(`document.querySelector("#keys").open`, "false")
	view.clean(t)
}

// Without C memory the chart shows the heap; each is requested once.
func TestChartAsksOnceForItsMeasure(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "go-v1")
	receiver.measured(t, "/api/uploads?measures=1")
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#measure select").value === "heap_live_bytes"`)
	view.until(`document.querySelector("#live").dataset.state === "on"`)
	view.expect(`[...new Set(performance.getEntriesByType("resource").map(({ name }) => new URL(name))
		.filter(({ pathname }) => pathname === "/api/histogram").map(({ searchParams }) => searchParams.get("measure") + " " + searchParams.get("otherwise")))].join()`,
		"c_live_bytes heap_live_bytes")
	view.clean(t)
}

func TestSortByMeasure(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 12)
	receiver.measured(t, "/api/uploads?measures=1")
	view := chromium.search(t, receiver, "")
	heap := cells(`[data-measure="c_live_bytes"]`)
	view.until(heap + `.startsWith("36 MB,33 MB,")`)
	view.click(`[data-key="c_live_bytes"]`)
	view.until(`document.querySelector('[aria-sort="descending"]').textContent === "C heap"`)
	view.click(`[data-key="c_live_bytes"]`)
	view.until(heap + `.startsWith("3 MB,6 MB,9 MB")`)
	view.expect(`new URLSearchParams(location.search).get("sort")`, "-c_live_bytes")
	view.do(chromedp.Reload())
	view.until(heap + `.startsWith("3 MB,6 MB,9 MB")`)
	view.clean(t)
}

func TestTimeRanges(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 30)
	receiver.uploadAt(t, moment{start: time.Now().Add(-2 * time.Minute), tags: "service:fresh", attachments: map[string][]byte{"delta-heap.pprof": encode(t, heapProfile())}})
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#total").textContent === "31 profiles"`)
	view.click(`#ranges [data-value="1h"]`)
	view.until(services + ` === "fresh"`)
	view.expect(`location.search`, "?range=1h")
	// The chart has the whole hour, in minutes.
	view.do(chromedp.Focus(chromedp.CSS("#histogram")), chromedp.KeyEvent(kb.Home))
	view.until(`/^\d+ \w+ \d\d:\d\d:00 – (\d+ \w+ )?\d\d:\d\d:00 · 0 uploads$/.test(document.querySelector("#readout").textContent)`)
	// Without uploads and a time range there is no chart.
	view.keys("#filter", "nobody")
	view.until(`document.querySelector(".below").textContent.includes("No upload matches") && !document.querySelector(".search-chart").hidden`)
	view.click(`#ranges [data-value="all"]`)
	view.until(`document.querySelector(".search-chart").hidden`)
	view.text(`(() => { const field = document.querySelector("#filter"); field.value = ""; field.dispatchEvent(new Event("input")); return ""; })()`)
	view.until(`document.querySelector("#total").textContent === "31 profiles"`)

	// By form, in this machine's time.
	view.text(`(() => { const local = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 19);
		const set = (name, ms) => (document.querySelector('#custom-range [name="' + name + '"]').value = local(ms));
		set("from", ` + fmt.Sprint(leakStart.UnixMilli()) + `); set("to", ` + fmt.Sprint(leakStart.Add(10*time.Minute).UnixMilli()) + `); return ""; })()`)
	view.click("#custom-range summary")
	view.click(`#custom-range [type="submit"]`)
	view.until(`document.querySelector("#total").textContent === "10 profiles"`)

	// By dragging over the right half of the chart.
	view.until(`document.querySelector("#readout").textContent.includes("–")`)
	left, top, width, height := view.area("#histogram .plot-over")
	view.drag(left+width/2, top+height/2, left+width-1, top+height/2)
	view.until(`document.querySelector("#total").textContent === "5 profiles"`)

	// By keys: the last bucket and the nine before it.
	view.do(chromedp.Focus(chromedp.CSS("#histogram")), chromedp.KeyEvent(kb.End))
	for range 9 {
		view.do(chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift)))
	}
	before := view.text(`new URLSearchParams(location.search).get("from")`)
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("from") > ` + quote(before))
	view.click(`#ranges [data-value="all"]`)
	view.until(`document.querySelector("#total").textContent === "31 profiles" && location.search === ""`)
	view.clean(t)
}

// Only visible rows are drawn, and new rows above do not move visible ones.
func TestLongListKeepsItsPlace(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	profile := encode(t, heapProfile())
	for i := range 260 {
		receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(i) * time.Minute), tags: fmt.Sprintf("service:s%d", i), attachments: map[string][]byte{"heap.pprof": profile}})
	}
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#total").textContent === "260 profiles"`)
	view.expect(`document.querySelectorAll(".upload-row").length < 60`, "true")
	// All rows can be reached: more are fetched near the end.
	view.do(chromedp.Focus(chromedp.CSS(".upload-row")))
	view.do(chromedp.KeyEvent(kb.End))
	view.until(`document.querySelector(".upload-rows").style.height.slice(0, -2) >= 6000`)
	view.do(chromedp.KeyEvent(kb.End))
	view.until(`document.querySelector(".upload-rows").style.height === "7800px"`)
	view.do(chromedp.KeyEvent(kb.End))
	view.until(`document.activeElement.querySelector(".service").textContent === "s0"`)

	view.text(`String((document.querySelector("#uploads").scrollTop = 3000))`)
	view.until(`document.querySelector('.upload-row[aria-rowindex="105"]')`)
	const offset = `(() => { const row = [...document.querySelectorAll(".upload-row")].find((row) => row.querySelector(".service").textContent === "s155"); return row.getBoundingClientRect().top; })()`
	before := view.text(offset)
	view.text(`(document.querySelector('.upload-row[aria-rowindex="106"]').focus(), "")`)
	receiver.uploadAt(t, moment{start: leakStart.Add(300 * time.Minute), tags: "service:new", attachments: map[string][]byte{"heap.pprof": profile}})
	view.until(`document.querySelector("#total").textContent === "261 profiles"`)
	view.expect(offset, before)
	view.expect(`document.activeElement.querySelector(".service").textContent`, "s155")
	view.clean(t)
}

func TestChooseOpenAndCompare(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 6)
	view := chromium.search(t, receiver, "service=shop")
	view.expect(`document.querySelector("#picked").textContent`, "All 6 shown")
	view.click(`[data-upload="2"] .choose`)
	view.until(`document.querySelector("#picked").textContent === "1 chosen"`)
	// By keys: Space chooses a row, Shift with an arrow extends the choice.
	view.do(chromedp.Focus(chromedp.CSS(`[data-upload="4"]`)), chromedp.KeyEvent(" "))
	view.do(chromedp.KeyEvent(kb.ArrowUp, chromedp.KeyModifiers(chromedp.ModifierShift)))
	view.until(`document.querySelector("#picked").textContent === "3 chosen"`)
	view.expect(`new URLSearchParams(location.search).get("sel")`, "2,4,5")
	view.do(chromedp.Reload())
	view.until(`document.querySelectorAll('.upload-row[aria-selected="true"]').length === 3`)
	view.click("#set-baseline")
	view.until(`document.querySelector("#baseline").textContent.includes("3 uploads")`)
	view.until(`document.querySelector("#picked").textContent === "All 6 shown"`)
	view.click(`[data-upload="6"] .choose`)
	view.until(`document.querySelector("#picked").textContent === "1 chosen"`)
	view.click("#compare")
	view.until(`location.pathname === "/compare"`)
	view.expect(`new URLSearchParams(location.search).get("ids") + " " + new URLSearchParams(location.search).get("base.ids")`, "6 2,4,5")
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#open-merged")`)
	view.click("#clear-choice")
	view.until(`document.querySelector("#picked").textContent === "All 6 shown"`)
	view.click("#open-merged")
	view.until(`location.pathname === "/profile" && document.querySelector("#facts").textContent.includes("6 profiles")`)
	view.do(chromedp.NavigateBack())
	// A row opens its upload.
	view.until(`document.querySelector('[data-upload="3"]')`)
	view.do(chromedp.Focus(chromedp.CSS(`[data-upload="3"]`)), chromedp.KeyEvent(kb.Enter))
	view.until(`location.pathname + location.search === "/profile?ids=3"`)
	view.clean(t)
}

func TestHostileTagsStayText(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:" + hostile + ",host:" + hostile + ",x" + hostile + ":y", attachments: map[string][]byte{"heap.pprof": encode(t, heapProfile())}})
	view := chromium.search(t, receiver, "")
	view.until(services + ` === ` + quote(hostile))
	view.click(`.facet[data-facet="host"] .facet-value`)
	view.until(`location.search.includes("host=")`)
	for _, address := range []string{"profile?ids=1&tab=runtime", "profile?ids=1&tab=metrics", "profile?ids=1&tab=analysis", "compare?ids=1&base.service=" + url.QueryEscape(hostile)} {
		view.do(chromedp.Navigate(receiver.url + address))
		view.until(`document.querySelector(".runtime tr, .metric, #findings li, #compare-notice .notice, #change")`)
		view.expect(`document.images.length + " " + (document.title === "pwned")`, "1 false") // the mark in the bar
	}
	view.clean(t)
}
