package page

// How much the page is on the wire.

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestPageWeight(t *testing.T) {
	t.Parallel()
	const most = 70_000
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.do(chromedp.Navigate(receiver.url))
	view.until(`document.querySelector(".upload-row")`)
	// A browser takes Brotli from this machine, as it does by HTTPS.
	const files = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource").filter(({ name }) => !new URL(name).pathname.startsWith("/api/"))]`
	sum, err := strconv.Atoi(view.text(files + `.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`))
	if err != nil || sum < 20_000 || sum > most {
		t.Errorf("the page is %d bytes (%v), %d at most are wanted: %s", sum, err, most, view.text(files+`.map(({ name, encodedBodySize }) => name + " " + encodedBodySize).join(", ")`))
	}
	view.clean(t)
}
