package page

// Uploads of Java: recordings (e2e/jfr compares their events with the JDK's reader).

import (
	"testing"

	"github.com/chromedp/chromedp"
)

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
