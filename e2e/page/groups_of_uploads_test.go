package page

// Grouped by a tag of the uploads: a line for each value in the charts, a table of values, and the values as first level of the graph. And
// where versions change: marks in the charts, of which one click compares.

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/cmemprof/cmemprof/e2e/built"
)

const hosts = 14

// Ten uploads of 14 hosts, of which db-3 leaks: 3 MB of C memory on all, 300 MB on that one in the end.
func (r *receiver) uploadHosts(t testing.TB) {
	t.Helper()
	for i := range 10 {
		for host := range hosts {
			leaked := int64(0)
			if host == 3 {
				leaked = int64(11*i) + 1*int64(i/9)
			}
			r.uploadAt(t, moment{
				start:       leakStart.Add(time.Duration(i) * time.Minute),
				tags:        fmt.Sprintf("service:shop,env:prod,version:1.0,host:db-%02d,runtime:go,language:go,runtime-id:%d,region:%s", host, host, []string{"eu", "us"}[host%2]),
				attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(leaked))},
			})
		}
	}
	r.measured(t, "/api/uploads?limit=200&measures=1")
}

const (
	valueRows  = `[...document.querySelectorAll("#values tbody tr:not(.gap)")].map((row) => [...row.children].map((one) => one.textContent).join(" ")).join("; ")`
	heapCard   = `document.querySelector('.metric[data-series="c_live_bytes"]')`
	grouped    = `document.querySelectorAll("#values tbody tr:not(.gap)").length > 1 && ` + heapCard + `.querySelector("canvas")`
	chooseHost = `(() => { const list = document.querySelector('[aria-label="Group uploads"]'); list.value = "tag:host"; list.dispatchEvent(new Event("change")); return ""; })()`
)

// A mean over 14 hosts hides the one that leaks; as lines it is the highest.
func TestALineForEachHost(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadHosts(t)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&tab=metrics", heapCard+`?.querySelector("canvas")`)
	view.expect(heapCard+`.querySelector("b").textContent`, "24.4 MB") // the mean
	view.expect(`[...document.querySelector('[aria-label="Group uploads"]').options].map((one) => one.textContent).join()`, "Not grouped,By host,By region,By runtime-id")
	view.text(chooseHost)
	view.until(grouped)
	view.expect(`new URLSearchParams(location.search).get("group_by")`, "tag:host")
	view.expect(heapCard+`.querySelector("b").textContent`, "db-03 303 MB")
	view.until(valueRows + `.startsWith("db-03 ")`) // the largest first
	view.expect(`document.querySelector("#values p").textContent`, "each chart has the 12 highest values, and the mean of all others")

	// What the lines are, under the cursor of the keyboard.
	view.do(chromedp.Focus(chromedp.CSS(`.metric[data-series="c_live_bytes"] .chart`)), chromedp.KeyEvent(kb.End))
	view.until(heapCard + `.querySelector(".chart").getAttribute("aria-label").includes("db-03 303 MB, db-00 3 MB")`)
	view.until(heapCard + `.querySelector(".chart").getAttribute("aria-label").endsWith("mean of 2 others 3 MB")`)

	// Each chart says which line is whose, and no two look alike.
	view.expect(heapCard+`.querySelectorAll(".lines li").length`, "13")
	view.expect(`[...document.querySelectorAll(".metric")].filter((card) => { const marks = [...card.querySelectorAll(".lines .swatch")].map((one) => one.className + one.style.cssText); return marks.length === 0 || new Set(marks).size < marks.length; }).length`, "0")
	view.expect(heapCard+`.querySelector(".lines").textContent.slice(0, 10)`, "db-03db-00")

	// Another order, and a value as a filter; Back leads to all.
	view.click(`#values [data-order="value"]`)
	view.until(valueRows + `.startsWith("db-00 ")`)
	view.expect(`new URLSearchParams(location.search).get("by")`, "value")
	view.do(chromedp.Focus(chromedp.CSS("#values .virtual-table")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("host") === "db-01" && !new URLSearchParams(location.search).has("group_by")`)
	view.until(`document.querySelector("#values").hidden && ` + heapCard + `.querySelector("b").textContent === "3 MB"`)
	view.do(chromedp.NavigateBack())
	view.until(grouped)

	// By another tag, which becomes a filter as a tag.
	view.goTo(receiver.url+"profile?service=shop&tab=metrics&group_by=tag:region", grouped)
	view.click(`#values tbody tr:not(.gap) td.name`)
	view.until(`new URLSearchParams(location.search).get("tag") === "region:us"`)
	// It takes the place of another one of the key, and leaves those of other keys.
	view.goTo(receiver.url+"profile?service=shop&tab=metrics&group_by=tag:region&tag=region:eu&tag=region:us&tag=host:db-03&tag=host:db-04", grouped)
	view.click(`#values tbody tr:not(.gap) td.name`)
	view.until(`new URLSearchParams(location.search).getAll("tag").join() === "host:db-03,host:db-04,region:us"`)
	view.clean(t)
}

// What stands for no value, or for two, is no filter.
func TestValuesThatAreNoFilter(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for i, tags := range []string{"", ",region:eu,region:us", ",region:eu"} {
		for at := range 3 {
			receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(at) * time.Minute), tags: fmt.Sprintf("service:shop,runtime-id:%d", i) + tags,
				attachments: map[string][]byte{"heap.pprof": encode(t, leakProfile(1))}})
		}
	}
	view := chromium.open(t)
	const cells = `[...document.querySelectorAll("#values tbody tr:not(.gap) td.name")]`
	view.goTo(receiver.url+"profile?service=shop&tab=metrics&group_by=tag:region&by=value", cells+`.length === 3`)
	for _, value := range []string{"(none)", "eu,us"} {
		view.text(`(` + cells + `.find((one) => one.textContent === ` + quote(value) + `).click(), "")`)
		view.expect(`new URLSearchParams(location.search).get("group_by") + new URLSearchParams(location.search).has("tag")`, "tag:regionfalse")
	}
	view.text(`(` + cells + `.find((one) => one.textContent === "eu").click(), "")`)
	view.until(`new URLSearchParams(location.search).get("tag") === "region:eu"`)
	view.clean(t)
}

