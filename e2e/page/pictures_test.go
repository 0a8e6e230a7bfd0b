package page

// The pictures of README and docs/page.md, of the demo's service: "make pictures" writes them to the folder CMEMPROF_PICTURES.

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestPictures(t *testing.T) {
	folder := os.Getenv("CMEMPROF_PICTURES")
	if folder == "" {
		t.Skip("CMEMPROF_PICTURES is not set")
	}
	service := filepath.Join(t.TempDir(), "orders")
	build := exec.Command("go", "build", "-o", service, ".")
	build.Dir = filepath.Join("..", "..", "demo")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	receiver := startReceiver(t)
	agent := strings.TrimSuffix(strings.TrimPrefix(receiver.url, "http://"), "/")
	if output, err := exec.Command(service, "-agent", agent, "-period", "5s", "-duration", "3m").CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", service, err, output)
	}
	const drawn = `document.querySelector("#frame")?.textContent.startsWith("all ·")`
	for _, page := range []shownPage{
		{"page", "profile?service=orders&memory=C", drawn},
		{"growth", "profile?service=orders&gauges=growth", drawn},
		{"analysis", "profile?service=orders&tab=analysis", `document.querySelector(".finding")`},
		{"search", "", `document.querySelector("#suspects .what")?.textContent.startsWith("C leak in main.") && document.querySelector(".chart canvas")`},
	} {
		view := chromium.open(t)
		view.prefer("light")
		view.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(receiver.url+page.address))
		view.until(page.ready)
		view.drawn()
		if err := os.WriteFile(filepath.Join(folder, page.name+".png"), view.screenshot(), 0o644); err != nil {
			t.Fatal(err)
		}
		view.clean(t)
		view.close()
	}
}
