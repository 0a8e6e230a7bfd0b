package page

import (
	"archive/tar"
	"bytes"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestDownloadsGiveTheBytesThatCame(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	profile := encode(t, heapProfile())
	sent := map[string][]byte{"delta-heap.pprof": profile, "metrics.json": []byte(`[["a",1]]`)}
	receiver.upload(t, "shop", sent)
	view := chromium.profile(t, receiver, "ids=1")
	view.click("#downloads summary")
	for name, want := range sent {
		target, err := url.Parse(view.text(`document.querySelector('#downloads a[download="` + name + `"]').href`))
		if err != nil {
			t.Fatal(err)
		}
		if got := receiver.get(t, target.Path); !bytes.Equal(got, want) {
			t.Errorf("%s: downloaded %d bytes, uploaded %d", name, len(got), len(want))
		}
	}
	target, err := url.Parse(view.text(`document.querySelector("#download-all").href`))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for archive := tar.NewReader(bytes.NewReader(receiver.get(t, target.Path))); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found[header.Name[strings.LastIndex(header.Name, "/")+1:]], _ = io.ReadAll(archive)
	}
	for name, want := range sent {
		if !bytes.Equal(found[name], want) {
			t.Errorf("the archive's %s has %d bytes, uploaded %d (it holds %d files)", name, len(found[name]), len(want), len(found))
		}
	}
	view.do(chromedp.KeyEvent(kb.Escape))
	view.clean(t)
}

// Each file can be downloaded from the list as well, by mouse and by keys.
func TestDownloadsFromTheList(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	sent := map[string][]byte{"delta-heap.pprof": encode(t, heapProfile()), "metrics.json": []byte(`[["a",1]]`)}
	receiver.upload(t, "shop", sent)
	view := chromium.search(t, receiver, "")
	view.expect(`document.querySelector(".upload-row .files").textContent`, "↓ 2")
	view.click(".upload-row .files button")
	view.until(`document.querySelectorAll(".popup a").length === 3`)
	view.accessible(t, "files of an upload")
	for name, want := range sent {
		target, err := url.Parse(view.text(`document.querySelector('.popup a[download="` + name + `"]').href`))
		if err != nil {
			t.Fatal(err)
		}
		if got := receiver.get(t, target.Path); !bytes.Equal(got, want) {
			t.Errorf("%s: downloaded %d bytes, uploaded %d", name, len(got), len(want))
		}
	}
	view.expect(`new URL(document.querySelector('.popup [data-action="all"]').href).pathname`, "/api/uploads/1/archive")
	view.do(chromedp.KeyEvent(kb.Escape))
	view.until(`!document.querySelector(".popup") && location.pathname === "/"`)
	view.do(chromedp.Focus(chromedp.CSS(".upload-row")), chromedp.KeyEvent("d"))
	view.until(`document.activeElement.closest(".popup")`)
	view.do(chromedp.KeyEvent(kb.Escape))
	view.until(`document.activeElement.matches(".upload-row")`)
	view.clean(t)
}
