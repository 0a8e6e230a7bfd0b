package page

// Grouped by a label of samples: the charts that are made of samples have a line for each value.

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const tenants = 14

// Six uploads of a minute each: 14 tenants take 1 % of a core each, of which t-03 takes 1 % more each minute, and 30 s are of nobody; C memory is
// of t-03 and t-05 alone.
func (r *receiver) uploadLabelled(t testing.TB) {
	t.Helper()
	for i := range 6 {
		cpu := []stack{{[]string{"main.idle /src/main.go"}, []int64{1, 30e9}, false, nil}}
		for tenant := range tenants {
			spent := int64(600e6)
			if tenant == 3 {
				spent *= int64(1 + i)
			}
			cpu = append(cpu, stack{[]string{"main.work /src/main.go"}, []int64{1, spent}, false, map[string]string{"tenant": fmt.Sprintf("t-%02d", tenant), "stage": "all"}})
		}
		heap := []stack{{[]string{"main.cache /src/main.go"}, []int64{0, 0, 1, 50e6}, false, nil}}
		for _, tenant := range []int64{3, 5} {
			heap = append(heap, stack{[]string{"malloc /src/m.c", "main.load /src/main.go"}, []int64{0, 0, 1, tenant * 1e6 * int64(1+i)}, true, map[string]string{"tenant": fmt.Sprintf("t-%02d", tenant)}})
		}
		r.uploadAt(t, moment{
			start: leakStart.Add(time.Duration(i) * time.Minute),
			tags:  "service:tenants,host:db-1,runtime:go,language:go,runtime-id:labelled",
			attachments: map[string][]byte{
				"cpu.pprof":        encode(t, build([][2]string{{"samples", "count"}, {"cpu", "nanoseconds"}}, cpu)),
				"delta-heap.pprof": encode(t, build(heapTypes, heap)),
			},
		})
	}
	r.measured(t, "/api/uploads?service=tenants&limit=200&measures=1")
}

const (
	cpuCard      = `document.querySelector('.metric[data-series="cpu_cores"]')`
	chooseTenant = `(() => { const list = document.querySelector('[aria-label="Group uploads"]'); list.value = "tenant"; list.dispatchEvent(new Event("change")); return ""; })()`
	byTenant     = `location.search.includes("group_by=tenant") && ` + cpuCard + `?.querySelectorAll(".lines li").length === 13`
	tenantChoice = `[...(document.querySelector('[aria-label="Group uploads"]')?.options ?? [])].map((one) => one.textContent).join() === "Not grouped,By label stage,By label tenant"`
)

