package page

// A report: the page with its data in one file, opened from a disk without a network.

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const breakOut = `</script><script>alert(1)</script>`

// reportOf runs the command in a folder of its own, which has the profiles by name. Returns the address of report.html there.
func reportOf(t testing.TB, files map[string]*profile.Profile, arguments ...string) string {
	t.Helper()
	folder := t.TempDir()
	for name, p := range files {
		if err := os.WriteFile(filepath.Join(folder, name), encode(t, p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), arguments...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%q: %v\n%s", arguments, err, out)
	}
	return "file://" + filepath.Join(folder, "report.html")
}

// offline opens a tab without a network, in which no dialog may open.
func offline(t testing.TB) *tab {
	t.Helper()
	view := chromium.open(t)
	view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Offline: true}}})
		return err
	}))
	return view
}

const graphReady = `document.querySelector("#frame").textContent.startsWith("all ·")`

// What the receiver's page says of a profile, the report says too: each makes its own trees.
func TestReportSaysWhatThePageSays(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	now, before := labelled(3), labelled(1)
	receiver.uploadProfile(t, "now", now)
	receiver.uploadProfile(t, "before", before)
	address := reportOf(t, map[string]*profile.Profile{"now": now, "before": before}, "report", "-o", "report.html", "now", "before")
	page, report := chromium.open(t), offline(t)
	const said = `[document.querySelector("#frame").textContent,
		...[...document.querySelectorAll(".virtual-table, #change, #labels .labels-list, #sandwich-title, #memory")].filter((one) => one.checkVisibility()).map((one) => one.innerText)].join("\n")`
	for i, shown := range []string{
		"profile?ids=1", "profile?ids=1&view=table", "profile?ids=1&view=table&type=alloc_objects", "profile?ids=1&view=table&memory=C",
		"profile?ids=1&view=table&memory=Go", "profile?ids=1&view=table&owner=program", "profile?ids=1&view=table&label=tenant:b",
		"profile?ids=1&view=table&label=tenant:a&label=tenant:b", "profile?ids=1&view=table&group_by=tenant", "profile?ids=1&group_by=bytes",
		"profile?ids=1&view=sandwich&fn=main.main", "profile?ids=2&view=both&focus=main.main",
		"compare?ids=1&base.ids=2&view=table", "compare?ids=1&base.ids=2&view=table&memory=C", "compare?ids=2&base.ids=1&view=table&type=alloc_space&mode=total",
	} {
		ready := graphReady + ` && !document.querySelector("[aria-busy]")`
		page.goTo(receiver.url+shown, ready)
		report.goTo(fmt.Sprintf("%s?%d#/%s", address, i, shown), ready) // loaded anew, as the page
		if want, got := page.text(said), report.text(said); got != want {
			t.Errorf("%s: the report says\n%s\nthe page\n%s", shown, got, want)
		}
	}
	for view, url := range map[*tab]string{page: receiver.url, report: address + "#/"} {
		view.goTo(url+"profile?ids=1", graphReady)
		view.click("#labels summary")
		view.until(`document.querySelector("#labels section")`)
	}
	if want, got := page.text(said), report.text(said); got != want {
		t.Errorf("labels: the report says\n%s\nthe page\n%s", got, want)
	}
	report.cleanBut(t, "another host: file://")
}

// labelled has C and Go memory, the profiler's own, labels of texts, of numbers and of several values.
func labelled(times int64) *profile.Profile {
	values := func(size int64) []int64 { return []int64{times, size * times, times, size * times / 2} }
	p := build(heapTypes, []stack{
		{[]string{"malloc /libc/malloc.c", "parse /lib/parse.c", "main.main /src/main.go"}, values(40e6), true, map[string]string{"tenant": "a"}},
		{[]string{"malloc /libc/malloc.c", "own /lib/own.c"}, values(1e6), true, map[string]string{"owner": "cmemprof"}},
		{[]string{"main.cache /src/cache.go", "main.main /src/main.go"}, values(8e6), false, map[string]string{"tenant": "b"}},
		{[]string{"main.main /src/main.go", "main.main /src/main.go"}, values(2e6), false, map[string]string{"tenant": ""}},
		{[]string{breakOut + " /src/x.go", "main.main /src/main.go"}, values(3e6), false, nil},
	})
	p.Sample[2].NumLabel, p.Sample[2].NumUnit = map[string][]int64{"bytes": {512}}, map[string][]string{"bytes": {"bytes"}}
	p.TimeNanos, p.DurationNanos = leakStart.UnixNano(), 10e9*times
	return p
}

