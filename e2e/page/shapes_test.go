package page

// Shapes of the graph: bottom up, without recursion, without chains, by name; stacks from a frame on.

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// parserProfile: a parser that calls itself by way of another function, and a cache.
func parserProfile() *profile.Profile {
	const file = " /src/shop/parse.go"
	main, parse, term, leaf := "main.main"+file, "main.parse"+file, "main.term"+file, "main.leaf"+file
	return build([][2]string{{"inuse_space", "bytes"}}, []stack{
		{[]string{leaf, parse, term, parse, main}, []int64{30e6}, false, nil},
		{[]string{leaf, parse, main}, []int64{10e6}, false, nil},
		{[]string{"main.cache" + file, main}, []int64{20e6}, false, nil},
		{[]string{"main.alloc" + file, main}, []int64{5e6}, false, nil},
	})
}

func TestShapesOfTheGraph(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", parserProfile())
	view := chromium.profile(t, receiver, "ids=1")
	const tooltip = `document.querySelector(".flame-tooltip:not([hidden])").innerText`
	at := func(x, y float64, want string) {
		t.Helper()
		view.hover(x, y)
		view.until(tooltip + `.startsWith(` + quote(want) + `)`)
	}
	toggle := func(shape string) {
		t.Helper()
		view.click(`#shapes [data-shape="` + shape + `"]`)
	}
	at(10, 50, "main.parse\n")
	at(10, 70, "main.term\n")
	view.click("#shapes summary")

	toggle("folded")
	view.until(`location.search.includes("tree=folded")`)
	view.until(`document.querySelector("#shapes summary").textContent === "Shape: fold recursion"`)
	at(10, 70, "main.leaf\n") // term has nothing but recursion
	toggle("folded")
	view.until(`!location.search.includes("tree=")`)

	// The leaf has 40 of 65 MB, and its callers are below it.
	toggle("inverted")
	view.until(`location.search.includes("tree=inverted")`)
	at(10, 30, "main.leaf\n")
	view.until(tooltip + `.includes("40 MB, 61.5 % of all")`)
	at(10, 50, "main.parse\n")
	view.until(tooltip + `.includes("100.0 % of what it calls")`)
	view.click("#shapes summary")
	view.clickAt(10, 30)
	view.waitGraph("main.leaf")
	view.click("#reset")
	view.waitGraph("all")
	// The address alone shows the same, and in the table functions have what they had.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&tree=inverted&view=both"))
	view.waitGraph("all")
	at(10, 30, "main.leaf\n")
	view.until(`document.querySelector("#functions-short tbody tr:not(.gap)").textContent.startsWith("40 MB40 MBmain.leaf")`)

	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&tree=chains"))
	view.waitGraph("all")
	at(10, 70, "main.term\nmain.parse\nmain.leaf\n")
	view.until(`document.querySelector("#frame").textContent.startsWith("main.term … main.leaf ·")`)

	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&tree=names"))
	view.waitGraph("all")
	at(10, 50, "main.alloc\n")

	// The keyboard alone.
	view.do(chromedp.Focus(chromedp.CSS("#shapes summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#shapes").open`)
	view.accessible(t, "shapes")
	view.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("tree=names&tree=inverted") && document.activeElement.dataset.shape === "inverted"`)
	view.do(chromedp.KeyEvent(kb.Escape))
	view.until(`!document.querySelector("#shapes").open`)
	view.clean(t)
}

func TestShowFrom(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", parserProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent.startsWith("main.parse")`)
	view.do(chromedp.KeyEvent("m"))
	view.click(`.popup [data-action="start"]`)
	view.until(`document.querySelector("#filters li").textContent.startsWith("startmain.parse")`)
	view.until(`document.querySelector("#frame").textContent === "all · 40 MB of 65 MB, 61.5 %"`)
	view.hover(10, 30)
	view.until(`document.querySelector(".flame-tooltip:not([hidden])").innerText.startsWith("main.parse")`)
	view.click(`#filters [data-filter="start"] button`)
	view.until(`document.querySelector("#frame").textContent === "all · 65 MB"`)
	view.clean(t)
}
