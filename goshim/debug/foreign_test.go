package debug_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/debug"
)

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	debug.AllowHosts("Ops.example.com")
	for _, c := range []struct {
		name, host, agent string
		headers           []string // name, value, ...
		want              int
	}{
		{"curl under any name", "service.example.com:6060", "curl/8.9.1", nil, 200},
		{"go tool pprof", "service.example.com:6060", "Go-http-client/1.1", nil, 200},
		{"a browser at an address", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "none"}, 200},
		{"at an IPv6 address", "[fe80::1%25eth0]:6060", browser, nil, 200},
		{"at localhost", "localhost:6060", browser, nil, 200},
		{"at a short name", "pod-1:6060", browser, nil, 200},
		{"in a cluster", "pod-1.team.svc.cluster.local.:6060", browser, nil, 200},
		{"at an allowed name", "ops.example.COM", browser, nil, 200},
		{"at a name that points here", "evil.example:6060", browser, nil, 403},
		{"the same without a port", "evil.example", browser, nil, 403},
		{"the same, of a page that says what it is", "evil.example:6060", "x", []string{"Origin", "http://evil.example:6060"}, 403},
		{"a link", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"a frame", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"an image", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		{"a word that no browser has yet", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "same-planet"}, 403},
		{"a sister site", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"its own page", "10.1.2.3:6060", browser, []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://10.1.2.3:6060"}, 200},
		{"a script elsewhere", "10.1.2.3:6060", browser, []string{"Origin", "http://evil.example"}, 403},
		{"a page without an origin", "10.1.2.3:6060", browser, []string{"Origin", "null"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			for path, method := range map[string]string{"heap": "GET", "alloc": "GET", "peak": "GET", "profile?seconds=x": "GET", "status": "GET",
				"rate?bytes=x": "POST", "batch": "POST"} {
				r := httptest.NewRequest(method, "/debug/cmemprof/"+path, nil)
				r.Host = c.host
				r.Header.Set("User-Agent", c.agent)
				for i := 0; i < len(c.headers); i += 2 {
					r.Header.Set(c.headers[i], c.headers[i+1])
				}
				w := httptest.NewRecorder()
				debug.Handler().ServeHTTP(w, r)
				isLink := slices.Contains(c.headers, "document") // a form can send nothing here
				if isRefused := w.Code == http.StatusForbidden; isRefused != (c.want == 403 || isLink && method == "POST") {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
				if w.Code == http.StatusForbidden && !strings.Contains(w.Body.String(), "another site") {
					t.Errorf("%s: %s", path, w.Body)
				}
			}
		})
	}
}
