package page

// What is stored, below the list, and which limit is near.

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/cmemprof/cmemprof/e2e/built"
)

func TestStorage(t *testing.T) {
	t.Parallel()
	receiver := &receiver{built.Receiver(t, "--retention", "7d,1GB") + "/"}
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.goTo(receiver.url, `document.querySelector("#storage summary")?.textContent.startsWith("1 upload stored · ")`)
	view.expect(`/ kB of 1 GB · since /.test(document.querySelector("#storage summary").textContent)`, "true")
	view.expect(`document.querySelector("#storage").dataset.near`, "false")
	view.expect(`document.querySelector("#storage").open`, "false")

	// From the keyboard; it is in the address, and Back undoes it.
	view.do(chromedp.Focus(chromedp.CSS("#storage summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#storage").open && location.search === "?storage=open"`)
	view.expect(`document.querySelector("#storage dl").textContent.includes("kept for 7 days")`, "true")
	view.expect(`document.querySelectorAll("#storage li").length`, "0")
	for _, width := range []int64{1920, 1280, 390} {
		view.do(chromedp.EmulateViewport(width, 900))
		view.accessible(t, fmt.Sprintf("storage, %d wide", width))
		view.expect(`document.documentElement.scrollWidth <= innerWidth`, "true")
	}
	view.do(chromedp.NavigateBack())
	view.until(`!document.querySelector("#storage").open && location.search === ""`)
	view.clean(t)
}

// What a start could not read is said until the next one: pins may be missing.
func TestStorageTellsOfADamagedNotebook(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "notebook.sqlite"), bytes.Repeat([]byte("damaged "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	receiver := &receiver{built.Receiver(t, "--data", data, "--retention", "7d") + "/"}
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.goTo(receiver.url, `document.querySelector("#storage summary")?.textContent.endsWith(" · pins and notes may be missing")`)
	view.do(chromedp.Focus(chromedp.CSS("#storage summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#storage li")?.textContent.startsWith("notebook.sqlite was damaged: ")`)
	view.expect(`document.querySelectorAll("#storage li").length`, "1")
	for _, width := range []int64{1920, 1280, 390} {
		view.do(chromedp.EmulateViewport(width, 900))
		view.accessible(t, fmt.Sprintf("a damaged notebook, %d wide", width))
		view.expect(`document.documentElement.scrollWidth <= innerWidth`, "true")
	}
	view.clean(t)
}

// At 80 % of the size, while uploads are younger than they may get.
func TestStorageTellsWhatIsNear(t *testing.T) {
	t.Parallel()
	receiver := &receiver{built.Receiver(t, "--retention", "7d,4MB") + "/"}
	noise := make([]byte, 100_000) // and the blocks of a file system, of whatever size: less than the fifth that is left
	_, _ = rand.Read(noise)
	for count, near := 0, false; !near; count++ {
		if count == 40 {
			t.Fatal("what is stored is more than the limit, which is not near")
		}
		receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": encode(t, heapProfile()), "noise.bin": noise})
		near = receiver.isNear(t, "retention")
	}
	view := chromium.open(t)
	view.goTo(receiver.url+"?storage=open", `document.querySelector("#storage")?.dataset.near === "true"`)
	view.expect(`document.querySelector("#storage summary").textContent.endsWith(" · a limit is near")`, "true")
	view.expect(`/^Uploads take \d+ % of the 4 MB that --retention allows, and the oldest is .+ old: they are removed before they are 7 days old\.$/.test(document.querySelector("#storage li").textContent)`, "true")
	view.expect(`document.querySelector("#storage li:last-child").textContent.includes("docs/engines.md")`, "true")
	view.accessible(t, "a limit is near")
	const ready = `document.querySelector("#storage")?.dataset.near === "true"`
	chromium.shoot(t, receiver, "storage", "?storage=open", ready)
	view.fits(t, receiver.url, "narrow", narrow, []shownPage{{"storage", "?storage=open", ready}})
	view.clean(t)
}

func (r *receiver) isNear(t testing.TB, limit string) bool {
	t.Helper()
	response, err := http.Get(r.url + "api/storage")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var storage struct{ Near []string }
	if err := json.NewDecoder(response.Body).Decode(&storage); err != nil {
		t.Fatal(err)
	}
	return slices.Contains(storage.Near, limit)
}
