package page

// Measures how long the first flame graph of a profile takes, from the address to the picture, beside `go tool pprof -http` and speedscope, and the
// JavaScript heap afterwards ("make bench-page"). Writes build/bench-page-peers.tsv.

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// The picture is on the screen two frames after the condition holds.
const whenDrawn = `(() => {
	const look = () => {
		if (!(%s)) requestAnimationFrame(look);
		else requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = performance.now(); }));
	};
	addEventListener("DOMContentLoaded", look);
})()`

const ourGraph = `document.querySelector("#flamegraph")?.height > 1 && document.querySelector("#frame")?.textContent.startsWith("all ·")`

type graphPeer struct {
	name, drawn string
	address     func() string // of one that has not been asked for
	ms, heap    []float64
}

// speedscope is the package's release with the profile beside it.
func speedscope(b *testing.B, file string) string {
	folder := built.NPM(b, "speedscope@1.25.0")
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(folder, "node_modules", "speedscope", "dist", "release"))))
	mux.HandleFunc("/profile.pb.gz", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)
	return server.URL + "/index.html#profileURL=" + server.URL + "/profile.pb.gz"
}

// goToolPprof has read the profile before it is asked.
func goToolPprof(b *testing.B, file string) string {
	address := built.FreeAddress(b)
	program, err := exec.Command("go", "tool", "-n", "pprof").Output() // of the program itself, as go tool leaves it behind if it is ended
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(strings.TrimSpace(string(program)), "-no_browser", "-http="+address, "-sample_index=alloc_space", file)
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	for range 600 {
		if response, err := http.Get("http://" + address + "/ui/download"); err == nil {
			_ = response.Body.Close()
			return "http://" + address + "/ui/flamegraph"
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatal("go tool pprof does not listen")
	return ""
}

func (peer *graphPeer) measure(b *testing.B) {
	view := chromium.open(b)
	defer view.close()
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(whenDrawn, peer.drawn)})
		return err
	}), chromedp.Navigate(peer.address()))
	view.until(`window.drawn > 0`)
	peer.ms = append(peer.ms, get(view, chromedp.Evaluate[float64](`window.drawn`)))
	view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, heapprofiler.CollectGarbage, cdp.Empty{})
		if err != nil {
			return err
		}
		usage, err := cdp.Call(ctx, target, runtime.GetHeapUsage, cdp.Empty{})
		peer.heap = append(peer.heap, (usage.UsedSize+usage.BackingStorageSize)/1e6) // typed arrays are kept in the second
		return err
	}))
}

func BenchmarkFirstGraph(b *testing.B) {
	receiver := startReceiver(b)
	p, nodes := bigProfile(246_000)
	p.DefaultSampleType = "alloc_space"
	file := filepath.Join(b.TempDir(), "profile.pb.gz")
	out, err := os.Create(file)
	if err == nil {
		err = p.Write(out)
		_ = out.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	uploads := 0
	ours := func() string { // an upload of its own, as the receiver keeps its last answers
		uploads++
		receiver.uploadProfile(b, "big", p)
		return fmt.Sprintf("%sprofile?ids=%d&type=alloc_space", receiver.url, uploads)
	}
	theirs := func(address string) func() string { return func() string { return address } }
	peers := []*graphPeer{
		{name: "this page", drawn: ourGraph, address: ours},
		{name: "this page, once more (A/A)", drawn: ourGraph, address: ours},
		{name: "go tool pprof -http", drawn: `document.querySelector("#stack-chart .boxbg")`, address: theirs(goToolPprof(b, file))},
		{name: "speedscope 1.25.0", drawn: `document.body.innerText.includes("Left Heavy") && document.querySelector("canvas")`, address: theirs(speedscope(b, file))},
	}
	for range rounds {
		for _, peer := range peers {
			peer.measure(b)
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "first flame graph of %d nodes, %d rounds\tms least\tmedian\tthis page / it\tJS heap MB\tthis page / it", nodes, rounds)
	for _, peer := range peers {
		slices.Sort(peer.ms)
		slices.Sort(peer.heap)
		fmt.Fprintf(&table, "\n%s\t%.0f\t%.0f\t%.2f\t%.1f\t%.2f", peer.name, peer.ms[0], peer.ms[rounds/2], peers[0].ms[0]/peer.ms[0],
			peer.heap[rounds/2], peers[0].heap[rounds/2]/peer.heap[rounds/2])
	}
	b.Logf("\n%s", table.String())
	if err := os.WriteFile(filepath.Join("..", "..", "build", "bench-page-peers.tsv"), []byte(table.String()+"\n"), 0o644); err != nil {
		b.Fatal(err)
	}
}