func TestALineForEachTenant(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLabelled(t)
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=tenants&tab=metrics", tenantChoice)
	view.expect(cpuCard+`.querySelector("b").textContent`, "0.69") // of all: 30 s of nobody, 13 times 0.6 s, 3.6 s
	view.text(chooseTenant)
	view.until(byTenant)

	// Each chart has its highest values; all lines add up, so that the others are a sum.
	view.expect(cpuCard+`.querySelector("b").textContent`, "(no label) 0.50")
	view.expect(cpuCard+`.querySelector(".lines").textContent.slice(0, 18)`, "(no label)t-03t-00")
	view.do(chromedp.Focus(chromedp.CSS(`.metric[data-series="cpu_cores"] .chart`)), chromedp.KeyEvent(kb.End))
	view.until(cpuCard + `.querySelector(".chart").getAttribute("aria-label").includes("(no label) 0.50, t-03 0.060, t-00 0.010")`)
	view.until(cpuCard + `.querySelector(".chart").getAttribute("aria-label").endsWith("3 others together 0.030")`)
	view.expect(heapCard+`.querySelector("b").textContent`, "t-05 30 MB")
	view.expect(`[...document.querySelectorAll(".metric")].map((card) => card.dataset.series).join()`, "c_live_bytes,cpu_cores")
	view.expect(`document.querySelector("#values p").textContent`, "each chart has the 12 highest values, and the sum of all others · without this label: Allocation rate, Heap live · figures without samples have no values of labels")
	view.until(valueRows + `.startsWith("t-05 0.010 30 MB; t-03 0.060 18 MB; ")`)
	view.accessible(t, "a line for each value of a label")

	// A value leads to its samples, in the profile that has those of the measure by which the table is sorted; Back to all.
	view.click(`#values [data-order="cpu_cores"]`)
	view.until(valueRows + `.startsWith("(no label) 0.50 0 B; t-03 0.060 18 MB; ")`)
	view.expect(`new URLSearchParams(location.search).get("by")`, "cpu_cores")
	view.do(chromedp.Focus(chromedp.CSS("#values .virtual-table")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.expect(`new URLSearchParams(location.search).get("tab")`, "metrics") // those without the label are no value
	view.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("label") === "tenant:t-03" && document.querySelector("#frame")?.textContent === "all · 12.6 s"`)
	view.expect(`new URLSearchParams(location.search).get("attachment")`, "cpu.pprof")
	view.do(chromedp.NavigateBack())
	view.until(byTenant)

	// What no sample has leaves no chart, and is said; the choice is still there.
	view.goTo(receiver.url+"profile?service=tenants&tab=metrics&group_by=stage", `document.querySelectorAll(".metric").length === 1`)
	view.expect(`document.querySelector("#values p").textContent.includes("without this label: Allocation rate, Heap live, C heap live ·")`, "true")
	view.goTo(receiver.url+"profile?service=tenants&tab=metrics&group_by=nobody", `document.querySelector("#metrics .notice")?.textContent === "No sample of these uploads has the label nobody."`)
	view.expect(`document.querySelector('[aria-label="Group uploads"]').value`, "nobody")
	view.clean(t)
	chromium.shoot(t, receiver, "labels", "profile?service=tenants&tab=metrics&group_by=tenant", byTenant)
}

func (f *firefox) labels(url string) {
	f.t.Helper()
	f.open(url + "profile?service=tenants&tab=metrics")
	f.until(tenantChoice)
	f.value(chooseTenant)
	f.until(byTenant)
	f.until(valueRows + `.startsWith("t-05 0.010 30 MB; t-03 0.060 18 MB; ")`)
	f.accessible("a line for each value of a label")
	f.screenshot("labels")
	f.value(`(document.querySelector("#values .virtual-table").focus(), "")`)
	f.press(firefoxDown, firefoxEnter)
	f.until(`new URLSearchParams(location.search).get("label") === "tenant:t-05"`)
}

// BenchmarkLinesOfLabels: 1,000 values of a label, of an hour of one process with 5,000 stacks an upload, and of 6 hours of 12 processes with 50. Writes
// build/bench-page-labels.tsv.
func BenchmarkLinesOfLabels(b *testing.B) {
	receiver := startReceiver(b)
	table := "lines of 1,000 values of a label\tuploads\tstacks\tms\tagain"
	for _, load := range []struct {
		service              string
		minutes, hosts, each int
	}{{"hour", 60, 1, 5000}, {"fleet", 360, 12, 50}} {
		for i := range load.minutes * load.hosts {
			minute, host := i/load.hosts, i%load.hosts
			var stacks []stack
			for one := range load.each {
				stacks = append(stacks, stack{[]string{fmt.Sprintf("main.work%d /src/main.go", one%400), "main.serve /src/main.go", "main.main /src/main.go"},
					[]int64{1, int64(1e6 + one)}, false, map[string]string{"tenant": fmt.Sprintf("t-%04d", (one*17+minute*50+host*7)%1000)}})
			}
			r := moment{start: leakStart.Add(time.Duration(minute) * time.Minute), tags: fmt.Sprintf("service:%s,host:db-%d,runtime-id:%d", load.service, host, host)}
			r.attachments = map[string][]byte{"cpu.pprof": encode(b, build([][2]string{{"samples", "count"}, {"cpu", "nanoseconds"}}, stacks))}
			receiver.uploadAt(b, r)
		}
		receiver.measured(b, "/api/uploads?limit=1000&measures=1&service="+load.service)
		table += fmt.Sprintf("\n%s\t%d\t%d", load.service, load.minutes*load.hosts, load.minutes*load.hosts*load.each)
		for range 2 {
			start := time.Now()
			_ = receiver.get(b, "/api/metrics?group_by=tenant&service="+load.service)
			table += fmt.Sprintf("\t%d", time.Since(start).Milliseconds())
		}
	}
	b.Logf("\n%s", table)
	if err := os.WriteFile(filepath.Join("..", "..", "build", "bench-page-labels.tsv"), []byte(table+"\n"), 0o644); err != nil {
		b.Fatal(err)
	}
}
