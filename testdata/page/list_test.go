package page

import "testing"

// The answer for an older filter comes last: the list stays that of the newer one.
func TestSlowListAnswerIsDropped(t *testing.T) {
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "first", heapProfile())
	receiver.uploadProfile(t, "second", heapProfile())
	view := chromium.view(t, 1280, 720, receiver.url)
	view.text(`(() => {
		const real = fetch;
		window.held = [];
		window.fetch = (path) => path.includes("service=first")
			? new Promise((done) => held.push(() => done(real(path).then(async (response) => {
				const answer = await response.json();
				return { ok: true, json: async () => { window.answered = true; return answer; } };
			}))))
			: real(path);
		window.choose = (text) => {
			const filter = document.querySelector("#filter");
			filter.value = text;
			filter.dispatchEvent(new Event("input"));
		};
		choose("first");
		choose("second");
		return "";
	})()`)
	const names = `[...document.querySelectorAll("#uploads b")].map((b) => b.textContent).join()`
	view.until(names + ` === "second"`)
	view.text(`(() => {
		const seen = () => (window.seen += " " + ` + names + `);
		window.seen = "";
		new MutationObserver(seen).observe(document.querySelector("#uploads"), { childList: true });
		held.forEach((release) => release());
		return "";
	})()`)
	view.until(`window.answered === true`)
	view.expect(`window.seen`, "")
	view.clean(t)
}
