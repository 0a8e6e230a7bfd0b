package page

// Services with a finding of the last hours, on the start page.

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Seven services that leak since version 1.1, which is there after 80 minutes, and one that does not.
func (r *receiver) uploadSuspects(t testing.TB) {
	start := time.Now().Add(-40 * 4 * time.Minute)
	for i := range 40 {
		for service := range 8 {
			leaked, version := int64(0), "1.0"
			if i >= 20 {
				version = "1.1"
				if service < 7 {
					leaked = int64(i - 20)
				}
			}
			r.uploadAt(t, moment{
				start:       start.Add(time.Duration(4*i) * time.Minute),
				tags:        fmt.Sprintf("service:service-%d,version:%s,host:db-1,runtime:go,language:go,runtime-id:%d-%s", service, version, service, version),
				attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(leaked))},
			})
		}
	}
	r.measured(t, "/api/uploads?limit=400&measures=1")
}

func TestSuspects(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadSuspects(t)
	receiver.uploadAt(t, moment{start: time.Now().Add(-time.Hour), tags: "service:dark,host:db-1", attachments: map[string][]byte{"notes.txt": []byte("no profile")}})
	view := chromium.open(t)
	view.goTo(receiver.url, `document.querySelectorAll("#suspects tbody tr").length === 5`)
	view.until(`document.querySelector("#suspects summary").textContent.startsWith("7 suspects in 6 hours")`)
	view.accessible(t, "suspects")
	// With stacks, once the receiver has looked at them.
	view.until(`document.querySelector("#suspects .what").textContent === "C leak in main.report"`)
	view.expect(`[...document.querySelectorAll("#suspects tbody tr:first-child > *")].map((one) => one.textContent).slice(2, 5).join(" ")`, "+750 kB/min 51 MB –")
	view.expect(`document.querySelector("#suspects tbody td:last-child").textContent`, "1.1 brought it")

	// All of them, one service, closed: each is in the address, and Back undoes it. From the keyboard.
	view.do(chromedp.Focus(chromedp.CSS("#suspects-all")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelectorAll("#suspects tbody tr").length === 7 && location.search === "?suspects=all"`)
	view.do(chromedp.Focus(chromedp.CSS("#suspects summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`!document.querySelector("#suspects").open && location.search === "?suspects=closed"`)
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#suspects").open && document.querySelectorAll("#suspects tbody tr").length === 7`)
	view.goTo(receiver.url+"?service=service-3", `document.querySelector("#suspects summary")?.textContent.startsWith("1 suspect in")`)
	view.goTo(receiver.url+"?service=service-7", `document.querySelectorAll(".upload-row").length > 5`)
	// Nothing is suspected of it, and what was not looked at is said.
	view.until(`document.querySelector("#suspects").textContent === "No suspects in 6 hours · 1 process could not be looked at"`)
	view.accessible(t, "no suspects")

	// To the evidence, and to what grows.
	view.goTo(receiver.url+"?service=service-3", `document.querySelector("#suspects tbody td a")`)
	view.do(chromedp.Focus(chromedp.CSS("#suspects tbody td a")), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("gauges=growth") && document.querySelector("#frame")?.textContent.startsWith("all · +3")`) // half of the time
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#suspects tbody th a")`)
	view.click(`#suspects tbody th a`)
	view.until(`location.search.includes("tab=analysis") && document.querySelector(".finding")`)
	// Before and after the version: 3 MB in the mean, and 31.5 MB.
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelector("#suspects tbody td:last-child a")`)
	view.do(chromedp.Focus(chromedp.CSS("#suspects tbody td:last-child a")), chromedp.KeyEvent(kb.Enter))
	view.until(`location.pathname === "/compare" && document.querySelector("#change")?.textContent.startsWith("+28.5 MB")`)
	view.clean(t)
}

func TestSuspectsScreenshots(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadSuspects(t)
	const ready = `document.querySelector("#suspects .what")?.textContent === "C leak in main.report"`
	chromium.shoot(t, receiver, "suspects", "", ready)
	view := chromium.open(t)
	view.fits(t, receiver.url, "narrow", narrow, []shownPage{{"suspects", "", ready}})
	view.clean(t)
}
