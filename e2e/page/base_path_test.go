package page

// The receiver behind a reverse proxy that shows it below a path, beside other services.

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/cmemprof/cmemprof/e2e/built"
)

const proxyToken = "sixteen--letters"

// proxied runs a receiver with a token behind a proxy that shows it as /tools/profiles, and returns the proxy's address of it. strips: the
// proxy takes the path off; keepsHost: it passes on the name that the browser asked for.
func proxied(t *testing.T, strips, keepsHost bool) (below string, behind *receiver) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(proxyToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var proxy *httputil.ReverseProxy
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/tools/profiles/") {
			http.Error(w, "of another service: "+r.URL.Path, http.StatusTeapot)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	below = server.URL + "/tools/profiles/"
	behind = &receiver{built.Receiver(t, "--base-path", "/tools/profiles", "--token-file", token, "--page-url", below) + "/"}
	target, err := url.Parse(behind.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		if strips {
			r.Out.URL.Path, r.Out.URL.RawPath = strings.TrimPrefix(r.Out.URL.Path, "/tools/profiles"), ""
		}
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		r.SetXForwarded()
		r.Out.Host = target.Host
		if keepsHost {
			r.Out.Host = r.In.Host
		}
	}}
	return below, &receiver{behind.url + "t/" + proxyToken + "/"}
}

func TestPageBehindAProxy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		strips, keepsHost bool
	}{{"whole", false, true}, {"stripped", true, false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			below, direct := proxied(t, c.strips, c.keepsHost)
			behind := &receiver{below + "t/" + proxyToken + "/"} // as a client sends
			behind.uploadProfile(t, "shop", heapProfile())
			view := chromium.open(t)

			// A browser shows the token once; it leaves the address, and the cookie is for this path.
			view.do(chromedp.Navigate(below + "?token=" + proxyToken + "&q=shop"))
			view.until(`document.querySelectorAll(".upload-row").length === 1`)
			view.expect(`location.pathname + location.search`, "/tools/profiles/?q=shop")
			view.expect(`document.querySelector(".brand img").naturalWidth > 0`, "true")
			view.do(chromedp.Navigate(below + "?q=shop&token=" + proxyToken)) // the same bookmark again, with the cookie
			view.until(`document.querySelectorAll(".upload-row").length === 1`)
			view.expect(`location.pathname + location.search`, "/tools/profiles/?q=shop")

			// What arrives is shown by itself.
			direct.uploadProfile(t, "shop", heapProfile())
			view.until(`document.querySelectorAll(".upload-row").length === 2`)

			// Links, Back, and addresses that are opened anew.
			view.click(".upload-row a")
			view.until(`document.querySelector("#flamegraph")`)
			view.expect(`location.pathname`, "/tools/profiles/profile")
			view.click("#downloads summary")
			view.expect(`new URL(document.querySelector("#downloads a[download]").href).pathname.startsWith("/tools/profiles/api/uploads/")`, "true")
			view.do(chromedp.Evaluate[chromedp.Void]("history.back()"))
			view.until(`document.querySelector(".upload-row") && location.pathname === "/tools/profiles/"`)
			view.do(chromedp.Navigate(below + "profile/1"))
			view.until(`document.querySelector("#flamegraph") && location.pathname + location.search === "/tools/profiles/profile?ids=1"`)
			view.until(`document.querySelector("#report")`)
			view.expect(`(({ pathname, searchParams }) => pathname + " " + searchParams.get("address"))(new URL(document.querySelector("#report").href))`,
				"/tools/profiles/api/report /profile?ids=1")
			view.text(`(fetch(document.querySelector("#report").href).then((answer) => (window.reported = answer.status)), "")`)
			view.until(`window.reported === 200`)
			view.click(".brand")
			view.until(`document.querySelector(".upload-row") && location.pathname === "/tools/profiles/"`)

			// A file that is dropped onto it: a request with an Origin.
			folded := filepath.Join(t.TempDir(), "a.folded")
			if err := os.WriteFile(folded, []byte("main;work 3\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			drop(view, folded)
			view.until(`location.pathname + location.search === "/tools/profiles/profile?ids=3"`)
			view.clean(t)

			missing := chromium.open(t)
			missing.do(chromedp.Navigate(below + "no/such/page"))
			missing.until(`document.querySelector("#no-such-page")`)
			missing.click("#no-such-page a")
			missing.until(`document.querySelector(".upload-row") && location.pathname === "/tools/profiles/"`)
			missing.cleanBut(t, "404")

			// A command with the proxy's address; its links are the proxy's.
			out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "top", strings.TrimSuffix(behind.url, "/")+"/api/uploads/1/attachments/delta-heap.pprof").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "main.") {
				t.Errorf("top: %v %s", err, out)
			}
		})
	}
}

// Suspects and webhooks have links below the path.
func TestLinksBehindAProxy(t *testing.T) {
	t.Parallel()
	below, direct := proxied(t, false, true)
	direct.uploadSuspects(t)
	behind := strings.TrimSuffix(below, "/") + "/t/" + proxyToken
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "suspects", behind).CombinedOutput()
		if err != nil {
			t.Fatalf("%v %s", err, out)
		}
		if strings.Contains(string(out), below+"t/xxxxx/profile?service=service-") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no link below %s: %s", behind, out)
		}
	}
}