// A report by a tag has the tag as a label of its samples, which it filters by as the page does.
func TestReportByHost(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadHosts(t)
	view := chromium.open(t)
	const shown = "profile?service=shop&gauges=last&attachment=delta-heap.pprof&group_by=tag:host"
	const ofOne = `document.querySelector("#frame").textContent === "all · 311 MB"`
	view.goTo(receiver.url+shown, graphReady)
	view.click("#export")
	report := view.exported(t, receiver, `.popup [data-action="html"]`, graphReady)
	address, _, _ := strings.Cut(report.text(`location.href`), "#")
	report.goTo(address+"#/"+shown+"&label=tag:host:db-03", ofOne)
	view.goTo(receiver.url+shown+"&label=tag:host:db-03", ofOne)
	report.cleanBut(t, "another host: file://")
	view.clean(t)
}

// The search page's measure as lines, with their names; the address has it, and links to profiles take it along.
func TestHistogramByHost(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadHosts(t)
	view := chromium.search(t, receiver, "service=shop")
	view.expect(`document.querySelector("#lines").checkVisibility()`, "false")
	view.until(`document.querySelector('[aria-label="Group uploads"]')`)
	view.text(chooseHost)
	view.until(`new URLSearchParams(location.search).get("group_by") === "tag:host" && document.querySelectorAll("#lines li").length === 13`)
	view.expect(`document.querySelector("#lines li").textContent + ", " + document.querySelector("#lines li:last-child").textContent`, "db-03, mean of 2 others")
	view.do(chromedp.Focus(chromedp.CSS("#histogram")), chromedp.KeyEvent(kb.End))
	view.until(`document.querySelector("#readout").textContent.endsWith(" · 14 uploads · db-03 303 MB · db-00 3 MB · db-01 3 MB")`)
	view.accessible(t, "histogram by host")
	view.text(`(document.querySelector("#measure select, select#measure").value = "none", document.querySelector("#measure select, select#measure").dispatchEvent(new Event("change")), "")`)
	view.until(`!document.querySelector("#lines").checkVisibility()`)
	view.clean(t)
}

