package page

// Back undoes one step: each choice is a history entry, and so is a typed text, whatever its length.

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// walk makes the steps, each of which must add one history entry and lead to an address with the text, and goes back over all of them.
func (view *tab) walk(t *testing.T, steps []step) {
	t.Helper()
	addresses := []string{view.text(`location.href`)}
	for _, step := range steps {
		before := get(view, chromedp.Evaluate[int](`history.length`))
		step.do()
		view.until(`location.href !== ` + quote(addresses[len(addresses)-1]) + ` && location.search.includes(` + quote(step.has) + `)`)
		if after := get(view, chromedp.Evaluate[int](`history.length`)); after != before+1 {
			t.Errorf("%s: %d entries of the history", step.has, after-before)
		}
		addresses = append(addresses, view.text(`location.href`))
	}
	for i := len(addresses) - 2; i >= 0; i-- {
		view.text(`(history.back(), "")`)
		view.until(`location.href === ` + quote(addresses[i]))
		view.until(`["search", "filter", "metrics-filter"].every((id) => {
			const box = document.getElementById(id), said = new URLSearchParams(location.search);
			return !box || box.value === (said.get({ search: "find", filter: "q", "metrics-filter": "series" }[id]) ?? "");
		})`)
	}
}

type step struct {
	has string
	do  func()
}

func TestBackUndoesOneStepOfAProfile(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 6)
	view := chromium.profile(t, receiver, "ids=6")
	click := func(selector string) func() { return func() { view.click(selector) } }
	view.walk(t, []step{
		{"type=alloc_space", click(`#types [data-type="alloc_space"]`)},
		{"memory=C", click(`#memory [data-value="C"]`)},
		{"find=report", func() { view.keys("#search", "report") }},
		{"focus=report", click(`.search-box + .toolbar-group button:nth-child(1)`)},
		{"find=main", func() { view.keys("#search", "main") }},
		{"zoom=", func() {
			view.waitGraph("all")
			view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
		}},
		{"shape=flame", click(`#shape [data-value="flame"]`)},
		{"view=table", click(`#view [data-value="table"]`)},
		{"sort=total", click(`#functions [data-order="total"]`)},
		{"view=sandwich", click(`#functions tbody tr:not(.gap)`)},
		{"callees=", func() {
			view.until(`document.querySelector("#sandwich-title b")`)
			view.do(chromedp.Focus(chromedp.CSS(`canvas[aria-label^="Callees"]`)), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
		}},
		{"tab=metrics", click(`#tabs [data-value="metrics"]`)},
		{"series=heap", func() { view.keys("#metrics-filter", "heap") }},
		{"tab=runtime", click(`#tabs [data-value="runtime"]`)},
	})
	view.until(`document.querySelector("#frame").textContent === "all · 26 MB"`)
	view.clean(t)
}

func TestBackUndoesOneStepOfTheSearch(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 6)
	view := chromium.search(t, receiver, "")
	click := func(selector string) func() { return func() { view.click(selector) } }
	view.walk(t, []step{
		{"service=shop", click(facetValue("service", "shop"))},
		{"q=shop", func() { view.keys("#filter", "shop") }},
		{"sort=c_live_bytes", click(`[data-key="c_live_bytes"]`)},
		{"sel=2", click(`[data-upload="2"] .choose`)},
		{"sel=2%2C4", click(`[data-upload="4"] .choose`)},
		{"measure=goroutines", func() {
			view.text(`(() => { const list = document.querySelector("#measure select"); list.value = "goroutines"; list.dispatchEvent(new Event("change")); return ""; })()`)
		}},
		{"base.ids=2%2C4", click("#set-baseline")},
		{"range=1h", click(`#ranges [data-value="1h"]`)},
	})
	view.until(`document.querySelector("#total").textContent === "6 profiles" && document.querySelector("#picked").textContent === "All 6 shown"`)

	// Also in a box that still has the focus; text typed after that is another step.
	view.keys("#filter", "nobody")
	view.until(`document.querySelector("#total").textContent === "0 profiles"`)
	view.text(`(history.back(), "")`)
	view.until(`document.querySelector("#total").textContent === "6 profiles"`)
	view.expect(`document.activeElement.id + ":" + document.querySelector("#filter").value`, "filter:")
	view.clean(t)
}