// Names are never markup, and nothing but the page's own script runs.
func TestReportIsSafe(t *testing.T) {
	t.Parallel()
	names := map[string]*profile.Profile{breakOut2file: build(heapTypes, []stack{{[]string{breakOut + " /src/" + breakOut, hostile + " /src/a.c"}, []int64{1, 2, 3, 4}, true, map[string]string{breakOut: breakOut}}})}
	address := reportOf(t, names, "report", "-o", "report.html", "--title", breakOut+hostile, breakOut2file)
	view := offline(t)
	for i, shown := range []string{"", "#/", "#/profile?ids=1&view=table", "#/profile?ids=1&group_by=" + breakOut} {
		view.goTo(fmt.Sprintf("%s?%d%s", address, i, shown), `document.querySelector("#frame, #report-list")`)
		view.until(`document.querySelector("#frame, #report-list").textContent`)
		view.expect(`document.title.includes("pwned")`, "false")
		view.expect(`document.querySelectorAll("script").length`, "3")
		view.expect(`document.querySelectorAll("img").length`, "1")
	}
	view.goTo(address+"#/profile?ids=1&view=table", functionRows+`.includes("alert(1)")`)
	view.cleanBut(t, "another host: file://")
	view.expect(`(() => { const made = document.createElement("script"); made.textContent = "window.ran = 1"; document.body.append(made); return window.ran; })()`, "undefined")
	view.text(`(fetch("http://127.0.0.1:1/").catch(() => (window.refused = true)), "")`)
	view.until(`window.refused`)
}

const breakOut2file = "<b onclick=alert(1)>"