// Names of any length are cut, and one chosen value is nothing to group by.
func TestNamesOfLines(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for i, service := range []string{"shop", "shop", "cart"} {
		receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(i) * time.Minute), tags: fmt.Sprintf("service:%s,host:%d-%s,runtime-id:%d", service, i, strings.Repeat("x", 60), i),
			attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(1))}})
	}
	receiver.measured(t, "/api/uploads?limit=200&measures=1")
	view := chromium.open(t)
	const options = `[...document.querySelector('[aria-label="Group uploads"]')?.options ?? []].map((one) => one.textContent).join()`
	view.goTo(receiver.url+"profile?tab=metrics&group_by=tag:host", grouped)
	view.expect(heapCard+`.querySelector(".lines li").textContent.length`, "20")
	view.expect(heapCard+`.querySelector(".lines li").title.length`, "62")
	view.until(options + `.includes("By service")`)
	view.goTo(receiver.url+"profile?tab=metrics&service=shop", heapCard+`?.querySelector("canvas")`)
	view.expect(options, "Not grouped,By host,By runtime-id")
	// Without the list of what to group by the charts are there all the same.
	view.text(`(window.fetch = ((real) => (to, ...how) => (String(to.url ?? to).includes("/api/facets") ? Promise.reject(new Error("failed")) : real(to, ...how)))(window.fetch), "")`)
	view.text(chooseHost)
	view.until(heapCard + `?.querySelectorAll(".lines li").length === 2`)
	view.expect(options, "Not grouped,By host")
	view.clean(t)
}

