package page

// The view Source: a function by line, with its text, and links to where it can be read and edited.

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

const sourceRows = `[...document.querySelectorAll("#source-lines tbody tr:not(.gap)")].map((row) => [...row.cells].map((cell) => cell.textContent).join("|")).join("\n")`

// sameNameProfile: two functions main.work, at line 20 of other.go and at line 40 of work.go.
func sameNameProfile() *profile.Profile {
	return build(heapTypes, []stack{
		{[]string{"malloc /lib/malloc.c", "main.work /src/shop/other.go"}, []int64{0, 0, 10, 10e6}, true, nil},
		{[]string{"malloc /lib/malloc.c", "main.run /src/shop/run.go", "main.work /src/shop/work.go"}, []int64{0, 0, 10, 30e6}, true, nil},
	})
}

func TestSourceLines(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var text strings.Builder
	for line := 1; line <= 90; line++ {
		fmt.Fprintf(&text, "\tline%d()\n", line)
	}
	if err := os.MkdirAll(filepath.Join(folder, "shop"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"shop/work.go": text.String(), "shop/.env": "secret"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	receiver := &receiver{built.Receiver(t, "--source-path", "/src="+folder) + "/"}
	receiver.uploadAt(t, moment{start: leakStart, attachments: map[string][]byte{"delta-heap.pprof": encode(t, linesProfile())},
		tags: "service:shop,git.repository_url:git@github.com:org/shop.git,git.commit.sha:0123456789abcdef0123456789abcdef01234567"})
	for _, path := range []string{"/src/shop/.env", "/src/shop/../../etc/passwd", filepath.Join(folder, "shop/work.go"), "/etc/passwd"} {
		if got := string(receiver.get(t, "/api/source?file="+path)); got != `{"lines":[],"reason":"No folder of --source-path has this file."}` {
			t.Errorf("%s: %s", path, got)
		}
	}

	// By the menu of a frame.
	view := chromium.profile(t, receiver, "ids=1")
	view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent("m"))
	view.click(`.popup [data-action="source"]`)
	view.until(`location.search.includes("view=source") && location.search.includes("fn=main.work")`)
	view.until(sourceRows + `.includes("20|0 B") || ` + sourceRows + `.includes("20||30 MB|75.0 %|\tline20()")`)
	view.expect(`document.querySelector("#source-title").textContent`, "main.work /src/shop/work.go")
	view.expect(sourceRows+`.split("\n").filter((row) => row.includes("MB")).join()`, "20||30 MB|75.0 %|\tline20(),77||10 MB|25.0 %|\tline77()")
	view.expect(sourceRows+`.split("\n").map((row) => row.split("|")[0]).join()`, "15,16,17,18,19,20,21,22,23,24,25,72,73,74,75,76,77,78,79,80,81,82")
	view.expect(sourceRows+`.split("\n")[0]`, "15||||\tline15()")
	view.expect(`document.querySelector("#source-note").textContent`, "The text is what the receiver's file has now; what was profiled may have been built from another version.")
	// Links: to the commit that the tags name.
	const place = "https://github.com/org/shop/blob/0123456789abcdef0123456789abcdef01234567/work.go"
	view.expect(`document.querySelector("#source-links a").href`, place+"#L20")
	view.expect(`document.querySelector("#source-links a").textContent`, "github.com at 0123456789ab")
	view.expect(`document.querySelector('#source-lines tr[aria-current] a').href`, place+"#L20")
	view.expect(`document.querySelector("#source-lines a").rel`, "noopener noreferrer")
	view.accessible(t, "source")

	// Of another upload they are to its commit, and the lines around others have their text.
	receiver.uploadAt(t, moment{start: leakStart, attachments: map[string][]byte{"delta-heap.pprof": encode(t, sameNameProfile())},
		tags: "service:shop,git.repository_url:git@github.com:org/shop.git,git.commit.sha:fedcba9876543210fedcba9876543210fedcba98"})
	show := func(query string) {
		t.Helper()
		view.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`history.pushState(null, "", "/profile?%s"); dispatchEvent(new PopStateEvent("popstate"))`, query)))
	}
	show("ids=2&view=source&fn=main.work")
	view.until(`document.querySelector("#source-links a")?.href === "https://github.com/org/shop/blob/fedcba9876543210fedcba9876543210fedcba98/work.go#L40"`)
	view.until(sourceRows + `.includes("45||||\tline45()")`)
	view.expect(sourceRows+`.split("\n").filter((row) => row.includes("MB")).join()`, "40||30 MB|75.0 %|\tline40()")
	// Its function of the same name in another file is another function.
	view.click(`#source-links [data-action="other-file"]`)
	view.until(`document.querySelector("#source-title").textContent === "main.work /src/shop/other.go" && location.search.includes("file=")`)
	view.expect(sourceRows, "20||10 MB|25.0 %|")
	view.until(`document.querySelector("#source-note").textContent === "No folder of --source-path has this file."`)
	view.accessible(t, "functions of one name")
	show("ids=1&view=source&fn=main.work")
	view.until(`document.querySelector("#source-links a")?.href === "` + place + `#L20"`)

	// An editor is this browser's choice.
	view.do(chromedp.Focus(chromedp.CSS("#editor-menu summary")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#editor-menu").open`)
	view.accessible(t, "the choice of an editor")
	view.text(`(() => { document.querySelector("#editor").value = "vscode"; const [from, to] = document.querySelectorAll("#editor-menu input"); from.value = "/src"; to.value = "/home/me"; return ""; })()`)
	view.do(chromedp.Focus(chromedp.CSS("#editor-menu input:last-of-type")), chromedp.KeyEvent(kb.Enter))
	view.until(`document.querySelector("#open-editor")?.href === "vscode://file/home/me/shop/work.go:20"`)
	view.do(chromedp.Reload())
	view.until(`document.querySelector("#open-editor")?.href === "vscode://file/home/me/shop/work.go:20"`)
	view.clean(t)

	for _, size := range [][2]int64{{1920, 1080}, {1280, 720}} {
		for _, scheme := range []string{"light", "dark"} {
			view.prefer(scheme)
			view.do(chromedp.EmulateViewport(size[0], size[1]))
			view.until(fmt.Sprintf(`innerWidth === %d && matchMedia("(prefers-color-scheme: %s)").matches`, size[0], scheme))
			view.accessible(t, "source "+scheme)
		}
	}
	view.fits(t, receiver.url, "narrow", narrow, []shownPage{{"source", "profile?ids=1&view=source&fn=main.work", sourceRows + `.includes("MB")`}})
}

// A receiver that knows no sources says so, and shows the lines' values.
func TestSourceLinesWithoutText(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", linesProfile())
	view := chromium.profile(t, receiver, "ids=1&view=both")
	view.click(`#view [data-value="source"]`)
	view.until(`document.querySelector("#source-note").textContent === "The receiver was not told where sources are (--source-path)."`)
	view.expect(`document.querySelector("#source-title").textContent`, "malloc /lib/malloc.c") // has most of its own
	view.expect(sourceRows, "10|40 MB|40 MB|100.0 %|")
	view.expect(`document.querySelectorAll("#source-links a").length`, "0")
	view.clean(t)
}

// Who may send alone reads no source.
func TestSourceNeedsTheRoleToRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tokens := filepath.Join(folder, "tokens")
	if err := os.WriteFile(tokens, []byte("upload only-to-send-1234567890\nread only-to-read-1234567890\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "a.c"), []byte("int main;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := built.Receiver(t, "--source-path", folder, "--token-file", tokens) + "/api/source?file=a.c"
	for token, want := range map[string]int{"": 401, "only-to-send-1234567890": 403, "only-to-read-1234567890": 200} {
		request, _ := http.NewRequest("GET", url, nil)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("token %q: %s", token, response.Status)
		}
	}
}
