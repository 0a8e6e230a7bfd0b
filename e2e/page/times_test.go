package page

// Values over time: a heat map of a selection and of one upload whose samples have times of their own.

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// timedProfile has a sample a second of main.work, and in its seconds 20 to 29 one of main.burst.
func timedProfile(start time.Time) *profile.Profile {
	var stacks []stack
	for i := range 60 {
		stacks = append(stacks, stack{[]string{"main.work /src/shop/work.go", "main.main /src/shop/main.go"}, []int64{10e6}, false, map[string]string{"thread name": fmt.Sprint("worker-", i%2)}})
		if i >= 20 && i < 30 {
			stacks = append(stacks, stack{[]string{"burst /src/shop/burst.c", "main.main /src/shop/main.go"}, []int64{50e6}, false, map[string]string{"thread name": "burster"}})
		}
	}
	p := build([][2]string{{"cpu", "nanoseconds"}}, stacks)
	second := map[string]int64{}
	for _, sample := range p.Sample {
		name := sample.Location[0].Line[0].Function.Name
		at := start.Add(time.Duration(second[name])*time.Second + 500*time.Millisecond)
		if name == "burst" {
			at = at.Add(20 * time.Second)
		}
		second[name]++
		sample.NumLabel = map[string][]int64{"end_timestamp_ns": {at.UnixNano()}}
		if name == "burst" {
			sample.NumLabel["thread id"] = []int64{7}
		}
	}
	return p
}

// A pixel of the heat map, in the middle of a cell.
func heatColour(row, column int) string {
	return fmt.Sprintf(`(() => {
		const canvas = document.querySelector("#heat-map"), left = Math.min(240, Math.round(canvas.parentElement.clientWidth * 0.32)), ratio = devicePixelRatio;
		const x = left + (%d + 0.5) * (canvas.clientWidth - left) / 120, y = 34 + (%d + 0.5) * 18;
		const probe = new OffscreenCanvas(1, 1).getContext("2d");
		probe.drawImage(canvas, -Math.round(x * ratio), -Math.round(y * ratio));
		return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)].join();
	})()`, column, row)
}

