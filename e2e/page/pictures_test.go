package page

// The pictures of README and docs/page.md, most of the demo's service: "make pictures" writes them to the folder CMEMPROF_PICTURES.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func TestPictures(t *testing.T) {
	folder := os.Getenv("CMEMPROF_PICTURES")
	if folder == "" {
		t.Skip("CMEMPROF_PICTURES is not set")
	}
	there, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(there, "orders"), ".")
	build.Dir = filepath.Join("..", "..", "demo")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	// Its folder has a name that a service's has, in a mount namespace of its own.
	receiver := &receiver{built.Receiver(t, "--binary-path", "/opt="+there) + "/"}
	agent := strings.TrimSuffix(strings.TrimPrefix(receiver.url, "http://"), "/")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	demo := exec.CommandContext(ctx, "unshare", "--map-root-user", "--mount", "sh", "-c", `mount --bind "$1" /opt && exec /opt/orders -agent "$2" -period 5s -duration 3m`, "sh", there, agent)
	demo.WaitDelay = 10 * time.Second // whatever it has started keeps nobody
	if output, err := demo.CombinedOutput(); err != nil {
		t.Fatalf("orders: %v\n%s", err, output)
	}
	const drawn = `document.querySelector("#frame")?.textContent.startsWith("all ·")`
	for _, page := range []shownPage{
		{"page", "profile?service=orders&memory=C", drawn},
		{"growth", "profile?service=orders&gauges=growth", drawn},
		{"calls", "profile?service=orders&attachment=cpu.pprof&view=calls&calls=20&scale=60", `document.querySelectorAll("#calls .call-box").length > 5`},
		{"times", "profile?service=orders&attachment=cpu.pprof&view=times", `document.querySelector("#times-note")`},
		{"instructions", "profile?service=orders&memory=C&view=source&fn=sqlite3MemMalloc&code=1", `document.querySelector("#instructions tbody tr[aria-current]")`},
		{"analysis", "profile?service=orders&tab=analysis", `document.querySelector(".finding")`},
		{"search", "", `document.querySelector("#suspects .what")?.textContent.startsWith("C leak in main.") && document.querySelector(".chart canvas")`},
	} {
		receiver.picture(t, folder, page)
	}
}

// Threads of a recording of Java, as the demo is none.
func TestPicturesOfThreads(t *testing.T) {
	folder := os.Getenv("CMEMPROF_PICTURES")
	if folder == "" {
		t.Skip("CMEMPROF_PICTURES is not set")
	}
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "java-gzip")
	receiver.picture(t, folder, shownPage{"threads", "profile?ids=1&view=times&lanes=1&type=cpu", `document.querySelectorAll(".heat-states li").length > 2`})
}

func (r *receiver) picture(t *testing.T, folder string, page shownPage) {
	t.Helper()
	view := chromium.open(t)
	view.prefer("light")
	view.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(r.url+page.address))
	view.until(page.ready)
	view.drawn()
	if err := os.WriteFile(filepath.Join(folder, page.name+".png"), view.screenshot(), 0o644); err != nil {
		t.Fatal(err)
	}
	view.clean(t)
	view.close()
}
