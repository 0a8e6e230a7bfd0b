package page

// What users do with an upload: pin it, write a note on it, delete it, from its menu in the list.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/cmemprof/cmemprof/e2e/built"
)

// menu opens the menu of an upload and chooses from it.
func (view *tab) menu(upload int, action string) {
	view.t.Helper()
	view.click(fmt.Sprintf(`.upload-row[data-upload="%d"] .files button`, upload))
	view.until(`document.querySelector(".popup")`)
	view.click(fmt.Sprintf(`.popup [data-action="%s"]`, action))
	view.until(`document.querySelector("dialog.ask[open]")`)
}

func TestPinNoteAndDelete(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, service := range []string{"first", "second", "third"} {
		receiver.uploadProfile(t, service, heapProfile())
	}
	view := chromium.search(t, receiver, "")
	row := func(upload int, rest string) string {
		return fmt.Sprintf(`document.querySelector('.upload-row[data-upload="%d"]')%s`, upload, rest)
	}
	view.until(`document.querySelectorAll(".upload-row").length === 3`)

	// Pinned: marked, and alone with the filter, which is in the address.
	view.menu(2, "pin")
	view.accessible(t, "the question before a pin")
	view.click(`#pin-upload button[type="submit"]`)
	view.until(`!document.querySelector("dialog.ask") && ` + row(2, `?.querySelector(".pin")?.ariaLabel === "pinned"`))
	view.click("#pinned-only")
	view.until(services + ` === "⚑second"`)
	view.expect(`new URLSearchParams(location.search).get("pinned")`, "1")
	view.expect(`document.querySelector("#pinned-only").ariaPressed`, "true")
	view.accessible(t, "pinned uploads")
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelectorAll(".upload-row").length === 3`)

	// A note is text, whatever is in it.
	view.menu(2, "note")
	view.accessible(t, "a note")
	view.keys("#note-upload textarea", "before the <b>fix</b>")
	view.click(`#note-upload button[type="submit"]`)
	view.until(row(2, `?.querySelector(".note")?.textContent === "before the <b>fix</b>"`))

	// A pinned one is not deleted; the dialog says why, and Escape closes it.
	view.menu(2, "delete")
	view.click(`#delete-upload button[type="submit"]`)
	view.until(`document.querySelector("#delete-upload .ask-fault").textContent.includes("pinned")`)
	view.do(chromedp.KeyEvent(kb.Escape))
	view.until(`!document.querySelector("dialog.ask")`)

	// Cancel has the focus, so Enter changes nothing.
	view.click(`.upload-row[data-upload="3"] .choose`)
	view.until(`new URLSearchParams(location.search).get("sel") === "3"`)
	view.menu(3, "delete")
	view.accessible(t, "the question before a removal")
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`!document.querySelector("dialog.ask")`)
	view.expect(`document.querySelectorAll(".upload-row").length`, "3")
	view.menu(3, "delete")
	view.click(`#delete-upload button[type="submit"]`)
	view.until(services + ` === "⚑secondbefore the <b>fix</b>,first"`)
	view.until(`!new URLSearchParams(location.search).has("sel")`) // what is gone is no longer chosen
	view.until(`document.querySelector("#total").textContent === "2 profiles"`)

	view.menu(2, "unpin")
	view.click(`#unpin-upload button[type="submit"]`)
	view.until(row(2, `&& !`+row(2, `.querySelector(".pin")`)))

	// By the keyboard alone: D opens the menu, End goes to its last entry, Tab to the button that deletes.
	view.do(chromedp.Focus(chromedp.CSS(`.upload-row[data-upload="1"]`)), chromedp.KeyEvent("d"))
	view.until(`document.querySelector(".popup")`)
	view.do(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#delete-upload[open]")`)
	view.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelectorAll(".upload-row").length === 1`)
	for _, width := range []int64{1920, 1280, 390} {
		view.do(chromedp.EmulateViewport(width, 900))
		view.expect(`document.documentElement.scrollWidth <= innerWidth`, "true")
	}
	view.cleanBut(t, "409")
}

// Pins that take half of what retention allows are told of.
func TestPinsThatTakeMuch(t *testing.T) {
	t.Parallel()
	receiver := &receiver{built.Receiver(t, "--retention", "40kB") + "/"}
	receiver.uploadProfile(t, "first", heapProfile())
	view := chromium.search(t, receiver, "storage=open")
	view.menu(1, "pin")
	view.click(`#pin-upload button[type="submit"]`)
	view.until(`document.querySelector(".upload-row .pin")`)
	view.do(chromedp.Navigate(receiver.url + "?storage=open"))
	view.until(`document.querySelector("#storage")?.dataset.near === "true"`)
	text := view.text(`document.querySelector("#storage li").textContent`)
	if !strings.HasPrefix(text, "Pinned uploads take ") {
		t.Errorf("it says %q", text)
	}
	view.until(`document.querySelector("#storage dl").textContent.includes("Pinned1 upload, ")`)
	view.clean(t)
}

// A view is saved on any page under a name, stands on the start page for all, and is removed there.
func TestSavedViews(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1&tab=metrics", `document.querySelector("#save-view-button")`)
	view.click("#save-view-button")
	view.until(`document.querySelector("#save-view[open]")`)
	view.accessible(t, "a view is saved")
	view.do(chromedp.KeyEvent(kb.Enter)) // without a name: the receiver's own words
	view.until(`document.querySelector("#save-view .ask-fault").textContent.startsWith("name is missing")`)
	view.keys("#save-view input", "the <b>leak</b>")
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`!document.querySelector("dialog.ask")`)

	other := chromium.search(t, receiver, "")
	const link = `document.querySelector("#saved-views a")`
	other.until(link + `?.textContent === "the <b>leak</b>"`)
	other.accessible(t, "saved views")
	for _, width := range []int64{1920, 390} {
		other.do(chromedp.EmulateViewport(width, 900))
		other.expect(`document.documentElement.scrollWidth <= innerWidth`, "true")
	}
	other.do(chromedp.Focus(chromedp.CSS("#saved-views a")), chromedp.KeyEvent(kb.Enter))
	other.until(`location.pathname + location.search === "/profile?ids=1&tab=metrics"`)
	other.do(chromedp.NavigateBack())
	other.until(link)
	other.click("#saved-views button")
	other.until(`document.querySelector("#remove-view[open]")`)
	other.click(`#remove-view button[type="submit"]`)
	other.until(`document.querySelector("#saved-views").hidden`)
	view.cleanBut(t, "400")
	other.clean(t)
}