// The same as a flame graph: values add up, in the graph and in its table.
func TestGraphGroupedByHost(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadHosts(t)
	view := chromium.profile(t, receiver, "service=shop&gauges=last")
	view.do(chromedp.Focus(chromedp.CSS("#labels summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector('#labels [data-group="tag:host"]')`)
	view.accessible(t, "tags to group by")
	view.do(chromedp.Focus(chromedp.CSS(`#labels [data-group="tag:host"]`)), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector('#filters [data-filter="group_by"] b')?.textContent === "host"`)
	view.expect(`new URLSearchParams(location.search).get("group_by")`, "tag:host")
	view.do(chromedp.KeyEvent(kb.Escape))
	view.until(`document.querySelector("#frame").textContent === "all · 454 MB"`) // 14 times 8 MB and 3 MB, and 300 MB
	view.expect(`document.querySelector("#processes").getAttribute("aria-pressed")`, "true")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent.startsWith("db-03 · host · 311 MB, ")`)
	// Not added up: the mean over all processes, of which each value is a part.
	view.click("#processes")
	view.until(`new URLSearchParams(location.search).get("processes") === "each" && document.querySelector("#frame").textContent.includes("32.4 MB")`)
	view.click("#processes")
	view.until(`document.querySelector("#frame").textContent.includes("454 MB")`)
	view.goTo(receiver.url+"profile?service=shop&gauges=last&group_by=tag:host&view=table", `document.querySelectorAll("#groups tbody tr:not(.gap)").length === 14`)
	view.expect(`document.querySelector("#groups td.name").textContent`, "db-03")
	view.accessible(t, "table of hosts")
	// One upload has one value: it is shown as it is.
	view.goTo(receiver.url+"profile?ids=1&group_by=tag:host&attachment=delta-heap.pprof", `document.querySelector("#frame").textContent === "all · 11 MB"`)
	view.clean(t)
}

// A rollout: 1.1, which leaks, begins on one of two hosts at the 15th minute and on the other five minutes later.
func (r *receiver) uploadRollout(t testing.TB) {
	t.Helper()
	for i := range 30 {
		for host := range 2 {
			minor, leaked := 0, int64(1)
			if i >= 15+5*host {
				minor, leaked = 1, int64(10)
			}
			r.uploadAt(t, moment{
				start:       leakStart.Add(time.Duration(i) * time.Minute),
				tags:        fmt.Sprintf("service:shop,env:prod,version:1.%d,host:db-%d,runtime:go,language:go,runtime-id:%d-%d", minor, host, host, minor),
				attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(leaked))},
			})
		}
	}
	r.measured(t, "/api/uploads?limit=200&measures=1")
}

// expectComparison waits for the comparison of both versions, a quarter of an hour each, and what grew in it.
func (view *tab) expectComparison(t *testing.T) {
	t.Helper()
	view.until(`location.pathname === "/compare" && ` + compareReady)
	query, err := url.ParseQuery(view.text(`location.search.slice(1)`))
	if err != nil {
		t.Fatal(err)
	}
	at := leakStart.Add(15 * time.Minute)
	for name, want := range map[string]string{"service": "shop", "env": "prod", "base.env": "prod", "version": "1.1", "from": fmt.Sprint(at.UnixMilli()), "to": fmt.Sprint(at.Add(15 * time.Minute).UnixMilli()),
		"base.service": "shop", "base.version": "1.0", "base.from": fmt.Sprint(leakStart.UnixMilli()), "base.to": fmt.Sprint(at.UnixMilli())} {
		if got := query.Get(name); got != want {
			t.Errorf("%s of the comparison: %q, expected %q", name, got, want)
		}
	}
	view.expect(`document.querySelector("#change").textContent`, "+27 MB (+192.9 %)") // 33 MB and 8 MB; before 6 MB and 8 MB
	view.until(functionRows + `.includes("sqlite3MemMalloc")`)
}

func TestVersionMarks(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadRollout(t)
	view := chromium.open(t)
	const link = `document.querySelector("#versions a")`
	for _, place := range []struct{ address, ready string }{
		{"profile?service=shop&tab=metrics", heapCard + `?.querySelector("canvas")`},
		{"profile?service=shop&tab=analysis", `document.querySelector("#finding-count")`},
		{"?service=shop", `document.querySelector("#histogram canvas")`},
	} {
		// By the keyboard, of the line above the charts.
		view.goTo(receiver.url+place.address, place.ready+` && `+link)
		view.expect(`document.querySelectorAll("#versions a").length`, "1")
		view.expect(link+`.textContent.startsWith("1.0 → 1.1, ")`, "true")
		view.expect(link+`.title`, "Compare shop (prod) 1.1 with 1.0 before it")
		view.do(chromedp.Focus(chromedp.CSS("#versions a")), chromedp.KeyEvent(kb.Enter))
		view.expectComparison(t)
		view.do(chromedp.NavigateBack())
		view.until(place.ready + ` && ` + link)
	}

	// By a click on the mark in a chart, whose times are the ends of uploads.
	view.goTo(receiver.url+"profile?service=shop&tab=metrics", heapCard+`?.querySelector("canvas") && `+link)
	left, top, width, height := view.area(`.metric[data-series="c_live_bytes"] .plot-over`)
	x := left + width*14/29
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, x, top+height/2))
	view.until(heapCard + `.querySelector(".chart").classList.contains("on-mark") && ` + heapCard + `.querySelector(".chart").title.startsWith("shop (prod): 1.0 → 1.1, ")`)
	view.do(chromedp.MouseClickXY(x, top+height/2))
	view.expectComparison(t)
	view.do(chromedp.NavigateBack())
	view.until(heapCard + `?.querySelector("canvas")`)
	// Beside it a click does nothing, and a stretch that ends on it is a stretch.
	view.until(heapCard + `?.querySelector("canvas") && ` + link)
	left, top, width, height = view.area(`.metric[data-series="c_live_bytes"] .plot-over`)
	view.do(chromedp.MouseClickXY(left+width/4, top+height/2))
	view.expect(`location.pathname`, "/profile")
	view.drag(left+width/4, top+height/2, left+width*14/29, top+height/2)
	view.until(`location.pathname === "/profile" && /^\d+-\d+$/.test(new URLSearchParams(location.search).get("zoomed"))`)
	view.clean(t)
}

// A receiver that removes nothing for its age: annotations go with the age of --retention, and leakStart is long ago.
func keepsAnnotations(t testing.TB) *receiver {
	t.Helper()
	return &receiver{built.Receiver(t, "--retention", "10GB") + "/"}
}

