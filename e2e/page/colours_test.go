package page

// Text on the canvas is readable: the contrast of each text to its background is checked.

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// watchTexts records the contrast of each text of a flame graph, by the pixel left of its first letter.
const watchTexts = `(() => {
	const real = CanvasRenderingContext2D.prototype.fillText;
	const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
	const light = (channel) => (channel /= 255) <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
	const luminance = ([red, green, blue]) => 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
	window.texts = [];
	CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
		const { a, d } = this.getTransform();
		if (this.canvas.matches(".flame-canvas") && y * d < this.canvas.height - 1) {
			probe.drawImage(this.canvas, -Math.round((x - 3) * a), -Math.round(y * d));
			const under = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
			probe.fillStyle = this.fillStyle;
			probe.fillRect(0, 0, 1, 1);
			const ink = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
			const [low, high] = [luminance(under), luminance(ink)].sort((one, other) => one - other);
			texts.push({ text, under: under.join(), ink: ink.join(), contrast: (high + 0.05) / (low + 0.05) });
		}
		return real.apply(this, arguments);
	};
})();`

func TestTextOnTheCanvasCanBeRead(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, client := range []string{"go-v2-all", "python-auto", "node-default"} {
		receiver.uploadCapture(t, client)
	}
	receiver.uploadLeak(t, 3)
	receiver.uploadProfile(t, "shop", heapProfile())
	view := chromium.open(t)
	view.do(chromedp.EmulateViewport(1280, 720), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchTexts})
		return err
	}))
	for _, scheme := range []string{"light", "dark"} {
		view.prefer(scheme)
		grounds := map[string]bool{}
		for _, address := range []string{
			"profile?ids=1", "profile?ids=1&colour=package", "profile?ids=2", "profile?ids=2&colour=kind", "profile?ids=3&colour=kind", "profile?ids=3&colour=package",
			"profile?ids=7", "profile?ids=7&find=sqlite3", "profile?ids=7&view=sandwich&fn=main.main", "compare?ids=6&base.ids=4", "compare?ids=4&base.ids=6",
			"compare?ids=6&base.ids=7&view=sides",
		} {
			view.do(chromedp.Navigate(receiver.url + address))
			view.until(`window.texts.length > 2 && document.documentElement.dataset.theme === ` + quote(scheme))
			view.until(`document.querySelector("#frame").textContent`)
			if address[0] == 'p' && len(address) < 24 { // zoomed into the second box: what called it is pale
				view.do(chromedp.Focus(chromedp.CSS("#flamegraph")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
				view.until(`location.search.includes("zoom=") && !document.querySelector("#reset").disabled`)
			}
			var texts []struct {
				Text, Under, Ink string
				Contrast         float64
			}
			if err := json.Unmarshal([]byte(view.text(`JSON.stringify(texts)`)), &texts); err != nil {
				t.Fatal(err)
			}
			for _, one := range texts {
				grounds[one.Under] = true
				if one.Contrast < 4.5 {
					t.Errorf("%s %s: %q in %s on %s: %.2f", scheme, address, one.Text, one.Ink, one.Under, one.Contrast)
				}
			}
		}
		if len(grounds) < 20 {
			t.Errorf("%s: texts on only %d colours", scheme, len(grounds))
		}
	}
	view.clean(t)
}