func TestOverTime(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for i := range 10 {
		receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(i) * time.Minute), tags: fmt.Sprintf("service:shop,host:db-%d", i%2),
			attachments: map[string][]byte{"cpu.pprof": encode(t, timedProfile(leakStart.Add(time.Duration(i)*time.Minute)))}})
	}
	receiver.uploadLeak(t, 4)
	for i := range 4 { // a host beside it, which has hardly anything
		receiver.uploadAt(t, moment{start: leakStart.Add(time.Duration(i) * time.Minute), tags: "service:shop,host:db-2,runtime-id:two",
			attachments: map[string][]byte{"delta-heap.pprof": encode(t, build(heapTypes, []stack{{[]string{"main.idle /src/shop/idle.go"}, []int64{1, 10e3, 1, 10e3}, false, nil}}))}})
	}

	// One upload: its samples' own times.
	view := chromium.profile(t, receiver, "ids=1")
	view.click(`#view [data-value="times"]`)
	view.until(`location.search.includes("view=times") && document.querySelector("#times-note")`)
	view.expect(`document.querySelector("#times-note").textContent`, "functions that have values of their own · strongest: 50 ms · each column 0.5 s")
	const frame = `document.querySelector("#frame").textContent`
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(frame + `.startsWith("main.work · ") || ` + frame + `.startsWith("burst · ")`)
	view.do(chromedp.KeyEvent(kb.ArrowRight))
	view.expect(frame+`.replace(/ · .*? · /, " · ")`, "main.work · 10 ms, 100.0 % of all then") // the second half of the first second
	view.until(heatColour(1, 45) + ` === cssColour("--flame-more")`)                            // burst, second 22
	view.expect(heatColour(1, 44)+` === cssColour("--panel")`, "true")
	view.expect(heatColour(1, 15)+` === cssColour("--panel")`, "true")
	view.expect(heatColour(0, 15)+` === cssColour("--panel")`, "false")
	view.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	view.until(`location.search.includes("view=sandwich") && document.querySelector("#sandwich-title b").textContent === "burst"`)
	view.clean(t)

	// Grouped by a label, its values are the rows; a row filters.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=times&group_by=thread%20name&heat=row"))
	view.until(`document.querySelector("#heat-row").ariaPressed === "true"`)
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(frame + `.startsWith("burster · ")`)
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("label") === "thread name:burster" && !location.search.includes("group_by")`)

	// A lane for each thread; a stretch of it chooses samples in all views, and is removed.
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=times"))
	view.click("#lanes")
	view.until(`location.search.includes("lanes=1") && document.querySelector("#times-note")?.textContent.startsWith("threads · ")`)
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(frame + `.startsWith("burster · 7 · ")`)
	for range 39 {
		view.do(chromedp.KeyEvent(kb.ArrowRight))
	}
	view.do(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(8)), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(8)),
		chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(8)))
	view.accessible(t, "a stretch of a thread")
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("time") !== null && document.querySelector('[data-filter="time"]') && document.querySelector("#times-note").textContent.includes("only samples with a time of their own")`)
	start := leakStart.UnixMilli() + 20_000
	view.expect(`new URLSearchParams(location.search).get("time")`, fmt.Sprintf("%d-%d", start, start+2000))
	view.click(`#view [data-value="graph"]`)
	view.until(frame + ` === "all · 120 ms"`) // two seconds with 10 ms and 50 ms each
	view.click(`#view [data-value="table"]`)
	view.until(`[...document.querySelectorAll("#functions tbody tr")].some((row) => row.textContent.includes("burst") && row.textContent.includes("100 ms"))`)
	view.accessible(t, "a stretch of time of an upload")
	view.click(`[data-filter="time"] button`)
	view.until(`!location.search.includes("time=") && ` + frame + ` === "all · 1.10 s"`)
	view.do(chromedp.Navigate(receiver.url + "profile?ids=1&view=times&lanes=1"))
	view.until(`document.querySelector("#times-note")?.textContent.startsWith("threads · ")`)
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(frame + `.startsWith("burster · 7 · ")`)
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("label") === "thread id:7" && !location.search.includes("lanes")`)
	view.clean(t)

	// Of many uploads, a stretch of time chooses some.
	view.do(chromedp.Navigate(receiver.url + "profile?service=shop&attachment=cpu.pprof&view=times"))
	view.until(`document.querySelector("#times-note") && document.querySelector("#notes").textContent.startsWith("10 profiles merged")`)
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.End))
	for range 11 {
		view.do(chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(8)))
	}
	view.until(frame + `.replace(/ · .*? · /, " · ").startsWith("main.work · 600 ms, ")`)
	view.accessible(t, "a stretch of time")
	view.do(chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).has("from") && document.querySelector("#notes").textContent.startsWith("1 profile merged")`)
	view.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	view.until(`document.querySelector("#notes").textContent.startsWith("10 profiles merged")`)
	// The same by the mouse: a drag over the left third.
	box := get(view, chromedp.Evaluate[[]float64](`(({left, top, width}) => [left, top, width])(document.querySelector("#heat-map").getBoundingClientRect())`))
	names := min(240, box[2]*0.32)
	from, to := box[0]+names+2, box[0]+names+(box[2]-names)/3
	view.drag(from, box[1]+43, to, box[1]+43)
	view.until(`new URLSearchParams(location.search).has("from")`)
	view.until(`/^[345] profiles merged/.test(document.querySelector("#notes").textContent)`)
	view.clean(t)

	// A gauge: means over both hosts, and those of each by itself.
	address := "profile?service=shop&attachment=delta-heap.pprof&view=times"
	view.do(chromedp.Navigate(receiver.url + address))
	view.until(`document.querySelector("#times-note")?.textContent === "functions that have values of their own · strongest: 6 MB · means over the uploads that were there"`)
	view.do(chromedp.Navigate(receiver.url + address + "&group_by=tag:host"))
	view.until(`document.querySelector("#times-note")?.textContent === "strongest: 20 MB · means over the uploads that were there, processes added up"`)
	// The last value, and one host of a grouping, are no questions over time: they become what is one.
	view.do(chromedp.Navigate(receiver.url + address + "&gauges=last&label=tag:host:db-2"))
	view.until(`document.querySelector("#times-note")?.textContent === "functions that have values of their own · strongest: 10 kB · means over the uploads that were there"`)
	view.clean(t)

	all := "profile?service=shop&attachment=cpu.pprof&view=times"
	chromium.shoot(t, receiver, "lanes", "profile?ids=1&view=times&lanes=1", `document.querySelector("#times-note")`)
	chromium.shoot(t, receiver, "times", all, `document.querySelector("#times-note")`)
	view.fits(t, receiver.url, "narrow", narrow, []shownPage{{"times", all, `document.querySelector("#times-note")`},
		{"lanes", "profile?ids=1&view=times&lanes=1", `document.querySelector("#times-note")`}})
	view.clean(t)
}

// statesProfile is as Datadog's client for Python sends it: each second of a thread, that it ran, then waited, then waited for a lock.
func statesProfile(start time.Time) *profile.Profile {
	const second = int64(time.Second)
	var stacks []stack
	labels := map[string]string{"thread name": "worker"}
	for i := range 60 {
		values := []int64{0, second, 0}
		if i < 20 {
			values[0] = second
		}
		stacks = append(stacks, stack{[]string{"work /src/shop/work.py"}, values, false, labels})
		if i >= 40 {
			stacks = append(stacks, stack{[]string{"acquire /src/shop/lock.py"}, []int64{0, 0, second}, false, labels})
		}
	}
	p := build([][2]string{{"cpu-time", "nanoseconds"}, {"wall-time", "nanoseconds"}, {"lock-acquire-wait", "nanoseconds"}}, stacks)
	seconds := map[string]int{"acquire": 40}
	for _, sample := range p.Sample {
		name := sample.Location[0].Line[0].Function.Name
		seconds[name]++
		sample.NumLabel = map[string][]int64{"end_timestamp_ns": {start.Add(time.Duration(seconds[name]) * time.Second).UnixNano()}}
	}
	return p
}