// Moments that were marked by the interface are in the charts and above them, of the service that they are of and of all.
func TestAnnotations(t *testing.T) {
	t.Parallel()
	receiver := keepsAnnotations(t)
	receiver.uploadRollout(t)
	at := leakStart.Add(7 * time.Minute)
	for _, body := range []string{
		fmt.Sprintf(`{"time": %d, "text": "deploy <b>7</b>", "service": "shop", "link": "https://ci.example/run/7"}`, at.UnixMilli()),
		fmt.Sprintf(`{"time": %d, "text": "cables", "tags": []}`, at.Add(time.Minute).UnixMilli()),
		fmt.Sprintf(`{"time": %d, "text": "of another", "service": "cart"}`, at.UnixMilli()),
	} {
		response, err := http.Post(receiver.url+"api/annotations", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatal(response.Status)
		}
	}
	view := chromium.open(t)
	const texts = `[...document.querySelectorAll("#versions .annotation b")].map((one) => one.textContent).join("; ")`
	for _, place := range []struct{ address, ready string }{
		{"?service=shop", `document.querySelector("#histogram canvas")`},
		{"profile?service=shop&tab=analysis", `document.querySelector("#finding-count")`},
		{"profile?service=shop&tab=metrics", heapCard + `?.querySelector("canvas")`},
	} {
		view.goTo(receiver.url+place.address, place.ready+` && `+texts+` === "deploy <b>7</b>; cables"`)
		view.expect(`document.querySelectorAll("#versions .annotation a").length`, "1")
		view.expect(`(({ href, rel, target }) => [href, rel, target].join())(document.querySelector("#versions .annotation a"))`, "https://ci.example/run/7,noopener noreferrer,_blank")
	}
	view.accessible(t, "annotations")
	left, top, width, height := view.area(`.metric[data-series="c_live_bytes"] .plot-over`)
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+width*6/29, top+height/2)) // times are the ends of uploads
	view.until(heapCard + `.querySelector(".chart").title === "deploy <b>7</b>"`)
	view.clean(t)
}