// Links, the history and the keyboard work as they do on the page; the address behind # says what is shown.
func TestReportOfSeveralFiles(t *testing.T) {
	t.Parallel()
	address := reportOf(t, map[string]*profile.Profile{"after": labelled(3), "before": labelled(1), "more": labelled(2)},
		"report", "-o", "report.html", "--title", "The leak", "before", "after", "more")
	view := offline(t)
	view.goTo(address, `document.querySelectorAll("#report-list li").length === 3`)
	view.expect(`document.querySelector("h1").textContent`, "The leak")
	view.expect(`document.querySelector("#report-list li").innerText`, "before\n\nheap.pprof: 27 MB inuse_space")
	view.click("#report-list li:nth-child(2) .button")
	view.until(`document.querySelector("#change").textContent === "+54 MB (+200.0 %)"`)
	view.expect(`location.hash`, "#/compare?ids=2&base.ids=1")
	view.expect(`document.querySelector("#side-base .facts").textContent`, "uploadbefore")
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelectorAll("#report-list li").length === 3`)
	view.do(chromedp.Focus(chromedp.CSS("#report-list li:nth-child(2) h2 a")), chromedp.KeyEvent(kb.Enter))
	view.until(graphReady)
	view.expect(`document.querySelector("#service").textContent`, "after")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.until(`location.hash.includes("zoom=")`)
	view.click(".skip")
	view.expect(`document.querySelector("#frame").textContent.startsWith("all")`, "false") // the zoom stays
	view.expect(`/\b0 B/.test(document.querySelector("#rail, .rail").innerText)`, "false") // the size of a file is not known
	view.expect(`[...document.querySelectorAll("#tabs button")].map((one) => one.textContent).join()`, "Profiles,Owners")
	// What needs a receiver is not offered.
	for _, selector := range []string{"#downloads", "#gauges", ".side .menu", "#unreachable", "#drop", "#suspects"} {
		view.expect(`!!document.querySelector(`+quote(selector)+`)`, "false")
	}
	// What the report does not have is said.
	view.goTo(address+"#/profile?ids=7", `document.querySelector(".notice").textContent.includes("is not in this report")`)
	view.goTo(address+"#/profile?ids=1,2", `document.querySelector(".notice").textContent.includes("is not in this report")`)
	view.cleanBut(t, "another host: file://")
}

// A file that is cut short says so, wherever that is, and asks for nothing.
func TestReportCutShort(t *testing.T) {
	t.Parallel()
	address := reportOf(t, map[string]*profile.Profile{"a": labelled(1)}, "report", "-o", "report.html", "a")
	file := strings.TrimPrefix(address, "file://")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Index(whole, []byte(`id="report">`))
	if data < 0 {
		t.Fatal("no data")
	}
	view := offline(t)
	said := `document.body.innerText.includes("the file is cut short")`
	for at, read := range map[int]string{
		bytes.Index(whole, []byte("<script>")): said, // before any script
		data - 1000:                            said, // in the page's
		data - 5:                               said + ` && document.querySelector(".notice")`,
		data + 100:                             said + ` && document.querySelector(".notice")`,
	} {
		part := filepath.Join(t.TempDir(), "part.html")
		if err := os.WriteFile(part, whole[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		view.goTo("file://"+part, read)
	}
	view.goTo(address, graphReady)
	view.expect(`document.querySelector("#loading")`, "null")
	view.cleanBut(t, "another host: file://")
}

// Sums of 64 bits stay at their limits, in a report as in the receiver; an address of no page leads to what there is.
func TestReportAtLimits(t *testing.T) {
	t.Parallel()
	most := []int64{1, math.MaxInt64 - 1, 1, math.MaxInt64 - 1}
	p := build(heapTypes, []stack{
		{[]string{"one /a.go", "main.main /src/main.go"}, most, false, nil},
		{[]string{"two /a.go", "main.main /src/main.go"}, most, false, nil},
	})
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "a", p)
	page, report := chromium.open(t), offline(t)
	address := reportOf(t, map[string]*profile.Profile{"a": p}, "report", "-o", "report.html", "a")
	page.goTo(receiver.url+"profile?ids=1&type=inuse_space", graphReady)
	report.goTo(address+"#/profile?ids=1&type=inuse_space", graphReady)
	const said = `document.querySelector("#frame").textContent`
	if want, got := page.text(said), report.text(said); got != want {
		t.Errorf("the report says %q, the page %q", got, want)
	}
	report.goTo(address+"?1#/nowhere", `document.querySelector("#no-such-page")`)
	report.expect(`document.querySelector("#no-such-page p").textContent`, "This report has no page at /nowhere.")
	report.click("#no-such-page a")
	report.until(`document.querySelector("#report-list li")`)
	report.cleanBut(t, "another host: file://")
	// Without a sample there is a report all the same.
	report.goTo(reportOf(t, map[string]*profile.Profile{"a": build(heapTypes, nil)}, "report", "-o", "report.html", "a"), `document.querySelector("#frame, .notice, .empty")`)
	report.cleanBut(t, "another host: file://")
}

// convert makes one of several files, and of memory.pprof with its ages.
func TestConvertToHTML(t *testing.T) {
	t.Parallel()
	view := offline(t)
	view.goTo(reportOf(t, map[string]*profile.Profile{"a": labelled(1), "b": labelled(3)}, "convert", "--to", "html", "--type", "alloc_space", "-o", "report.html", "a", "b"), graphReady)
	view.expect(`document.querySelector("#frame").textContent`, "all · 216 MB")
	view.goTo(reportOf(t, map[string]*profile.Profile{"a": agedProfile()}, "convert", "--to", "html", "-o", "report.html", "a"), graphReady)
	view.expect(`[...document.querySelectorAll('[aria-label="Colour"] option')].map((one) => one.value).join()`, "kind,package,part,age")
	view.cleanBut(t, "another host: file://")
}

func TestReportFits(t *testing.T) {
	t.Parallel()
	address := reportOf(t, map[string]*profile.Profile{"after": labelled(3), "before": labelled(1)}, "report", "-o", "report.html", "before", "after")
	view := offline(t)
	view.fits(t, address, "report", [][2]int64{{1920, 1080}, {1280, 800}, {390, 844}}, []shownPage{
		{"list", "#/", `document.querySelectorAll("#report-list li").length === 2`},
		{"graph", "#/profile?ids=2", graphReady},
		{"table", "#/profile?ids=2&view=table", `document.querySelector("#functions td").checkVisibility()`},
		{"compare", "#/compare?ids=2&base.ids=1", compareReady},
	})
	for i, size := range [][2]int64{{1920, 1080}, {1280, 800}, {390, 844}} {
		view.do(chromedp.EmulateViewport(size[0], size[1]))
		view.goTo(fmt.Sprintf("%s?%d#/", address, i), `document.querySelectorAll("#report-list li").length === 2`)
		view.accessible(t, "list of a report")
		view.goTo(fmt.Sprintf("%s?%d#/profile?ids=2", address, i), graphReady)
		view.accessible(t, "graph of a report")
		view.goTo(fmt.Sprintf("%s?%d#/compare?ids=2&base.ids=1", address, i), compareReady)
		view.accessible(t, "comparison in a report")
	}
	view.cleanBut(t, "another host: file://")
}

// exported opens, without a network, the report that the page's link leads to.
func (view *tab) exported(t *testing.T, receiver *receiver, link, ready string) *tab {
	t.Helper()
	target, err := url.Parse(view.text(`document.querySelector(` + quote(link) + `).href`))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, receiver.get(t, target.RequestURI()), 0o600); err != nil {
		t.Fatal(err)
	}
	report := offline(t)
	report.goTo("file://"+file, ready)
	return report
}

// Every view is exported as it is shown, and says the same in the report.
func TestExportOfAnyViewAsHTML(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadGrowth(t)
	receiver.uploadMemory(t, "db-9", 20)
	receiver.measured(t, "/api/uploads?limit=100&measures=1")
	const said = `[...document.querySelectorAll("#frame, #facts, #service, #memory-headline, #memory-outlook, #memory-parts, #memory-verdict h3, #memory-nothing, #finding-count, .finding h3, .finding .evidence, #change, .side-sums, .metric h3")].map((one) => one.innerText).join("\n")`
	for _, shown := range []struct{ name, address, ready, link string }{
		{"one upload", "profile?ids=7&type=alloc_space&find=sqlite", graphReady, `.popup [data-action="html"]`},
		{"merged", "profile?service=shop&host=db-1&memory=C&ignore=main.cache", graphReady, `.popup [data-action="html"]`},
		{"the last of each", "profile?service=shop&host=db-1&gauges=last", graphReady, `.popup [data-action="html"]`},
		{"growth", "profile?service=shop&gauges=growth&memory=C", graphReady, `.popup [data-action="html"]`},
		{"difference", "compare?ids=9&base.ids=3&attachment=delta-heap.pprof&memory=C", compareReady, `.popup [data-action="html"]`},
		{"difference of many", "compare?host=db-1&base.host=db-0&type=alloc_space", compareReady, `.popup [data-action="html"]`},
		{"memory", "profile?host=db-9&tab=memory", memoryReady, "#report"},
		{"analysis", "profile?host=db-9&tab=analysis", `document.querySelector(".finding canvas")`, "#report"},
		{"metrics", "profile?host=db-9&tab=metrics", `document.querySelectorAll(".metric canvas").length > 5`, "#report"},
	} {
		page := chromium.open(t)
		page.goTo(receiver.url+shown.address, shown.ready+` && !document.querySelector("[aria-busy]")`)
		if shown.link != "#report" {
			page.click("#export")
		}
		report := page.exported(t, receiver, shown.link, shown.ready+` && !document.querySelector("[aria-busy]")`)
		if want, got := page.text(said), report.text(said); got != want || want == "" {
			t.Errorf("%s: the report says\n%s\nthe page\n%s", shown.name, got, want)
		}
		report.expect(`document.title`, page.text(`document.title`))
		report.cleanBut(t, "another host: file://")
		page.clean(t)
		report.close()
		page.close()
	}
}

// A broken profile and one of another tool are no reason to have no report, and are said.
func TestReportSaysWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": encode(t, heapProfile()), "broken.pprof": []byte("no profile"), "go.trace": []byte("go 1.22 trace")})
	page := chromium.profile(t, receiver, "ids=1")
	page.click("#export")
	report := page.exported(t, receiver, `.popup [data-action="html"]`, graphReady)
	report.expect(`document.querySelector("#rail, .rail").textContent.includes("go.trace")`, "false")
	report.goTo(strings.Split(report.text(`location.href`), "#")[0]+"#/profile?ids=1&attachment=broken.pprof", `document.querySelector("#other .notice").textContent.includes("not a readable profile")`)
	report.cleanBut(t, "another host: file://")
}

// The graph as a picture, made by the browser: on the page, and in a report, which offers nothing else.
func TestPicture(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	address := reportOf(t, map[string]*profile.Profile{"a": heapProfile()}, "report", "-o", "report.html", "a")
	for _, url := range []string{receiver.url + "profile?ids=1", address} {
		view := chromium.open(t)
		view.goTo(url, graphReady)
		view.text(`(URL.createObjectURL = (blob) => (blob.arrayBuffer().then((bytes) => (window.picture = [blob.type, ...new Uint8Array(bytes).slice(1, 4)].join())), "#"), HTMLAnchorElement.prototype.click = function () { window.file = this.download; }, "")`)
		view.click("#export")
		if url == address {
			view.expect(`document.querySelectorAll(".popup [data-action]").length`, "1")
			view.accessible(t, "export of a report")
		}
		view.click(`.popup [data-action="png"]`)
		view.until(`window.picture && window.file`)
		view.expect(`window.picture + " " + window.file`, "image/png,80,78,71 cmemprof.png")
		view.click(`#view [data-value="table"]`)
		view.until(`document.querySelector("#functions").checkVisibility()`)
		view.expect(`!!document.querySelector("#export")`, map[bool]string{true: "false", false: "true"}[url == address])
		view.cleanBut(t, "another host: file://")
	}
}
