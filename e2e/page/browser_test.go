package page

// The browser: Chromium under chromedp. A tab records console errors, exceptions and every request, so that a test can check that there were no
// unexpected ones.

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

type browser struct{ ctx context.Context }

// chromium is shared by all tests; each opens its own tabs.
var chromium *browser

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	directory, err := os.MkdirTemp("", "cmemprof-page-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	ctx, stop := startBrowser(directory)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s does not start: %v\n", chromiumPath(), err)
		return 1
	}
	chromium = &browser{ctx}
	return m.Run()
}

func chromiumPath() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

func startBrowser(directory string) (context.Context, func()) {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromiumPath()),
		chromedp.UserDataDir(directory),
		chromedp.Flag("headless", "new"),
	}
	for _, flag := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage", "hide-scrollbars"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	return ctx, func() {
		_ = chromedp.Cancel(ctx) // waits until the browser has ended
		closeBrowser()
		stop()
	}
}

type tab struct {
	t     testing.TB
	ctx   context.Context
	close context.CancelFunc

	mutex    sync.Mutex
	problems []string // guarded by mutex
}

func (b *browser) open(t testing.TB) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	view := &tab{t: t, ctx: ctx, close: cancel}
	t.Cleanup(cancel)
	if err := chromedp.Listen(ctx, view.note); err != nil { // opens the tab
		t.Fatal(err)
	}
	return view
}

func (view *tab) note(event any) {
	problem := ""
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = fmt.Sprintf("exception: %+v", *event.ExceptionDetails)
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning {
			problem = fmt.Sprintf("console: %s", event.Args[0].Value)
		}
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError || event.Entry.Level == log.EntryLevelWarning {
			problem = fmt.Sprintf("log: %s %s", event.Entry.Text, event.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		// Chromium's own pictures of form fields are data: addresses.
		if target, err := url.Parse(event.Request.URL); err != nil || (target.Hostname() != "127.0.0.1" && target.Scheme != "data") {
			problem = "request to another host: " + event.Request.URL
		}
	}
	if problem != "" {
		view.mutex.Lock()
		defer view.mutex.Unlock()
		view.problems = append(view.problems, problem)
	}
}

// clean fails the test on console errors, exceptions and requests to other hosts.
func (view *tab) clean(t testing.TB) {
	t.Helper()
	view.cleanBut(t, "\x00")
}

// cleanBut ignores problems that contain the text.
func (view *tab) cleanBut(t testing.TB, expected string) {
	t.Helper()
	view.mutex.Lock()
	defer view.mutex.Unlock()
	for _, problem := range view.problems {
		if !strings.Contains(problem, expected) {
			t.Error(problem)
		}
	}
}

func (view *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	view.t.Helper()
	ctx, cancel := context.WithTimeout(view.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		view.t.Fatal(err)
	}
}

// click clicks on the selected element, and again if the page replaced it meanwhile.
func (view *tab) click(selector string) {
	view.t.Helper()
	ctx, cancel := context.WithTimeout(view.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil {
			return
		}
		if ctx.Err() != nil || !strings.Contains(err.Error(), "Could not find node") {
			view.t.Fatalf("click on %s: %v", selector, err)
		}
	}
}

func (view *tab) keys(selector, text string) {
	view.t.Helper()
	view.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// press sends one key like a keyboard: the character is typed only if the page does not handle the key.
func (view *tab) press(key string) {
	view.t.Helper()
	view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			event := input.DispatchKeyEventParams{Type: kind, Key: key}
			if kind == input.DispatchKeyEventTypeKeyDown {
				event.Text = key
			}
			if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event); err != nil {
				return err
			}
		}
		return nil
	}))
}

// get runs an action and returns its value.
func get[T any](view *tab, action chromedp.Action[T]) T {
	view.t.Helper()
	ctx, cancel := context.WithTimeout(view.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		view.t.Fatal(err)
	}
	return value
}

func (view *tab) screenshot() []byte {
	view.t.Helper()
	return get(view, chromedp.CaptureScreenshot())
}

// prefer sets the colour scheme, light or dark.
func (view *tab) prefer(scheme string) {
	view.t.Helper()
	view.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// hover and clickAt take coordinates of the canvas.
func (view *tab) hover(x, y float64) {
	view.t.Helper()
	left, top := view.canvas()
	view.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, left+x, top+y))
}

func (view *tab) clickAt(x, y float64) {
	view.t.Helper()
	left, top := view.canvas()
	view.do(chromedp.MouseClickXY(left+x, top+y))
}

func (view *tab) canvas() (left, top float64) {
	view.t.Helper()
	area := get(view, chromedp.Evaluate[[]float64](`(({x, y}) => [x, y])(document.querySelector("#flamegraph").getBoundingClientRect())`))
	return area[0], area[1]
}

func (view *tab) canvasWidth() float64 {
	view.t.Helper()
	return get(view, chromedp.Evaluate[float64](`document.querySelector("#flamegraph").clientWidth`))
}

// text returns the value of an expression as a string.
func (view *tab) text(expression string) string {
	view.t.Helper()
	return get(view, chromedp.Evaluate[string](helpers+"String("+expression+")"))
}

func (view *tab) expect(expression, want string) {
	view.t.Helper()
	if got := view.text(expression); got != want {
		view.t.Errorf("%s: %q, expected %q", expression, got, want)
	}
}

// until waits for a condition, in the page that is there by then: another one may be on its way.
func (view *tab) until(condition string) {
	view.t.Helper()
	ctx, cancel := context.WithTimeout(view.ctx, patience)
	defer cancel()
	predicate := "!!(()=>{try{return " + condition + "}catch{return false}})()"
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](predicate, chromedp.WithPollingInterval(20*time.Millisecond)))
	for ctx.Err() == nil && err != nil && strings.Contains(err.Error(), "Cannot find context") {
		_, err = chromedp.Run(ctx, chromedp.Poll[bool](predicate, chromedp.WithPollingInterval(20*time.Millisecond)))
	}
	if err != nil {
		seen, _ := chromedp.Run(view.ctx, chromedp.Evaluate[string](`document.body.innerText.slice(0, 1500)`))
		view.t.Fatalf("never: %s (%v)\nthe page says: %s", condition, err, seen)
	}
}

// colourAt reads the canvas, cssColour a colour of the page, both as "r,g,b".
const helpers = `
var canvasRight = () => document.querySelector("#flamegraph").clientWidth;
var colourAt = (x, y) => {
	const canvas = document.querySelector("#flamegraph"), ratio = devicePixelRatio;
	const probe = new OffscreenCanvas(1, 1).getContext("2d");
	probe.drawImage(canvas, -Math.round(x * ratio), -Math.round(y * ratio));
	return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)].join();
};
var cssColour = (name) => {
	const probe = document.createElement("canvas").getContext("2d");
	probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	probe.fillRect(0, 0, 1, 1);
	return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)].join();
};
`
