package page

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// All times are in the browser's time zone or in UTC, and the choice is kept.
func TestTimesInUTC(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 3) // 09:00 to 09:02 UTC
	view := chromium.open(t)
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
		if err == nil { // notes what stands on the axes of charts
			_, err = cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `(() => {
				const real = CanvasRenderingContext2D.prototype.fillText;
				window.ticks = [];
				CanvasRenderingContext2D.prototype.fillText = function (text) { ticks.push(text); return real.apply(this, arguments); };
			})()`})
		}
		return err
	}))
	search := func(clock, from string) {
		t.Helper()
		view.until(`document.querySelectorAll(".upload-row").length === 3 && document.querySelector("#histogram canvas")`)
		view.until(`document.querySelector('[data-upload="3"] .when').textContent.endsWith(" ` + clock + `:00")`)
		view.until(`ticks.some((tick) => tick.startsWith("` + clock[:3] + `")) && ticks.includes("2 Jan")`)
		view.expect(`document.querySelector('[data-upload="3"] .when').title.split(",")[0]`, "Started "+from)
		view.until(`document.querySelector("#readout").textContent.startsWith("2 Jan ` + clock[:3] + `")`)
		view.do(chromedp.Focus(chromedp.CSS("#histogram")), chromedp.KeyEvent(kb.End))
		view.until(`document.querySelector("#readout").textContent.includes(" ` + clock + `:00 – ")`)
	}
	view.do(chromedp.Navigate(receiver.url))
	search("14:32", "2026-01-02 14:32:00")
	view.expect(`document.querySelector("#zone").textContent`, "Local")
	view.text(`(window.ticks = [], "")`)
	view.click("#zone")
	view.until(`document.querySelector("#zone").textContent === "UTC"`)
	search("09:02", "2026-01-02 09:02:00 UTC")
	view.do(chromedp.Reload())
	view.until(`document.querySelector("#zone").textContent === "UTC"`)
	search("09:02", "2026-01-02 09:02:00 UTC")

	// Times typed in a form are in the same zone.
	view.text(`(() => { for (const [name, text] of [["from", "2026-01-02T09:01"], ["to", "2026-01-02T09:02"]]) document.querySelector('#custom-range [name="' + name + '"]').value = text; return ""; })()`)
	view.click("#custom-range summary")
	view.click(`#custom-range [type="submit"]`)
	view.until(`document.querySelector("#total").textContent === "1 profile"`)
	view.expect(`new URLSearchParams(location.search).get("from")`, "1767344460000")
	view.expect(`document.querySelector("#custom-range summary").textContent`, "2 Jan 09:01:00 – 09:02:00")
	view.expect(`document.querySelector('#custom-range [name="from"]').value.slice(0, 16)`, "2026-01-02T09:01")
	view.click("#zone")
	view.until(`document.querySelector("#custom-range summary")?.textContent === "2 Jan 14:31:00 – 14:32:00"`)
	view.expect(`document.querySelector('#custom-range [name="from"]').value.slice(0, 16)`, "2026-01-02T14:31")

	// The other pages.
	for _, zone := range []struct{ name, clock string }{{"Local", "14:3"}, {"UTC", "09:0"}} {
		view.until(`document.querySelector("#zone").textContent === ` + quote(zone.name))
		for _, shown := range []struct{ address, text string }{
			{"profile?ids=3", `document.querySelector("#facts").textContent.includes(" ` + zone.clock + `2:00")`},
			{"profile?service=shop&from=1767344460000&to=1767344520000", `document.querySelector("#facts").textContent.includes(" ` + zone.clock + `1:00")`},
			{"compare?service=shop&from=1767344460000&to=1767344520000", `document.querySelector("#side-now .facts").textContent === "time2 Jan ` + zone.clock + `1:00 – ` + zone.clock + `2:00serviceshop"`},
			{"compare?service=shop&from=1767344460000", `document.querySelector("#side-now .facts").textContent.includes(" ` + zone.clock + `1:00")`},
		} {
			view.do(chromedp.Navigate(receiver.url + shown.address))
			view.until(shown.text)
		}
		view.do(chromedp.Navigate(receiver.url + "profile?service=shop&tab=metrics"))
		view.until(`document.querySelectorAll(".metric canvas").length > 5`)
		view.do(chromedp.Focus(chromedp.CSS(`[data-series="c_live_bytes"] .chart`)), chromedp.KeyEvent(kb.Home))
		view.until(`document.querySelector("#metrics-when").textContent === "2 Jan ` + zone.clock + `1:00"`)
		view.click("#zone")
	}
	view.clean(t)
}
