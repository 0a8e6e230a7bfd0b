package page

// The values of the function table against `go tool pprof -top`.

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// human formats a value like the page: three significant digits.
func human(value float64, unit string) string {
	digits := func(number float64) string {
		digits := 2
		if math.Abs(number) >= 100 || number == math.Trunc(number) {
			digits = 0
		} else if math.Abs(number) >= 10 {
			digits = 1
		}
		return strconv.FormatFloat(number, 'f', digits, 64)
	}
	switch unit {
	case "bytes":
		units := []string{"B", "kB", "MB", "GB", "TB"}
		for math.Abs(value) >= 999.5 && len(units) > 1 {
			value, units = value/1000, units[1:]
		}
		return digits(value) + " " + units[0]
	case "nanoseconds":
		name, size := "ns", 1.0
		for _, larger := range []struct {
			name string
			size float64
		}{{"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 6e10}, {"h", 3.6e12}} {
			if math.Abs(value) >= larger.size {
				name, size = larger.name, larger.size
			}
		}
		return digits(value/size) + " " + name
	}
	text := strconv.FormatInt(int64(value), 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	if unit != "count" && unit != "" {
		text += " " + unit
	}
	return text
}

// asShown maps a name to "self total" as the page should write it.
func asShown(sums map[string]profiles.Sum, unit string) map[string]string {
	rows := map[string]string{}
	for name, sum := range sums {
		rows[name] = human(float64(sum.Self), unit) + " " + human(float64(sum.Total), unit)
	}
	return rows
}

// Reads the whole table, screen by screen; names that several functions share are left out.
const tableScript = `(async () => {
	const box = document.querySelector("#functions"), rows = new Map(), again = new Set();
	for (let top = 0; ; top += box.clientHeight - 60) {
		box.scrollTop = top;
		for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
		for (const row of document.querySelectorAll("#functions tr[data-index]")) {
			const [[self, , total], name] = [[...row.cells].map((cell) => cell.textContent), row.querySelector(".name").textContent];
			const known = rows.get(name);
			if (known && known.index !== row.dataset.index) again.add(name);
			rows.set(name, { index: row.dataset.index, text: self + " " + total });
		}
		if (top + box.clientHeight >= box.scrollHeight) break;
	}
	for (const name of again) rows.delete(name);
	window.rows = Object.fromEntries([...rows].map(([name, row]) => [name, row.text]));
})()`

func TestValuesAreThoseOfPprof(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	clients := []string{"go-v1", "go-v2-all", "python-auto"}
	for _, client := range clients {
		receiver.uploadCapture(t, client)
	}
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	compared := 0
	for id := 1; id <= len(clients)+1; id++ {
		view.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(fmt.Sprintf("%sprofile?ids=%d", receiver.url, id)))
		view.until(`document.querySelectorAll("#types .rail-file").length > 0`)
		for _, name := range strings.Split(view.text(`[...document.querySelectorAll("#types .rail-file")].map(b => b.dataset.attachment).join("\n")`), "\n") {
			if !strings.HasSuffix(name, ".pprof") {
				continue
			}
			file := filepath.Join(t.TempDir(), "profile")
			content := receiver.get(t, fmt.Sprintf("/api/uploads/%d/attachments/%s", id, name))
			raw, err := profiles.Inflate(content)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			p, err := profile.ParseData(raw)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := os.WriteFile(file, raw, 0o644); err != nil {
				t.Fatal(err)
			}
			for i, sampleType := range p.SampleType {
				if !slices.ContainsFunc(p.Sample, func(sample *profile.Sample) bool { return sample.Value[i] != 0 }) {
					continue
				}
				// pprof reads it in parallel with the page.
				answer := make(chan map[string]profiles.Sum, 1)
				go func() {
					sums, err := profiles.Top(file, sampleType)
					if err != nil {
						t.Error(err)
					}
					answer <- sums
				}()
				view.do(chromedp.Navigate(fmt.Sprintf("%sprofile?ids=%d&attachment=%s&type=%s&view=table", receiver.url, id, name, sampleType.Type)))
				view.until(`document.querySelector("#frame").textContent.startsWith("all ·") && document.querySelector("#functions tbody tr:not(.gap)")`)
				view.text(`(() => { window.rows = undefined; ` + tableScript + `; return ""; })()`)
				view.until(`window.rows !== undefined`)
				shown := get(view, chromedp.Evaluate[map[string]string](`window.rows`))
				rows := asShown(<-answer, sampleType.Unit)
				for function, want := range rows {
					got, there := shown[function]
					if !there {
						continue
					}
					compared++
					if got != want {
						t.Errorf("upload %d, %s, %s, %s: the page has %q, pprof %q", id, name, sampleType.Type, function, got, want)
					}
				}
				if len(shown) < len(rows)/2 {
					t.Errorf("upload %d, %s, %s: the page has %d functions, pprof %d", id, name, sampleType.Type, len(shown), len(rows))
				}
			}
		}
	}
	if compared < 500 {
		t.Errorf("%d values were compared", compared)
	}
	t.Logf("%d functions compared", compared)
	view.clean(t)
}
