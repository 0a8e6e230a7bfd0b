package page

// Gauges of many uploads.

import (
	"testing"
	"time"
)

// Memory in use is a gauge: the mean of all uploads, the last or the largest, for one process or summed over those that run at one time.
func TestGaugesOfManyUploads(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 3) // 11, 14, 17 MB
	for i := range 3 {
		receiver.uploadAt(t, moment{
			start:       leakStart.Add(time.Duration(i) * time.Minute),
			tags:        "service:shop,host:db-2,runtime:go,language:go,runtime-id:two",
			attachments: map[string][]byte{"delta-heap.pprof": encode(t, leakProfile(5))}, // 26 MB
		})
	}
	view := chromium.profile(t, receiver, "service=shop")
	shows := func(total, notes string) {
		t.Helper()
		view.until(`document.querySelector("#frame").textContent === ` + quote("all · "+total) +
			` && document.querySelector("#notes").textContent === ` + quote(notes))
		view.until(`document.querySelector('#types [data-type="inuse_space"] b').textContent === ` + quote(total))
	}
	shows("20 MB", "mean of 6 uploads, 2 processes")
	view.click(`#gauges [data-value="last"]`)
	shows("21.5 MB", "mean of the last uploads of 2 processes")
	view.click(`#gauges [data-value="max"]`)
	shows("26 MB", "the largest of 6 uploads")
	view.click("#processes")
	shows("43 MB", "the largest of 6 uploads, 2 processes, added up")
	view.click(`#gauges [data-value=""]`)
	shows("40 MB", "mean of 6 uploads, 2 processes, added up (2 at a time)")
	view.click(`#labels summary`)
	view.until(`document.querySelector('#labels [data-label="memory:C"] small')?.textContent === "24 MB"`)
	view.click(`#types [data-type="alloc_space"]`)
	view.until(`!document.querySelector("#gauges") && document.querySelector("#notes").textContent === "6 profiles merged, 2 processes"`)
	view.clean(t)
}
