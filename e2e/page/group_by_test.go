package page

// Grouped by a label: its values are the first level, as a graph and as a table, for every profile whose samples have labels.

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// C memory and Go memory of three tenants: acme 9 MB, zeta 4 MB, 2 MB of nobody.
func tenantProfile() *profile.Profile {
	load, report := []string{"malloc /src/m.c", "load /src/l.c", "main.main /src/main.go"}, []string{"main.report /src/main.go", "main.main /src/main.go"}
	tenant := func(name string) map[string]string { return map[string]string{"tenant": name} }
	return build(heapTypes, []stack{
		{load, []int64{0, 0, 0, 6e6}, true, tenant("acme")},
		{report, []int64{0, 0, 0, 3e6}, false, tenant("acme")},
		{load, []int64{0, 0, 0, 4e6}, true, tenant("zeta")},
		{report, []int64{0, 0, 0, 2e6}, false, nil},
	})
}

func (r *receiver) uploadTenants(t testing.TB) {
	r.uploadAt(t, moment{start: leakStart, tags: "service:shop,host:db-1,runtime:go,language:go,runtime-id:one", attachments: map[string][]byte{
		"delta-heap.pprof": encode(t, tenantProfile()),
		"cpu.pprof": encode(t, build([][2]string{{"samples", "count"}, {"cpu", "nanoseconds"}}, []stack{
			{[]string{"main.work /src/main.go"}, []int64{30, 300e6}, false, map[string]string{"trace endpoint": "GET /cart"}},
			{[]string{"main.work /src/main.go"}, []int64{10, 100e6}, false, map[string]string{"trace endpoint": "GET /item"}},
			{[]string{"runtime.gc /go/src/runtime/gc.go"}, []int64{5, 50e6}, false, nil},
		})),
	}})
}

func TestGroupedByALabel(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadTenants(t)
	view := chromium.profile(t, receiver, "ids=1&attachment=delta-heap.pprof")
	view.until(`document.querySelector("#frame").textContent === "all · 15 MB"`)

	// From the keyboard: the menu of labels, and in it the key.
	view.do(chromedp.Focus(chromedp.CSS("#labels summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector('#labels [data-group="tenant"]')`)
	view.expect(`document.querySelector('#labels [data-group="tenant"]').getAttribute("aria-label")`, "Group by tenant")
	view.accessible(t, "labels to group by")
	view.do(chromedp.Focus(chromedp.CSS(`#labels [data-group="tenant"]`)), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector('#filters [data-filter="group_by"] b')?.textContent === "tenant" && document.querySelector('#labels [data-group="tenant"]').getAttribute("aria-pressed") === "true"`)
	view.expect(`new URLSearchParams(location.search).get("group_by")`, "tenant")
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--flame-label")`)) // acme
	view.do(chromedp.KeyEvent(kb.Escape), chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent === "acme · tenant · 9 MB, 60.0 % of all"`)
	view.do(chromedp.KeyEvent(kb.ArrowRight))
	view.until(`document.querySelector("#frame").textContent === "zeta · tenant · 4 MB, 26.7 % of all"`)
	view.do(chromedp.KeyEvent(kb.ArrowRight))
	view.until(`document.querySelector("#frame").textContent === "(no label) · tenant · 2 MB, 13.3 % of all"`)

	// What can be done with a value: it is no function.
	view.do(chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent("m"))
	view.until(`document.querySelector(".popup")`)
	view.expect(`[...document.querySelectorAll(".popup [data-action]")].map((one) => one.dataset.action).join()`, "zoom,find,focus,start,ignore,copy-name,copy-stack")
	view.click(`.popup [data-action="focus"]`)
	view.until(`document.querySelector("#frame").textContent === "all · 4 MB of 15 MB, 26.7 %"`)
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#frame").textContent === "all · 15 MB"`)

	// A filter of frames never takes the values away, and without them the tree is as before.
	view.goTo(receiver.url+"profile?ids=1&attachment=delta-heap.pprof&group_by=tenant&hide=%2F.*%2F&memory=C", `document.querySelector("#frame").textContent === "all · 10 MB"`)
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent === "acme · tenant · 6 MB, 60.0 % of all, self 6 MB"`)
	view.click(`#filters [data-filter="group_by"] button`)
	view.until(`!location.search.includes("group_by") && !document.querySelector('#filters [data-filter="group_by"]')`)
	view.clean(t)
}

// As a table: the values first, then the functions of one of them; the address and Back have both.
func TestTableGroupedByALabel(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadTenants(t)
	view := chromium.profile(t, receiver, "ids=1&attachment=delta-heap.pprof&group_by=tenant&view=table")
	view.until(`document.querySelectorAll("#groups tbody tr:not(.gap)").length === 3`)
	view.expect(`document.querySelector("#functions").checkVisibility()`, "false")
	view.expect(`[...document.querySelectorAll("#groups tbody tr:not(.gap)")].map((row) => [...row.children].map((one) => one.textContent).join(" ")).join("; ")`,
		"9 MB 60.0 % acme; 4 MB 26.7 % zeta; 2 MB 13.3 % (no label)")
	view.expect(`document.querySelector("#notes").textContent.endsWith("3 values")`, "true")
	view.accessible(t, "table of values")
	view.do(chromedp.Focus(chromedp.CSS("#groups")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelectorAll("#functions tbody tr:not(.gap)").length === 3 && !document.querySelector("#groups").checkVisibility()`)
	view.expect(`document.querySelector("#frame").textContent`, "zeta · tenant · 4 MB, 26.7 % of all")
	view.expect(`[...document.querySelectorAll("#functions td.name")].map((one) => one.textContent).join()`, "malloc,load,main.main")
	view.expect(`document.querySelector("#functions tbody tr:not(.gap) td:nth-child(3)").textContent`, "4 MB")
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#groups").checkVisibility()`)
	view.do(chromedp.NavigateForward())
	view.until(`document.querySelector("#all-groups")`)
	view.click("#all-groups")
	view.until(`document.querySelector("#groups").checkVisibility() && !location.search.includes("zoom=")`)
	// By name, and searched.
	view.click(`#groups [data-order="name"]`)
	view.until(`[...document.querySelectorAll("#groups td.name")].map((one) => one.textContent).join() === "(no label),acme,zeta"`)
	view.do(chromedp.SendKeys(chromedp.CSS("#search"), "zet"))
	view.until(`[...document.querySelectorAll("#groups td.name")].map((one) => one.textContent).join() === "zeta"`)
	view.clean(t)
}

// CPU time by Datadog's endpoint, of one upload and of many; a key that no sample has.
func TestCPUByEndpoint(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadTenants(t)
	receiver.uploadTenants(t)
	view := chromium.profile(t, receiver, "service=shop&attachment=cpu.pprof&type=cpu&group_by=trace+endpoint&view=table")
	rows := `[...document.querySelectorAll("#groups tbody tr:not(.gap)")].map((row) => [...row.children].map((one) => one.textContent).join(" ")).join("; ")`
	view.until(rows + ` === "600 ms 66.7 % GET /cart; 200 ms 22.2 % GET /item; 100 ms 11.1 % (no label)"`)
	view.goTo(receiver.url+"profile?ids=1&attachment=cpu.pprof&type=cpu&group_by=nobody&view=table", `document.querySelector("#groups td.name")`)
	view.until(rows + ` === "450 ms 100.0 % (no label)"`)
	view.clean(t)
}