// A moment is marked and its mark removed on the page, by the keyboard alone; the receiver's words stand in the dialog where it refuses.
func TestMarkingAMoment(t *testing.T) {
	t.Parallel()
	receiver := keepsAnnotations(t)
	receiver.uploadRollout(t)
	view := chromium.open(t)
	const texts = `[...document.querySelectorAll("#versions .annotation b")].map((one) => one.textContent).join("; ")`
	const closed = `!document.querySelector("dialog[open]")`
	const title = heapCard + `.querySelector(".chart").title`
	ready := heapCard + `?.querySelector("canvas") && document.querySelector("#versions a")`
	view.goTo(receiver.url+"profile?service=shop&env=prod&tab=metrics", ready)

	// In a chart, at its cursor.
	view.do(chromedp.Focus(chromedp.CSS(`.metric[data-series="c_live_bytes"] .chart`)), chromedp.KeyEvent(kb.Home))
	view.press("a")
	view.until(`document.activeElement.name === "text"`)
	view.expect(`[...document.querySelectorAll("#mark-moment input")].slice(2).map((one) => one.value).join()`, "shop,env:prod,")
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#mark-moment .ask-fault").textContent.startsWith("text is missing")`)
	view.do(chromedp.KeyEvent("cables <b>1</b>"), chromedp.KeyEvent(kb.Enter))
	view.until(closed + ` && ` + texts + ` === "cables <b>1</b>"`)
	view.expect(`document.querySelectorAll("#versions a").length`, "1") // the change of the version
	left, top, width, height := view.area(`.metric[data-series="c_live_bytes"] .plot-over`)
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+1, top+height/2))
	view.until(title + ` === "cables <b>1</b>"`)
	got := string(receiver.get(t, "/api/annotations"))
	if first := leakStart.Add(time.Minute).UnixMilli(); !strings.Contains(got, fmt.Sprintf(`"time_ms":%d`, first)) || !strings.Contains(got, `["service:shop","env:prod"]`) {
		t.Errorf("%s, not of %d", got, first)
	}

	// By the button, of all services, with a link.
	view.do(chromedp.Focus(chromedp.CSS("#mark")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.activeElement.name === "text"`)
	view.keys(`#mark-moment [name="text"]`, "deploy 7")
	at := leakStart.Add(11 * time.Minute)
	view.text(`((one) => (one.value = new Date(` + fmt.Sprint(at.UnixMilli()) + ` - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 19)))(document.querySelector('#mark-moment [name="time"]'))`)
	view.text(`(document.querySelector('#mark-moment [name="service"]').value = document.querySelector('#mark-moment [name="tags"]').value = "")`)
	view.keys(`#mark-moment [name="link"]`, "https://ci.example/run/7")
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(closed + ` && ` + texts + ` === "cables <b>1</b>; deploy 7"`)
	view.expect(`document.querySelector("#versions .annotation a").href`, "https://ci.example/run/7")
	view.do(chromedp.MouseEvent(chromedp.MouseMoved, left+width*10/29, top+height/2))
	view.until(title + ` === "deploy 7"`)

	// The search has it too, and removes it.
	view.goTo(receiver.url+"?service=shop", `document.querySelector("#histogram canvas") && `+texts+` === "cables <b>1</b>; deploy 7"`)
	view.do(chromedp.Focus(chromedp.CSS("#versions .annotation button")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#remove-mark[open]")`)
	view.do(chromedp.KeyEvent(kb.Escape))
	view.until(closed)
	view.expect(texts, "cables <b>1</b>; deploy 7")
	view.do(chromedp.Focus(chromedp.CSS("#versions .annotation button")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#remove-mark[open]")`)
	view.do(chromedp.Focus(chromedp.CSS(`#remove-mark button[type="submit"]`)), chromedp.KeyEvent(kb.Enter))
	view.until(closed + ` && ` + texts + ` === "deploy 7"`)
	view.until(`document.activeElement.id === "mark"`) // what opened the dialog is no more
	view.cleanBut(t, "400")
}

// At three widths, light and dark, the dialogs fit and are accessible.
func TestMarkingAtThreeWidths(t *testing.T) {
	t.Parallel()
	receiver := keepsAnnotations(t)
	receiver.uploadRollout(t)
	body := fmt.Sprintf(`{"time": %d, "text": "deploy 7", "link": "https://ci.example/run/7"}`, leakStart.Add(7*time.Minute).UnixMilli())
	response, err := http.Post(receiver.url+"api/annotations", "application/json", strings.NewReader(body))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", err, response)
	}
	response.Body.Close()
	view := chromium.open(t)
	const marked = `document.querySelector("#versions .annotation")`
	view.fits(t, receiver.url, "marks", [][2]int64{{1920, 1080}, {1280, 800}, {390, 844}}, []shownPage{
		{"search", "?service=shop", marked + ` && document.querySelector(".upload-row")`},
		{"metrics", "profile?service=shop&tab=metrics", heapCard + `?.querySelector("canvas") && ` + marked},
		{"analysis", "profile?service=shop&tab=analysis", `document.querySelector("#finding-count") && ` + marked},
	})
	for _, scheme := range []string{"light", "dark"} {
		view.prefer(scheme)
		for _, width := range []int64{1920, 1280, 390} {
			for _, opener := range []string{"#mark", "#versions .annotation button"} {
				view.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(receiver.url+"profile?service=shop&tab=metrics"))
				view.until(heapCard + `?.querySelector("canvas") && document.querySelector("#versions .annotation")`)
				view.click(opener)
				view.until(`document.querySelector("dialog[open]")`)
				view.expect(`((box) => box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight)(document.querySelector("dialog[open]").getBoundingClientRect())`, "true")
				view.accessible(t, fmt.Sprintf("%s at %d, %s", opener, width, scheme))
			}
		}
	}
	view.clean(t)
}

// Each environment has its own changes, and what was chosen beside the service is chosen on both sides of a comparison.
func TestVersionMarksOfAChoice(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for i := range 20 {
		for place, env := range []string{"prod", "staging"} {
			minor := 0
			if i >= 15-5*place {
				minor = 1
			}
			receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(i) * time.Minute),
				tags:        fmt.Sprintf("service:shop,env:%s,version:1.%d,host:db-%d,runtime-id:%s-%d,region:eu", env, minor, place, env, minor),
				attachments: map[string][]byte{"heap.pprof": encode(t, leakProfile(1))}})
		}
	}
	view := chromium.search(t, receiver, "service=shop&tag=region:eu&q=db")
	const texts = `[...document.querySelectorAll("#versions a")].map((one) => one.textContent.replace(/,.*/, "")).join("; ")`
	view.until(texts + ` === "shop (staging) 1.0 → 1.1; shop (prod) 1.0 → 1.1"`)
	view.do(chromedp.Focus(chromedp.CSS("#versions a")), chromedp.KeyEvent(kb.Enter))
	view.until(`location.pathname === "/compare" && ` + compareReady)
	query, err := url.ParseQuery(view.text(`location.search.slice(1)`))
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "base."} {
		for name, want := range map[string]string{"service": "shop", "env": "staging", "tag": "region:eu", "q": "db"} {
			if got := query[prefix+name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s%s of the comparison: %q, expected %q", prefix, name, got, want)
			}
		}
	}
	view.clean(t)
}

