package page

// How much the page is on the wire.

import (
	"context"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

func TestPageWeight(t *testing.T) {
	t.Parallel()
	const most = 70_000
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.do(chromedp.Navigate(receiver.url))
	view.until(`document.querySelector(".upload-row") && document.querySelector("#histogram canvas")`)
	// A browser takes Brotli from this machine, as it does by HTTPS.
	const files = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource").filter(({ name }) => !new URL(name).pathname.startsWith("/api/"))]`
	sum, err := strconv.Atoi(view.text(files + `.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`))
	if err != nil || sum < 20_000 || sum > most {
		t.Errorf("the page is %d bytes (%v), %d at most are wanted: %s", sum, err, most, view.text(files+`.map(({ name, encodedBodySize }) => name + " " + encodedBodySize).join(", ")`))
	}
	view.clean(t)

	// The second script comes with the first view that needs it.
	view.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".upload-row a").click()`))
	view.waitGraph("all")
	view.expect(files+`.some(({ name }) => name.includes("later.js"))`, "false")
	view.click(`#tabs [data-value="metrics"]`)
	view.until(`document.querySelector(".metric canvas")`)
	view.until(files + `.some(({ name }) => name.includes("later.js"))`)
	view.clean(t)
}

// Without the second script its views say so, and what leads to the others stays.
func TestASecondScriptThatDoesNotCome(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1")
	block := func(patterns ...*network.BlockPattern) {
		t.Helper()
		view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: patterns})
			return err
		}))
	}
	block(&network.BlockPattern{URLPattern: "*://*:*/later.js*", Block: true})
	view.click(`#tabs [data-value="metrics"]`)
	view.until(`document.querySelector("#tab .notice").textContent.startsWith("This part of the page cannot be loaded")`)
	view.accessible(t, "a script that does not come")
	view.click(`#tabs [data-value="profiles"]`)
	view.waitGraph("all")
	view.click(`#tabs [data-value="metrics"]`)
	view.until(`document.querySelector("#tab .notice button")`)
	block()
	view.click(`#tab .notice button`)
	view.until(`document.querySelector(".metric canvas")`)
	view.cleanBut(t, "later.js")
}
