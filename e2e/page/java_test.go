package page

// Uploads of Java: recordings (e2e/jfr compares their events with the JDK's reader).

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/cmemprof/cmemprof/e2e/java"
)

// uploadRecordings sends recordings of one second each, a minute apart.
func (r *receiver) uploadRecordings(t testing.TB, version, process string, first int, recordings [][]byte) {
	t.Helper()
	for i, recording := range recordings {
		r.uploadAt(t, moment{
			start:       leakStart.Add(time.Duration(first+i) * time.Minute),
			seconds:     1,
			family:      "java",
			tags:        fmt.Sprintf("service:orders,env:prod,version:%s,host:jvm-1,language:jvm,runtime-id:%s", version, process),
			attachments: map[string][]byte{"main.jfr": recording},
		})
	}
}

func TestEventsOfARecording(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "java-gzip")
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1&type=(events)", `document.querySelectorAll("#events tbody tr").length > 10`)
	view.expect(`document.querySelector("#other").textContent.includes("main.jfr, a recording of Java Flight Recorder: version 2.1, 2 chunks")`, "true")
	view.accessible(t, "types of events")
	view.click(`#events tr[data-event="jdk.InitialSystemProperty"] button`)
	view.until(`document.querySelectorAll("#single-events tbody tr").length > 10`)
	view.expect(`new URLSearchParams(location.search).get("event")`, "jdk.InitialSystemProperty")
	view.expect(`[...document.querySelectorAll("#single-events th")].map(e => e.textContent).join()`, "Start,Key,Value")
	view.expect(`[...document.querySelectorAll("#single-events tbody tr")].some(e => e.cells[1].textContent === "java.vm.specification.name" && e.cells[2].textContent === "Java Virtual Machine Specification")`, "true")
	view.click(".recording-type summary")
	view.until(`document.querySelector("#fields").offsetHeight > 0`)
	view.accessible(t, "events of a type")
	view.do(chromedp.NavigateBack())
	view.until(`document.querySelectorAll("#events tbody tr").length > 10`)

	// Stacks, and more events than are asked for at once.
	view.click(`#events tbody tr:nth-child(1) button`)
	view.until(`document.querySelectorAll("#single-events tbody tr").length === 100`)
	view.click("#more-events")
	view.until(`document.querySelectorAll("#single-events tbody tr").length === 200`)
	view.click("#all-events")
	view.until(`document.querySelector("#events")`)
	view.click(`#events tr[data-event="datadog.ExecutionSample"] button`)
	view.until(`document.querySelector("#single-events details summary")`)
	view.click("#single-events details summary")
	view.until(`document.querySelectorAll("#single-events details[open] li").length > 1`)
	view.expect(`document.querySelector("#single-events details li").textContent === document.querySelector("#single-events details summary").textContent`, "true")
	view.clean(t)
}

func TestRuntimeInfoOfARecording(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "java-gzip")
	view := chromium.open(t)
	value := func(key string) string {
		return `[...document.querySelectorAll('#runtime tr[data-key="` + key + `"] td')].map(e => e.textContent).join("|")`
	}
	view.goTo(receiver.url+"profile?ids=1&tab=runtime", value("jvmName")+` !== ""`)
	view.expect(value("jvmName"), "OpenJDK 64-Bit Server VM")
	view.expect(value("java.vm.specification.name"), "Java Virtual Machine Specification")
	view.expect(`[...document.querySelectorAll("#runtime caption")].map(e => e.textContent).slice(0, 3).join()`, "Event,JVM,JVM flags that were set")
	view.clean(t)
}