// Threads have the colours of what they did: of Python by CPU and wall time and locks, of Java by the events of its recording.
func TestThreadStates(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:py", attachments: map[string][]byte{"cpu.pprof": encode(t, statesProfile(leakStart))}})
	receiver.uploadCapture(t, "java-gzip")
	const frame = `document.querySelector("#frame").textContent`
	const states = `[...document.querySelectorAll(".heat-states li")].map((one) => one.textContent).join()`
	view := chromium.profile(t, receiver, "ids=1&view=times&lanes=1&type=wall-time")
	view.until(`document.querySelector("#times-note")`)
	view.expect(states, "running,lock,off CPU")
	for column, colour := range map[int]string{0: "running", 39: "running", 40: "off-cpu", 79: "off-cpu", 80: "lock", 119: "lock"} {
		view.until(heatColour(0, column) + ` === cssColour("--state-` + colour + `")`)
	}
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown))
	view.until(frame + `.startsWith("worker · ") && ` + frame + `.endsWith(" · running 500 ms")`)
	view.do(chromedp.KeyEvent(kb.End))
	view.until(frame + `.endsWith(" · lock 500 ms")`)
	view.accessible(t, "what threads did")
	view.prefer("dark")
	view.until(heatColour(0, 0) + ` === cssColour("--state-running")`)
	view.accessible(t, "what threads did, dark")
	view.prefer("light")
	// Functions, and threads by what is no time, have none.
	view.click("#lanes")
	view.until(`!location.search.includes("lanes") && document.querySelector(".heat-scale") && !document.querySelector(".heat-states")`)
	view.clean(t)

	view.do(chromedp.Navigate(receiver.url + "profile?ids=2&view=times&lanes=1&type=cpu"))
	view.until(states + ` === "running,lock,I/O" && document.querySelector("#times-note").textContent.startsWith("threads · ")`)
	view.expect(`document.querySelector("#times-note").textContent.includes("without a time of their own")`, "false")
	view.expect(`[...document.querySelectorAll("#warnings li")].some((one) => one.textContent.startsWith("Lock: "))`, "true") // states are by locks, too
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	view.until(frame + `.startsWith("main · 13808 · ")`)
	for range 59 {
		view.do(chromedp.KeyEvent(kb.ArrowRight))
	}
	view.do(chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(8)), chromedp.KeyEvent(kb.Enter))
	view.until(`new URLSearchParams(location.search).get("time") !== null && document.querySelector("#times-note").textContent.includes("within the chosen time")`)
	view.click(`#view [data-value="graph"]`)
	view.until(frame + `.startsWith("all · 1.")`) // about half of 2.3 s
	view.do(chromedp.Navigate(receiver.url + "profile?ids=2&view=times&lanes=1&type=alloc_space"))
	view.until(`document.querySelector("#times-note")?.textContent.startsWith("threads · strongest: ") && !document.querySelector(".heat-states")`)
	view.clean(t)
	shown := []shownPage{{"states", "profile?ids=2&view=times&lanes=1&type=cpu", states + ` === "running,lock,I/O"`}}
	view.fits(t, receiver.url, "narrow", narrow, shown)
	chromium.shoot(t, receiver, "states", shown[0].address, shown[0].ready)
	chromium.shoot(t, receiver, "states-python", "profile?ids=1&view=times&lanes=1&type=wall-time", states+` === "running,lock,off CPU"`)
}

// Threads that have nothing of the type are still said to be there.
func TestThreadsLeftOut(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	var stacks []stack
	for i := range 70 {
		values := []int64{0, int64(time.Second)}
		if i == 0 {
			values[0] = int64(time.Second)
		}
		stacks = append(stacks, stack{[]string{"wait /src/shop/lock.py"}, values, false, map[string]string{"thread name": fmt.Sprint("worker-", i)}})
	}
	p := build([][2]string{{"cpu-time", "nanoseconds"}, {"lock-acquire-wait", "nanoseconds"}}, stacks)
	receiver.uploadAt(t, moment{start: leakStart, tags: "service:py", attachments: map[string][]byte{"cpu.pprof": encode(t, p)}})
	view := chromium.profile(t, receiver, "ids=1&view=times&lanes=1&type=cpu-time")
	view.until(`document.querySelectorAll(".heat-states li").length === 2`)
	view.do(chromedp.Focus(chromedp.CSS("#heat-map")))
	for range 62 {
		view.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	view.until(`document.querySelector("#frame").textContent.startsWith("10 other rows")`)
	view.clean(t)
}
