package page

// The receiver tells the browser with the page of an upload what the page will ask for: each of it is asked for once.

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// What was asked of the upload, and by whom: "link" is by the header.
const askedOfUpload = `performance.getEntriesByType("resource").filter(({ name }) => name.includes("/attachments/")).map(({ name, initiatorType }) => initiatorType + " " + name.replace(/.*attachments/, "")).sort().join("; ")`

func TestAskedAhead(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.upload(t, "shop", map[string][]byte{"heap.pprof": encode(t, heapProfile())})
	receiver.upload(t, "shop", map[string][]byte{"odd.pprof": encode(t, heapProfile())})
	view := chromium.open(t)
	for _, one := range []struct{ address, asked string }{
		{"profile?ids=1", "link /heap.pprof/tree?objects=small&nodes=packed; link /heap.pprof/types"},
		{"profile/1?view=table", "link /heap.pprof/tree?objects=small&nodes=packed; link /heap.pprof/types"},
		{"profile?ids=2&attachment=odd.pprof&type=alloc_space&find=main", "link /odd.pprof/tree?type=alloc_space&objects=small&nodes=packed; link /odd.pprof/types"},
		{"profile?ids=1&memory=C", "fetch /heap.pprof/tree?memory=C&objects=small&nodes=packed; fetch /heap.pprof/types"}, // by the page alone, at once
		// What the profile does not have is asked for as it has it.
		{"profile?ids=1&type=miles", "fetch /heap.pprof/tree?type=inuse_space&objects=small&nodes=packed; link /heap.pprof/tree?type=miles&objects=small&nodes=packed; link /heap.pprof/types"},
	} {
		view.do(chromedp.Navigate(receiver.url + one.address))
		view.until(`document.querySelector("#frame")?.textContent.startsWith("all · ") && document.querySelector(".rail-type")`)
		if got := view.text(askedOfUpload); got != one.asked {
			t.Errorf("%s: %s", one.address, got)
		}
	}
	// Another type of the same profile needs its tree alone.
	view.goTo(receiver.url+"profile?ids=1&attachment=heap.pprof", `document.querySelector('[data-type="alloc_space"]')`)
	view.text(`(performance.clearResourceTimings(), "")`)
	view.click(`#types [data-type="alloc_space"]`)
	view.until(`location.search.includes("type=alloc_space") && performance.getEntriesByType("resource").length > 0 && !document.querySelector('[aria-busy="true"]')`)
	view.expect(askedOfUpload, "fetch /heap.pprof/tree?type=alloc_space&objects=small&nodes=packed")
}
