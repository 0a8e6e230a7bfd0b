package page

// Measures how long the page takes to draw, zoom and search a call tree of 100,000 nodes ("make bench-page"). Writes build/bench-page.tsv.

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/pprof/profile"
)

// bigProfile returns a deterministic profile with at least that many nodes in its call tree.
func bigProfile(nodes int) (*profile.Profile, int) {
	random := rand.New(rand.NewSource(1))
	seen := map[string]bool{}
	var stacks []stack
	frame := func() string {
		n := random.Intn(4000)
		switch n % 4 {
		case 0:
			return fmt.Sprintf("c_function_%d /src/lib%d.c", n, n%50)
		case 1:
			return fmt.Sprintf("runtime.call%d /go/src/runtime/call.go", n)
		}
		return fmt.Sprintf("example.com/shop/package%d.(*Type%d).Method%d /src/shop/package%d/file.go", n%80, n%300, n, n%80)
	}
	var previous []string // outermost first; a stack shares the beginning of the one before it
	for len(seen) < nodes {
		shared := 0
		if len(previous) > 0 {
			shared = random.Intn(len(previous))
		}
		frames := append([]string{}, previous[:shared]...)
		for depth := 8 + random.Intn(40); len(frames) < depth; {
			frames = append(frames, frame())
		}
		key := ""
		leafFirst := make([]string, len(frames))
		for i, name := range frames {
			key += "\n" + name
			seen[key] = true
			leafFirst[len(frames)-1-i] = name
		}
		previous = frames
		value := int64(1 + random.Intn(1<<16))
		stacks = append(stacks, stack{leafFirst, []int64{1, value, 1, value}, strings.HasPrefix(leafFirst[0], "c_"), nil})
	}
	return build(heapTypes, stacks), len(seen)
}

const benchHelpers = `
var flush = () => { // the drawing has reached the bitmap
	const probe = new OffscreenCanvas(1, 1).getContext("2d");
	probe.drawImage(document.querySelector("#flamegraph"), 0, 0);
	return probe.getImageData(0, 0, 1, 1).data[0];
};
var told = (selector) => new Promise((done) => {
	const target = document.querySelector(selector);
	const watcher = new MutationObserver(() => { watcher.disconnect(); flush(); done(performance.now()); });
	watcher.observe(target, { childList: true, characterData: true, subtree: true });
});
var timed = async (selector, action) => {
	await new Promise((done) => setTimeout(done, 100));
	const end = told(selector), start = performance.now();
	action();
	return await end - start;
};
var pick = (selector) => document.querySelector(selector).click();
var hit = (x, y) => { const canvas = document.querySelector("#flamegraph"), area = canvas.getBoundingClientRect();
	canvas.dispatchEvent(new MouseEvent("click", { clientX: area.left + x, clientY: area.top + y, bubbles: true })); };
var type = (text) => { const search = document.querySelector("#search"); search.value = text; search.dispatchEvent(new Event("input")); };
var control = () => { const start = performance.now(); let sum = 0; for (let i = 0; i < 2e7; i++) sum = (sum * 31 + i) | 0; window.sum = sum; return performance.now() - start; };
var load = async (type) => {
	const end = told("#frame");
	pick('#types [data-type="' + type + '"]');
	const drawn = await end;
	const answers = performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/tree?"));
	return drawn - answers[answers.length - 1].responseEnd;
};
`

const rounds = 7

func BenchmarkFlameGraph(b *testing.B) {
	receiver := startReceiver(b)
	p, nodes := bigProfile(100_000)
	receiver.uploadProfile(b, "big", p)
	steps := []struct{ name, script string }{
		{"control: a loop of fixed work, to tell how busy the machine is", `control()`},
		{"first draw, from the answer's arrival", `await load("alloc_space")`},
		{"zoom", `await timed("#frame", () => hit(200, 70))`},
		{"zoom back", `await timed("#frame", () => pick("#reset"))`},
		{"search for a text", `await timed("#matches", () => type("method1"))`},
		{"search for a regular expression", `await timed("#matches", () => type("/type(1|2)\\d+\\)/"))`},
		{"end of search", `await timed("#matches", () => type(""))`},
		{"hide a kind of frames", `await timed("#frame", () => pick('#legend [data-kind="runtime"]'))`},
		{"group by package", `await timed("#frame", () => { const list = document.querySelector('select[aria-label="Group by"]'); list.value = "package"; list.dispatchEvent(new Event("change")); })`},
		{"table", `await timed("#frame", () => pick('#view [data-value="table"]'))`},
		{"callers and callees", `await timed("#frame", () => pick('#view [data-value="sandwich"]'))`},
	}
	sizes := [][2]int64{{1280, 720}, {1920, 1080}}
	took := make([][2][]float64, len(steps))
	for column, size := range sizes {
		for range rounds {
			view := chromium.open(b)
			view.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(receiver.url+"profile?ids=1"))
			view.waitGraph("all")
			view.until(`document.querySelectorAll("#types .rail-type").length === 4`)
			for i, step := range steps {
				view.text(`(async () => { ` + benchHelpers + `window.took = undefined; window.took = ` + step.script + `; })()`)
				view.until(`window.took !== undefined`)
				took[i][column] = append(took[i][column], get(view, chromedp.Evaluate[float64](`window.took`)))
			}
			view.clean(b)
			view.close()
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "milliseconds of %d rounds, %d nodes", rounds, nodes)
	for _, size := range sizes {
		fmt.Fprintf(&table, "\t%dx%d least\tmedian", size[0], size[1])
	}
	for i, step := range steps {
		fmt.Fprintf(&table, "\n%s", step.name)
		for column := range sizes {
			slices.Sort(took[i][column])
			fmt.Fprintf(&table, "\t%.0f\t%.0f", took[i][column][0], took[i][column][rounds/2])
		}
	}
	b.Logf("\n%s", table.String())
	if err := os.WriteFile(filepath.Join("..", "..", "build", "bench-page.tsv"), []byte(table.String()+"\n"), 0o644); err != nil {
		b.Fatal(err)
	}
}
