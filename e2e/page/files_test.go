package page

// Files that are dragged onto the page, and those that Export gives.

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// As the system's file manager does it.
func drag(view *tab, kind input.DispatchDragEventType, files ...string) {
	view.t.Helper()
	event := input.DispatchDragEventParams{Type: kind, X: 300, Y: 300, Data: &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}}
	view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.DispatchDragEvent, event)
		return err
	}))
}

func drop(view *tab, files ...string) {
	view.t.Helper()
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		drag(view, kind, files...)
	}
}

func TestFilesAreDroppedOntoThePage(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folded, trace := file("checkout.folded", "main;work 3\nmain;rest 4\n"), file("trace.out", "go 1.26 trace\x00\x00\x00")
	node := file("page.cpuprofile", `{"nodes":[{"id":1,"callFrame":{"functionName":"draw","url":"a.js","lineNumber":1},"hitCount":5}]}`)

	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": encode(t, heapProfile())})
	view := chromium.search(t, receiver, "")
	drag(view, input.DispatchDragEventTypeDragEnter, folded)
	view.expect(`document.querySelector("#drop").dataset.state`, "over")
	view.accessible(t, "files over the page")
	drop(view, folded)
	view.until(`location.pathname === "/profile" && document.querySelector("#service")?.textContent === "checkout"`)
	view.until(`document.querySelector("#flamegraph") && document.querySelector("#frame").textContent.includes("7")`)
	view.expect(`document.querySelector("#drop").dataset.state === undefined`, "true")
	var upload struct {
		Tags        []string
		Attachments []struct{ Name string }
	}
	if err := json.Unmarshal(receiver.get(t, "/api/uploads/2"), &upload); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(upload.Tags, " "), "source:file") || upload.Attachments[0].Name != "checkout.folded.pprof" {
		t.Errorf("stored as %+v", upload)
	}

	// One that cannot be read is said, and the others are taken.
	drop(view, trace, folded, node)
	view.until(`document.querySelector("#drop").dataset.state === "failed"`)
	view.until(`location.pathname === "/" && document.querySelectorAll(".upload-row").length === 3`)
	if text := view.text(`document.querySelector("#drop p").textContent`); !strings.Contains(text, "trace.out: a Go execution trace") {
		t.Errorf("the page says: %s", text)
	}
	view.click("#drop-close")
	view.until(`document.querySelector("#drop").dataset.state === undefined`)
}

func TestExport(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.upload(t, "shop", map[string][]byte{"delta-heap.pprof": encode(t, heapProfile())})
	view := chromium.profile(t, receiver, "ids=1&type=inuse_space&memory=C")
	view.until(`document.querySelector("#export")`)
	view.click("#export")
	view.accessible(t, "formats of an export")
	file := func(format string) []byte {
		t.Helper()
		target, err := url.Parse(view.text(`document.querySelector('.popup [data-action="` + format + `"]').href`))
		if err != nil {
			t.Fatal(err)
		}
		return receiver.get(t, target.RequestURI())
	}
	var tree struct{ Total int64 }
	if err := json.Unmarshal(receiver.get(t, "/api/tree?ids=1&attachment=delta-heap.pprof&type=inuse_space&memory=C"), &tree); err != nil {
		t.Fatal(err)
	}

	sum := int64(0)
	for _, line := range strings.Split(strings.TrimSpace(string(file("folded"))), "\n") {
		var value int64
		if err := json.Unmarshal([]byte(line[strings.LastIndex(line, " ")+1:]), &value); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		sum += value
	}
	if sum != tree.Total || sum == 0 {
		t.Errorf("folded stacks have %d, the page shows %d", sum, tree.Total)
	}
	var nodes struct {
		Value    int64
		Children []any
	}
	if err := json.Unmarshal(file("json"), &nodes); err != nil || nodes.Value != tree.Total || len(nodes.Children) == 0 {
		t.Errorf("JSON: %v, %d, the page shows %d", err, nodes.Value, tree.Total)
	}
	if rows, err := csv.NewReader(bytes.NewReader(file("csv"))).ReadAll(); err != nil || len(rows) < 2 || len(rows[0]) != 4 {
		t.Errorf("CSV: %v %v", err, rows)
	}
	if p, err := profile.ParseData(file("pprof")); err != nil || len(p.SampleType) != len(heapProfile().SampleType) {
		t.Errorf("pprof: %v", err)
	}
	if otlp := file("otlp"); !bytes.HasPrefix(otlp, []byte{0x1f, 0x8b}) {
		t.Errorf("OTLP begins with %x", otlp[:4])
	}
	if speedscope := file("speedscope"); !json.Valid(speedscope) {
		t.Errorf("speedscope: %s", speedscope)
	}

	// The picture is well-formed, and Chromium draws a box for each frame.
	picture := file("svg")
	for decoder := xml.NewDecoder(bytes.NewReader(picture)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("SVG: %v", err)
		}
	}
	path := filepath.Join(t.TempDir(), "picture.svg")
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		t.Fatal(err)
	}
	view.do(chromedp.KeyEvent(kb.Escape))
	view.clean(t)
	view.do(chromedp.Navigate("file://" + path))
	view.until(`document.documentElement.nodeName === "svg" && document.querySelectorAll("rect").length > 1`)
	view.until(`document.querySelectorAll("rect")[1].getBoundingClientRect().width > 1000`)
}
