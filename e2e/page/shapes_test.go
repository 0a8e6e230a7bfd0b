package page

// Shapes of the graph: bottom up, without recursion, without chains, by name; stacks from a frame on.

import (
	"fmt"
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

// Where not all of the graph is in sight, a strip has all of it, with a frame around what is seen.
func TestMinimap(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", parserProfile())
	deep := []string{}
	for i := range 90 {
		deep = append(deep, fmt.Sprintf("main.f%d /src/shop/main.go", i))
	}
	receiver.uploadProfile(t, "deep", build([][2]string{{"inuse_space", "bytes"}}, []stack{{deep, []int64{30e6}, false, nil}, {deep[40:], []int64{10e6}, true, nil}}))
	view := chromium.profile(t, receiver, "ids=1")
	const hidden = `document.querySelector("#minimap").hidden`
	// The frame's left, right, top and bottom in percent of the strip's picture.
	const frame = `(() => {
		const [at, all] = [".minimap-frame", "#minimap canvas"].map((one) => document.querySelector(one).getBoundingClientRect());
		return [at.left - all.left, at.right - all.left, at.top - all.top, at.bottom - all.top].map((px, i) => Math.round((100 * px) / (i < 2 ? all.width : all.height))).join();
	})()`
	view.expect(hidden, "true")
	view.clickAt(view.canvasWidth()*0.8, 50) // main.cache: 40 to 60 of 65 MB
	view.waitGraph("main.cache")
	view.until(`!` + hidden + ` && ` + frame + `.startsWith("62,92,0,")`)
	view.until(`(() => { const pixel = document.querySelector("#minimap canvas").getContext("2d").getImageData(4, 2, 1, 1).data.slice(0, 3).join(); ` + helpers + ` return pixel === cssColour("--flame-root"); })()`)
	view.accessible(t, "minimap")
	// A click on it zooms: on the root's row back to all.
	view.text(`(() => { const canvas = document.querySelector("#minimap canvas"), { left, top } = canvas.getBoundingClientRect();
		canvas.dispatchEvent(new MouseEvent("click", { clientX: left + 4, clientY: top + 2, bubbles: true })); return ""; })()`)
	view.waitGraph("all")
	view.until(hidden)

	for _, upright := range []bool{false, true} {
		view.do(chromedp.Navigate(receiver.url + "profile?ids=2" + map[bool]string{true: "&shape=flame"}[upright]))
		view.waitGraph("all")
		view.until(`!` + hidden)
		first, last := `.startsWith("0,100,0,")`, `.endsWith(",100")`
		if upright {
			first, last = last, `.startsWith("0,100,0,")`
		}
		view.until(frame + first)
		view.text(`(() => { const box = document.querySelector(".flame"); box.scrollTop = ` + map[bool]string{true: "0", false: "box.scrollHeight"}[upright] + `; return ""; })()`)
		view.until(frame + last)
	}
	view.clean(t)
	chromium.shoot(t, receiver, "minimap", "profile?ids=2", `document.querySelector("#frame").textContent.startsWith("all ·") && !`+hidden)
}
