package page

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Printed on A4, a page has all its columns and values, and no controls.
func TestPaperHoldsWhatThePageSays(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 20)
	receiver.uploadMemory(t, "db-2", 6)
	receiver.measured(t, "/api/uploads?limit=100&measures=1")
	view := chromium.open(t)
	view.do(chromedp.EmulateViewport(794, 1123), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	const whole = `.every((one) => { const { left, right, width } = one.getBoundingClientRect(); return width > 0 && left >= 0 && right <= innerWidth && one.scrollWidth <= one.clientWidth; })`
	for _, page := range []struct{ address, ready, there string }{
		{"", `document.querySelectorAll(".upload-row").length === 26 && document.querySelector("#histogram canvas")`,
			`[...document.querySelectorAll(".upload-head > :not(.choose, .files), .upload-row > :not(.choose, .files)")]` + whole},
		{"profile?ids=20", `document.querySelector("#frame").textContent === "all · 68 MB"`, `[document.querySelector("#flamegraph"), document.querySelector("#frame")]` + whole},
		{"compare?ids=20&base.ids=5", compareReady, `[...document.querySelectorAll(".side, #change, #flamegraph-both, .side-sums")]` + whole},
		{"profile?ids=20&tab=analysis", `document.querySelector(".finding canvas")`, `[...document.querySelectorAll(".finding, .finding canvas, .finding .evidence")]` + whole},
		{"profile?ids=26&tab=memory", memoryReady, `[...document.querySelectorAll("#memory-headline, #memory-tab .chart, #memory-parts, #memory-findings, #memory-nothing, #memory-tab #flamegraph, #memory-beside")]` + whole},
	} {
		view.do(chromedp.Navigate(receiver.url + page.address))
		view.until(page.ready)
		view.until(page.there)
		view.expect(`[...document.querySelectorAll(".button, select, input")].filter((one) => one.checkVisibility()).map((one) => one.outerHTML).join("\n")`, "")
		if out := view.text(sideways); out != "" {
			t.Errorf("%s: beside the paper:\n%s", page.address, out)
		}
	}
	view.clean(t)
}