// What is planted is found: a leak, of which the JDK's recordings tell the size, and by old objects the place, and a lock that is fought for.
// The place is the program's, not the function of the JDK that it called.
func TestAnalysisOfRecordings(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadRecordings(t, "1.0", "one", 0, java.Series(t, java.AnyJDK(t), 12, 1, "leak=4", "lock", "healthy"))
	receiver.measured(t, "/api/uploads")
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=orders&tab=analysis", `document.querySelectorAll(".finding").length === 2`)
	finding := func(kind, part string) string {
		return `document.querySelector('.finding[data-kind="` + kind + `"] ` + part + `').textContent`
	}
	view.expect(finding("go_heap_growth", "h3")+`.startsWith("The live heap grows by ")`, "true")
	view.expect(`/, \d+ % of its old objects allocated by Load\.plantedLeak$/.test(`+finding("go_heap_growth", "h3")+`)`, "true")
	view.expect(finding("go_heap_growth", ".stack .site"), "Load.plantedLeak")
	// A list that grows has more of the JDK's functions than fit, and they are folded.
	view.expect(`(stack => /java\.util\.Arrays\.copyOf|more frames/.test(stack) || stack)(document.querySelector('.finding[data-kind="go_heap_growth"] .stack').textContent)`, "true")
	view.accessible(t, "findings of recordings")
	view.expect(finding("lock_contention", "h3")+`.endsWith("at one place in Load.plantedLock")`, "true")
	view.expect(finding("lock_contention", ".stack .site"), "Load.plantedLock")
	view.click(`.finding[data-kind="lock_contention"] [data-action="flame"]`)
	view.until(`document.querySelector("#profile:not([hidden])") && document.querySelector("#flamegraph").height > 1 && new URLSearchParams(location.search).get("type") === "lock_time"`)
	view.clean(t)
}

func TestHealthyRecordingsAreQuiet(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadRecordings(t, "1.0", "one", 0, java.Series(t, java.AnyJDK(t), 12, 1, "healthy", "park", "sleep", "socket"))
	receiver.measured(t, "/api/uploads")
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=orders&tab=analysis", `document.querySelector("#finding-count").textContent === "Nothing found in 1 process"`)
	view.expect(`document.querySelectorAll(".finding").length`, "0")

	// Its metrics come from the recordings' periodic events.
	view.goTo(receiver.url+"profile?service=orders&tab=metrics", `document.querySelectorAll(".metric canvas").length >= 12`)
	for _, series := range []string{"jvm_heap_live_bytes", "jvm_heap_committed_bytes", "jvm_metaspace_bytes", "jvm_threads", "jvm_gc_pause_time", "jvm_cpu_cores", "jvm_classes"} {
		view.expect(`/[1-9]/.test(document.querySelector('[data-series="`+series+`"] b').textContent)`, "true")
	}
	view.clean(t)
}

// A version that allocates eight times as much; Compare shows where.
func TestAllocationRegressionOfRecordings(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	j := java.AnyJDK(t)
	receiver.uploadRecordings(t, "1.0", "one", 0, java.Series(t, j, 8, 0.5, "healthy", "alloc"))
	receiver.uploadRecordings(t, "2.0", "two", 8, java.Series(t, j, 14, 0.5, "healthy", "alloc=8")) // of the first five minutes nothing counts
	receiver.measured(t, "/api/uploads")
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?service=orders&tab=analysis", `document.querySelector('.finding[data-kind="regression"]')`)
	view.expect(`[...document.querySelectorAll('.finding[data-kind="regression"] h3')].some(e => e.textContent.startsWith("Version 2.0 of orders allocates "))`, "true")
	view.expect(`document.querySelector('.finding[data-kind="regression"] .stack .site').textContent`, "Load.plantedAllocation")
	view.goTo(receiver.url+"compare?version=2.0&base.version=1.0&attachment=main.jfr&type=alloc_space", compareReady)
	view.expect(`document.querySelector("#change").textContent.startsWith("+")`, "true")
	view.expect(`document.querySelector('select[aria-label="Type"]').selectedOptions[0].textContent`, "Allocation")
	view.clean(t)
}

