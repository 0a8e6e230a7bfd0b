package page

// "Copy as Markdown" on each table, difference and finding.

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// markdown copies from the selected button by keyboard, and returns the lines.
func (view *tab) markdown(button string) []string {
	view.t.Helper()
	view.until(`document.querySelector(` + quote(button) + `)`)
	view.text(`(() => { window.copied = ""; navigator.clipboard.writeText = async (text) => { window.copied = text; }; return ""; })()`)
	view.do(chromedp.Focus(chromedp.CSS(button)), chromedp.KeyEvent(kb.Enter))
	view.until(`window.copied && document.querySelector(` + quote(button) + `).textContent === "Copied"`)
	return strings.Split(strings.TrimSuffix(view.text(`window.copied`), "\n"), "\n")
}

func expectLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nexpected\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const copyIt = `[data-action="markdown"]`

func TestTablesAsMarkdown(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	foreign := build(heapTypes, []stack{
		{[]string{"a|b /src/x.go", "`c`\n| d | /src/x.go", breakOut + " /src/x.go"}, []int64{1, 1e6, 1, 3e6}, false, map[string]string{"tenant": "x|y"}},
	})
	receiver.uploadProfile(t, "shop|two", foreign)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.profile(t, receiver, "ids=1&view=table&sort=name")
	lines := view.markdown("#profile " + copyIt)
	expectLines(t, "foreign names", lines,
		`shop\|two · delta-heap.pprof · all · 3 MB · 3 functions <`+receiver.url+`profile?ids=1&view=table&sort=name>`, "",
		"| Self | Self % | Total | Total % | Count | Mean size | Function | Source |", "| ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
		"| 0 B | 0.0 % | 3 MB | 100.0 % | 1 | 3 MB | `"+breakOut+"` | `src/x.go` |",
		"| 0 B | 0.0 % | 3 MB | 100.0 % | 1 | 3 MB | \\`c\\` \\| d \\| | `src/x.go` |",
		"| 3 MB | 100.0 % | 3 MB | 100.0 % | 1 | 3 MB | a\\|b | `src/x.go` |")
	view.accessible(t, "a table to copy")
	view.goTo(receiver.url+"profile?ids=1&view=table&group_by=tenant", `document.querySelector("#groups").checkVisibility()`)
	expectLines(t, "values of a label", view.markdown("#profile " + copyIt)[2:], "| Total | Total % | Value |", "| ---: | ---: | --- |", `| 3 MB | 100.0 % | x\|y |`)
	view.goTo(receiver.url+"compare?ids=2&base.ids=1&view=table&find=main.cache", compareReady)
	expectLines(t, "a difference", view.markdown(".compare " + copyIt)[2:],
		"| Self | Total | Baseline | Self change | Change | Function | Source |", "| ---: | ---: | ---: | ---: | ---: | --- | --- |",
		"| 8 MB | 8 MB | 0 B | +8 MB | +8 MB | `main.cache` | `shop/cache.go` |")
	view.clean(t)

	// In a file there is no address to lead to.
	report := offline(t)
	report.goTo(reportOf(t, map[string]*profile.Profile{"a": heapProfile()}, "report", "-o", "report.html", "a")+"#/profile?ids=1&view=table", graphReady)
	expectLines(t, "of a report", report.markdown("#profile " + copyIt)[:1], "a · heap.pprof · all · 48 MB · 7 functions")
	report.cleanBut(t, "another host: file://")
}

func TestGrowthAndFindingsAsMarkdown(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadMemory(t, "db-1", 20)
	receiver.measured(t, "/api/uploads?limit=100&measures=1")
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=shop&gauges=growth&view=table", `document.querySelector("#functions-growth td")`)
	lines := view.markdown("#profile " + copyIt)
	if lines[2] != "| Self/min | Total/min | Error (95 %) | Function | Source |" || !strings.HasPrefix(lines[4], "| +3 MB | +3 MB | ±") {
		t.Errorf("growth: %q", lines)
	}
	for _, shown := range [][3]string{
		{"analysis", `document.querySelector(".finding canvas")`, `.finding[data-kind="c_leak"] ` + copyIt},
		{"memory", memoryReady, `#memory-findings [data-kind="c_leak"] ` + copyIt},
	} {
		view.goTo(receiver.url+"profile?service=shop&tab="+shown[0], shown[1])
		lines := view.markdown(shown[2])
		if !strings.HasPrefix(lines[0], "| Finding | C memory allocated in sqlite3MemMalloc") || lines[1] != "| --- | --- |" || !strings.HasPrefix(lines[2], "| Severity | ") ||
			!strings.Contains(strings.Join(lines, "\n"), "| Stack | `sqlite3MemMalloc` |") {
			t.Errorf("%s: %q", shown[0], lines)
		}
		for _, line := range lines {
			if strings.Count(line, " | ") != 1 {
				t.Errorf("%s: %q", shown[0], line)
			}
		}
	}
	view.clean(t)
}

func TestSuspectsAsMarkdown(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for i := range 30 {
		receiver.uploadAt(t, moment{
			start:       time.Now().Add(time.Duration(i-40) * time.Minute),
			tags:        "service:shop|two,version:1.0,host:db-1,runtime:go,language:go,runtime-id:one",
			attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(int64(i)))},
		})
	}
	receiver.measured(t, "/api/uploads?limit=400&measures=1")
	view := chromium.open(t)
	view.goTo(receiver.url, `document.querySelector("#suspects .what")?.textContent === "C leak in main.report"`)
	lines := view.markdown("#suspects " + copyIt)
	if !strings.HasPrefix(lines[0], "1 suspect in 6 hours") || !strings.HasSuffix(lines[0], " <"+receiver.url+">") {
		t.Errorf("%q", lines[0])
	}
	if len(lines) != 5 || lines[2] != "| Service | What | Growth | Kept | Limit | Since | Version |" || !strings.HasPrefix(lines[4], `| shop\|two | C memory allocated`) || strings.Count(lines[4], " | ") != 6 {
		t.Errorf("%q", lines)
	}
	view.accessible(t, "suspects to copy")
	view.clean(t)
}
