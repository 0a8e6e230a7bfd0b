package page

// Trees larger than one answer.

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// google/pprof's own large profile has a tree of 425,051 nodes; values of functions include all of them.
func TestSumsOfALargeTreeAreThoseOfPprof(t *testing.T) {
	t.Parallel()
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/pprof").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "internal", "proftest", "testdata", "large.cpu"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ name, file string }
	type sums struct{ self, total int64 }
	want := map[key]sums{}
	for _, sample := range p.Sample {
		seen := map[key]bool{}
		for i, location := range sample.Location {
			for k, line := range location.Line {
				at := key{line.Function.Name, line.Function.Filename}
				sum := want[at]
				if i == 0 && k == 0 {
					sum.self += sample.Value[1]
				}
				if !seen[at] {
					sum.total += sample.Value[1]
				}
				seen[at], want[at] = true, sum
			}
		}
	}
	receiver := startReceiver(t)
	receiver.upload(t, "shop", map[string][]byte{"cpu.pprof": data})
	var answer struct {
		LeftOut   int `json:"nodes_left_out"`
		Functions []struct{ Name, File string }
		Nodes     [][]float64
		Sums      [][2]int64
	}
	if err := json.Unmarshal(receiver.get(t, "/api/uploads/1/attachments/cpu.pprof/tree?type="+p.SampleType[1].Type), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Nodes) != 200000 || answer.LeftOut != 225051 || len(answer.Sums) != len(answer.Functions) || len(answer.Functions) < 20000 {
		t.Fatalf("%d nodes, %d left out, %d functions, %d sums", len(answer.Nodes), answer.LeftOut, len(answer.Functions), len(answer.Sums))
	}
	named := 0
	for i, f := range answer.Functions {
		if got, is := want[key{f.Name, f.File}]; is {
			named++
			if got != (sums{answer.Sums[i][0], answer.Sums[i][1]}) {
				t.Errorf("%s %s has %v, want %v", f.Name, f.File, answer.Sums[i], got)
			}
		}
	}
	if named < 20000 {
		t.Errorf("only %d functions were compared", named)
	}
}

// heavyAndLight makes 150,000 frames below each of two callers, of which one's are larger than the other's.
func heavyAndLight(make func(frames []string, value int64) stack) (stacks []stack) {
	for i := range 300000 {
		caller, value := "heavy", int64(1000)
		if i%2 == 1 {
			caller, value = "light", 500
		}
		stacks = append(stacks, make([]string{fmt.Sprintf("f%d /src/f.c", i/2), caller + " /src/shop.c"}, value))
	}
	return stacks
}

// Zooming fetches a subtree: of 150,000 light frames 50,000 do not fit beside 150,000 heavy ones, but all of them fit alone.
func TestZoomFetchesWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	stacks := heavyAndLight(func(frames []string, value int64) stack { return stack{frames, []int64{0, 0, 1, value}, true, nil} })
	receiver.uploadProfile(t, "shop", build(heapTypes, stacks))
	view := chromium.profile(t, receiver, "ids=1")
	left := func(text string) {
		t.Helper()
		view.until(`document.querySelector("#notes").textContent === ` + quote(text))
	}
	left("100,002 smallest frames not drawn")
	view.click(`#view [data-value="both"]`)
	view.until(`document.querySelector("#functions-short").textContent.includes("1.50 kB")`) // of both callers, drawn or not
	width := view.canvasWidth()
	view.clickAt(width*0.9, 30) // the second row: heavy takes two thirds, light the rest
	view.waitGraph("light")
	left("")
	view.click("#reset")
	view.waitGraph("all")
	left("100,002 smallest frames not drawn")
	view.clean(t)
}

// Grouped by age for colours, the same tree is too large; without ages, what was left out is still fetched by zooming.
func TestTooLargeForAges(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	labels := map[string]string{"part": "malloc_live", "memory": "C", "age": "<1m"}
	stacks := heavyAndLight(func(frames []string, value int64) stack {
		return stack{append(frames, "C heap "), []int64{value}, false, labels}
	})
	receiver.upload(t, "shop", map[string][]byte{"memory.pprof": encode(t, build([][2]string{{"resident_space", "bytes"}}, stacks))})
	view := chromium.profile(t, receiver, "ids=1&attachment=memory.pprof&colour=age")
	view.until(`document.querySelector("#notes").textContent === "100,003 smallest frames not drawn · no ages: the tree is too large"`)
	view.expect(`document.querySelector('[aria-label="Colour"]').value`, "part")
	view.expect(`colourAt(2, 30)`, view.text(`cssColour("--part-malloc_live")`))
	view.clickAt(view.canvasWidth()*0.9, 50)
	view.waitGraph("light")
	view.until(`document.querySelector("#notes").textContent === "no ages: the tree is too large"`)
	view.clean(t)
}