// Every type of a recording, by the words of the rail, with threads and their states as labels; a hundred uploads of it are merged.
func TestProfilesOfARecording(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	recording := java.Recorded(t, java.AnyJDK(t), "all", 1, java.Works...)
	receiver.uploadRecordings(t, "1.0", "one", 0, [][]byte{recording})
	view := chromium.open(t)
	view.goTo(receiver.url+"profile?ids=1", `document.querySelector('#types [data-type="(events)"]')`)
	view.expect(`[...document.querySelectorAll("#types .rail-type span")].map(e => e.textContent).filter(e => !e.includes(",")).join()`,
		"CPU in Java code,Wall time in native code,Allocation,Lock,Error,File I/O,Socket I/O,Class load")
	for kind, site := range map[string]string{"cpu": "plantedCpu", "alloc_space": "plantedAllocation", "lock_time": "plantedLock", "exceptions": "plantedExceptions", "file_time": "plantedFiles", "socket_time": "plantedSocket", "class_load_time": "plantedClasses", "native_wall": "plantedFiles"} {
		view.goTo(fmt.Sprintf("%sprofile?ids=1&type=%s&view=table&find=%s", receiver.url, kind, site),
			`document.querySelector("#functions:not([hidden]) tbody tr") && /[1-9]\d* frames? · /.test(document.querySelector("#matches")?.textContent)`)
	}
	view.accessible(t, "a recording's table")
	labels := func(kind string) (answer struct {
		Total  int64
		Labels []struct {
			Key    string
			Values []struct {
				Value  string
				Weight int64
			}
		}
	}) {
		if err := json.Unmarshal(receiver.get(t, "/api/labels?ids=1&attachment=main.jfr&type="+kind), &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	weights := map[string]int64{}
	cpu := labels("cpu")
	for _, label := range cpu.Labels {
		for _, value := range label.Values {
			weights[label.Key+" "+value.Value] = value.Weight
		}
	}
	if weights["thread name work-cpu"] == 0 || weights["thread state RUNNABLE"] != cpu.Total {
		t.Errorf("of %d: %v", cpu.Total, weights)
	}
	view.goTo(receiver.url+"profile?ids=1&type=cpu&group_by=thread+name&view=table", `[...document.querySelectorAll("#groups tbody tr")].some(e => e.textContent.includes("work-cpu"))`)

	one := receiver.tree(t, "/api/uploads/1/attachments/main.jfr/tree?type=lock_time")
	many := make([][]byte, 99)
	for i := range many {
		many[i] = recording
	}
	receiver.uploadRecordings(t, "1.0", "one", 1, many)
	all := receiver.tree(t, "/api/tree?service=orders&attachment=main.jfr&type=lock_time")
	if all.Uploads != 100 || all.Total != 100*one.Total || one.Total == 0 {
		t.Errorf("%d uploads with %v, one has %v", all.Uploads, all.Total, one.Total)
	}
	view.goTo(receiver.url+"profile?service=orders&type=lock_time", `document.querySelector("#notes")?.textContent.includes("100 profiles merged, 1 process")`)
	view.clean(t)
}

// Every tab of an upload of Java's, and of many, in wide and narrow windows.
func TestTabsOfARecording(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadRecordings(t, "1.0", "one", 0, java.Series(t, java.AnyJDK(t), 12, 0.5, "leak=4", "lock", "alloc", "exceptions"))
	receiver.measured(t, "/api/uploads")
	view := chromium.open(t)
	const graph = `document.querySelector("#frame").textContent.startsWith("all ·")`
	view.fits(t, receiver.url, "java", [][2]int64{{1920, 1080}, {1280, 800}, {390, 844}}, []shownPage{
		{"search", "?service=orders", `document.querySelectorAll(".upload-row").length === 12`},
		{"profile", "profile?ids=12&type=lock_time", graph},
		{"table", "profile?service=orders&type=alloc_space&view=table", graph},
		{"threads", "profile?service=orders&type=cpu&group_by=thread+name", graph},
		{"events", "profile?ids=12&type=(events)", `document.querySelector("#events tbody tr")`},
		{"event", "profile?ids=12&type=(events)&event=jdk.JavaMonitorEnter", `document.querySelector("#single-events tbody tr")`},
		{"memory", "profile?ids=12&tab=memory", `document.querySelector("#memory-tab .notice, .notice")`},
		{"analysis", "profile?service=orders&tab=analysis", `document.querySelector("#finding-count")?.textContent.includes("finding")`},
		{"metrics", "profile?service=orders&tab=metrics", `document.querySelectorAll(".metric canvas").length > 5`},
		{"runtime", "profile?ids=12&tab=runtime&info=collector", `document.querySelectorAll(".runtime tr").length > 5`},
		{"compare", "compare?ids=12&base.ids=1&attachment=main.jfr&type=alloc_space", graph},
	})
	// Only what concerns the type is warned of.
	view.goTo(receiver.url+"profile?ids=12&type=lock_time", graph)
	view.expect(`[...document.querySelectorAll("#warnings li")].length > 0 && [...document.querySelectorAll("#warnings li")].every(e => e.textContent.startsWith("Lock: "))`, "true")
	view.clean(t)
}
