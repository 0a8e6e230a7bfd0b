package page

import "testing"

// Pages other than the flame graph, in both sizes and schemes: nothing overflows, axe-core finds no serious fault, the console is empty.
func TestOverviewScreenshots(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	chromium.shoot(t, receiver, "search-empty", "", `document.querySelector("#empty-text")`)
	for _, client := range []string{"go-v1", "node-default", "python-auto", "java-gzip", "go-v2-all"} {
		receiver.uploadCapture(t, client)
	}
	receiver.uploadLeak(t, 30)
	receiver.measured(t, "/api/uploads?limit=100&measures=1")
	const drawn = `document.querySelector(".chart canvas")`
	chromium.shoot(t, receiver, "search-page", "", drawn+` && document.querySelectorAll(".upload-row").length > 5 && document.querySelectorAll(".facet").length > 5`)
	chromium.shoot(t, receiver, "search-filtered", "?service=shop&measure=c_live_bytes&sort=c_live_bytes&sel=33,34,35&base.ids=7",
		drawn+` && document.querySelectorAll('.upload-row[aria-selected="true"]').length === 3`)
	chromium.shoot(t, receiver, "analysis", "profile?service=shop&tab=analysis", drawn+` && document.querySelector(".finding")`)
	chromium.shoot(t, receiver, "analysis-gaps", "profile?ids=1,2,3,4,5&tab=analysis", `document.querySelector("#not-looked-at li")`)
	chromium.shoot(t, receiver, "metrics", "profile?service=shop&tab=metrics", `document.querySelectorAll(".metric canvas").length > 5`)
	chromium.shoot(t, receiver, "runtime", "profile?ids=5&tab=runtime", `document.querySelectorAll(".runtime tr").length > 20`)
	chromium.shoot(t, receiver, "runtime-selection", "profile?service=shop&tab=runtime", `document.querySelectorAll(".runtime tr").length > 10`)
	const compared = "compare?ids=35&base.ids=10&attachment=delta-heap.pprof"
	chromium.shoot(t, receiver, "compare", compared, `document.querySelector("#frame").textContent.startsWith("all ·")`)
	chromium.shoot(t, receiver, "compare-sides", compared+"&view=sides", `document.querySelector("#frame").textContent.startsWith("all ·")`)
	chromium.shoot(t, receiver, "compare-table", compared+"&view=table", `document.querySelectorAll("#functions tbody tr").length > 3`)
}