// Without a service there would be a mark for each of their deploys: of many it is said.
func TestManyVersionChanges(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for service := range 3 {
		for i := range 12 {
			receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(i) * time.Minute),
				tags: fmt.Sprintf("service:s%d,version:1.%d,host:db-1,runtime-id:%d", service, i, i), attachments: map[string][]byte{"heap.pprof": encode(t, leakProfile(1))}})
		}
	}
	view := chromium.search(t, receiver, "")
	view.until(`document.querySelector("#versions").textContent === "33 version changes: choose a service to see them"`)
	view.click(facetValue("service", "s1"))
	view.until(`document.querySelectorAll("#versions a").length === 11`)
	view.clean(t)
}

// At three widths, light and dark, nothing stands beside the window, and all is accessible.
func TestGroupsAtThreeWidths(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadHosts(t)
	receiver.uploadRollout(t)
	view := chromium.open(t)
	const graph, marked = `document.querySelector("#frame").textContent.startsWith("all ·")`, `document.querySelector("#versions a")`
	pages := []shownPage{
		{"metrics-by-host", "profile?service=shop&tab=metrics&group_by=tag:host", grouped + " && " + marked},
		{"profile-by-host", "profile?service=shop&group_by=tag:host", graph},
		{"profile-by-host-table", "profile?service=shop&group_by=tag:host&view=table", `document.querySelector("#groups td.name")`},
		{"search-versions", "?service=shop", marked + ` && document.querySelector(".upload-row")`},
		{"search-by-host", "?service=shop&group_by=tag:host", marked + ` && document.querySelector(".upload-row") && document.querySelector("#lines li")`},
	}
	view.fits(t, receiver.url, "groups", [][2]int64{{1920, 1080}, {1280, 800}, {390, 844}}, pages)
	for _, scheme := range []string{"light", "dark"} {
		view.prefer(scheme)
		for _, width := range []int64{1920, 1280} {
			for _, page := range pages {
				view.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(receiver.url+page.address))
				view.until(page.ready)
				view.accessible(t, fmt.Sprintf("%s at %d, %s", page.name, width, scheme))
			}
		}
	}
	view.clean(t)
}

// An answer that another choice has overtaken is not drawn over that one's.
func TestHistogramOfTheLastChoice(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadHosts(t)
	view := chromium.search(t, receiver, "service=shop")
	view.until(`document.querySelector('[aria-label="Group uploads"]') && document.querySelector("#histogram canvas") && document.querySelector("#measure")`)
	view.text(`(window.ask = fetch, window.fetch = async (path, options) => {
		const answer = await window.ask(path, options);
		if (path.includes("/histogram?") && !path.includes("group_by=")) {
			await new Promise((go) => (window.arrives = go));
			setTimeout(() => (window.arrived = true), 200);
		}
		return answer;
	}, "")`)
	view.text(`(() => { const list = document.querySelector("#measure select"); list.value = "heap_live_bytes"; list.dispatchEvent(new Event("change")); return ""; })()`)
	view.until(`window.arrives`)
	view.text(chooseHost)
	const lines = `document.querySelectorAll("#lines li").length`
	view.until(lines + ` === 13`)
	view.text(`(window.arrives(), "")`)
	view.until(`window.arrived`)
	view.expect(`String(`+lines+`)`, "13")
	view.clean(t)
}
