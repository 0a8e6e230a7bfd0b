package page

// What grows: a flame graph and a table of slopes.

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Two processes of a service, of which one leaks 3 MB a minute in C and is replaced after 15 minutes.
func (r *receiver) uploadGrowth(t testing.TB) {
	for i := range 30 {
		for host := range 2 {
			leaked := int64(2)
			if host == 1 {
				leaked = int64(i % 15)
			}
			r.uploadAt(t, moment{
				start:       leakStart.Add(time.Duration(i) * time.Minute),
				tags:        fmt.Sprintf("service:shop,host:db-%d,runtime:go,language:go,runtime-id:%d-%d", host, host, host*(i/15)),
				attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(leaked))},
			})
		}
	}
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadGrowth(t)
	view := chromium.profile(t, receiver, "service=shop")
	view.until(`document.querySelector("#gauges [data-value=growth]")`)
	view.do(chromedp.Focus(chromedp.CSS("#gauges [data-value=growth]")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#frame").textContent.startsWith("all · +3 MB/min ±")`) // two lives of 15 minutes in 30
	view.expect(`new URLSearchParams(location.search).get("gauges")`, "growth")
	view.expect(`document.querySelector("#notes").textContent`, "growth of 60 uploads, 3 processes, in 30 min")
	view.expect(`document.querySelector("#legend").textContent.startsWith("growsshrinksnot certain")`, "true")
	view.click("#export")
	view.expect(`[...document.querySelectorAll(".popup [data-action]")].map((one) => one.dataset.action).join()`, "pprof,folded,csv,json,otlp,png,html")
	view.do(chromedp.KeyEvent(kb.Escape))
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--flame-more")`)) // certain
	view.accessible(t, "growth")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(`document.querySelector("#frame").textContent.includes("100.0 % of all")`)

	// The table: what leaks comes first, with its error; what stays has ±0.
	view.goTo(receiver.url+"profile?service=shop&gauges=growth&view=table", `document.querySelectorAll("#functions-growth tbody tr:not(.gap)").length > 3`)
	view.expect(`[...document.querySelectorAll("#functions-growth thead th")].map((one) => one.textContent).join()`, "Self/min,Total/min,Error (95 %),Function,Source")
	view.expect(`document.querySelector("#functions-growth td").textContent`, "+3 MB")
	view.expect(`document.querySelector("#functions").checkVisibility()`, "false")
	view.accessible(t, "table of growth")
	view.click(`#functions-growth [data-order="error"]`)
	view.until(`new URLSearchParams(location.search).get("sort") === "error"`)

	// Filters add up errors too; Back leads to how much there is.
	view.goTo(receiver.url+"profile?service=shop&gauges=growth&memory=C", `document.querySelector("#frame").textContent.startsWith("all · +3 MB/min")`)
	view.goTo(receiver.url+"profile?service=shop&gauges=growth&ignore=main.main", `document.querySelector("#frame").textContent.startsWith("all · ±0")`)
	view.click(`#gauges [data-value=""]`)
	view.until(`!location.search.includes("gauges") && document.querySelector("#notes").textContent.startsWith("mean of 60 uploads")`)
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#frame").textContent.startsWith("all · ±0")`)

	// Of what adds up over time there is no growth, and of one upload neither.
	view.goTo(receiver.url+"profile?service=shop&gauges=growth&type=alloc_space", `document.querySelector("#notes").textContent.startsWith("60 profiles merged")`)
	view.goTo(receiver.url+"profile?ids=7&gauges=growth", `document.querySelector("#frame").textContent.startsWith("all · ")`)
	view.clean(t)
}

func TestGrowthScreenshots(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadGrowth(t)
	chromium.shoot(t, receiver, "growth", "profile?service=shop&gauges=growth", `document.querySelector("#frame").textContent.startsWith("all · +3")`)
	chromium.shoot(t, receiver, "growth-table", "profile?service=shop&gauges=growth&view=table", `document.querySelectorAll("#functions-growth tbody tr").length > 3`)
}
