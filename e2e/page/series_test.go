package page

// Uploads at given times, for tests of lists, charts and findings over time.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/pprof/profile"
)

type moment struct {
	start       time.Time
	seconds     int    // 60 if it is 0
	family      string // go if it is empty
	tags        string
	attachments map[string][]byte
}

func (r *receiver) uploadAt(t testing.TB, m moment) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	seconds, family := cmp.Or(m.seconds, 60), cmp.Or(m.family, "go")
	event, _ := json.Marshal(map[string]any{
		"start": m.start.UTC().Format(time.RFC3339Nano), "end": m.start.Add(time.Duration(seconds) * time.Second).UTC().Format(time.RFC3339Nano), "family": family, "version": "4",
		"tags_profiler": m.tags,
		"info":          map[string]any{"profiler": map[string]any{"version": "v0.1", "settings": map[string]any{"profile_period": "60s", "delta_profiles": true}}},
	})
	part, _ := form.CreateFormFile("event", "event.json")
	_, _ = part.Write(event)
	for name, content := range m.attachments {
		part, _ := form.CreateFormFile(name, name)
		_, _ = part.Write(content)
	}
	_ = form.Close()
	r.post(t, form.FormDataContentType(), &body)
}

// leakStart is the start of the series; 09:00 on a day long ago, so that no range up to now includes it.
var leakStart = time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)

// uploadLeak sends n uploads of shop, one a minute: C memory below report grows by 3 MB each, Go's stays constant.
func (r *receiver) uploadLeak(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		r.uploadAt(t, moment{
			start: leakStart.Add(time.Duration(i) * time.Minute),
			tags:  fmt.Sprintf("service:shop,env:prod,version:1.%d,host:db-1,runtime:go,language:go,runtime-id:one,profile_seq:%d,region:eu", i/10, i),
			attachments: map[string][]byte{
				"delta-heap.pprof": encode(t, leakProfile(int64(i))),
				"metrics.json":     fmt.Appendf(nil, `[["go_gcs_per_sec",%d],["go_num_goroutine",%d],["go_alloc_bytes_per_sec",1500000.5]]`, i%3, 20+i),
			},
		})
	}
}

func leakProfile(i int64) *profile.Profile {
	const mainGo, runtimeGo = "main.main /src/shop/main.go", "runtime.main /go/src/runtime/proc.go"
	return build(heapTypes, []stack{
		{[]string{"sqlite3MemMalloc /lib/src/sqlite3.c", "sqlite3_prepare_v2 /lib/src/sqlite3.c", "runtime.cgocall /go/src/runtime/cgocall.go",
			"main.report /src/shop/report.go", mainGo, runtimeGo}, []int64{400, 3e6, 100 * (i + 1), 3e6 * (i + 1)}, true, nil},
		{[]string{"main.cache /src/shop/cache.go", mainGo, runtimeGo}, []int64{500, 20e6, 100, 8e6}, false, nil},
	})
}

// measured waits until the receiver has computed the measures of all its uploads.
func (r *receiver) measured(t testing.TB, path string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var list struct {
			Uploads []struct{ Measures *json.RawMessage }
		}
		if err := json.Unmarshal(r.get(t, path), &list); err != nil {
			t.Fatal(err)
		}
		missing := 0
		for _, upload := range list.Uploads {
			if upload.Measures == nil {
				missing++
			}
		}
		if missing == 0 && len(list.Uploads) > 0 {
			return
		}
	}
	t.Fatal("the receiver does not compute the measures")
}

// shoot writes screenshots to build/screenshots: small and light, large and dark. The page follows the change from the first to the second.
func (b *browser) shoot(t *testing.T, receiver *receiver, name, address, ready string) {
	t.Helper()
	folder := filepath.Join("..", "..", "build", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	looks := []struct {
		scheme        string
		width, height int64
	}{{"light", 1280, 720}, {"dark", 1920, 1080}}
	if len(name)%2 == 1 { // half of the pages are loaded large and dark
		slices.Reverse(looks)
	}
	view := b.open(t)
	defer view.close()
	for i, look := range looks {
		view.prefer(look.scheme)
		view.do(chromedp.EmulateViewport(look.width, look.height))
		if i == 0 {
			view.do(chromedp.Navigate(receiver.url + address))
		}
		view.until(fmt.Sprintf(`innerWidth === %d && matchMedia("(prefers-color-scheme: %s)").matches`, look.width, look.scheme))
		view.until(ready)
		view.drawn()
		// Nothing sticks out of the window sideways.
		view.expect(`document.documentElement.scrollWidth <= innerWidth`, "true")
		file := filepath.Join(folder, fmt.Sprintf("%s-%s-%dx%d.png", name, look.scheme, look.width, look.height))
		if err := os.WriteFile(file, view.screenshot(), 0o644); err != nil {
			t.Fatal(err)
		}
		view.accessible(t, name+" "+look.scheme)
	}
	view.clean(t)
}

// drawn waits for two frames: then the page is drawn as it is.
func (view *tab) drawn() {
	view.t.Helper()
	view.text(`(() => { window.frames2 = 0; requestAnimationFrame(() => requestAnimationFrame(() => (window.frames2 = 2))); return ""; })()`)
	view.until(`window.frames2 === 2`)
}
