package page

// axe-core checks accessibility: names, roles, contrast, order. Each fault fails the test, however severe it is.

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// accessible fails the test on faults in what the tab shows.
func (view *tab) accessible(t *testing.T, what string) {
	t.Helper()
	if view.text(`window.axe ? "there" : ""`) == "" {
		script, err := os.ReadFile(filepath.Join("..", "..", "receiver", "web", "node_modules", "axe-core", "axe.min.js"))
		if err != nil {
			t.Fatal(err)
		}
		view.do(chromedp.Evaluate[chromedp.Void]("void (() => { " + string(script) + " })()"))
	}
	view.text(`(() => { window.faults = undefined; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => {
		window.faults = JSON.stringify(violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.slice(0, 5).map((node) => node.html.slice(0, 200) + " " + (node.any[0]?.message ?? "")) })));
	}); return ""; })()`)
	view.until(`window.faults !== undefined`)
	var faults []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(view.text(`window.faults`)), &faults); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Errorf("%s: %s %s: %s\n%q", what, fault.Impact, fault.ID, fault.Help, fault.Nodes)
	}
}

// The views are checked when their screenshots are taken; here are menus and forms that open in them.
func TestMenusAreAccessible(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	view.click("#downloads summary")
	view.accessible(t, "downloads")
	view.click("#labels summary")
	view.until(`document.querySelector("#labels section") && !document.querySelector("#downloads").open`)
	view.accessible(t, "labels")
	view.click("#tags summary")
	view.accessible(t, "tags")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent("m"))
	view.until(`document.querySelector(".popup")`)
	view.accessible(t, "a frame's menu")
	view.clean(t)
}
