package debug

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
)

// A browser lets pages of other sites ask any address that it reaches: by a request whose answer the page may not read, but which costs this
// process time; and by a name of the page's own that it then points to this process (DNS rebinding), whose answers it may read. Programs that are no
// browser may ask under any name.

var trusted struct {
	mu    sync.Mutex
	hosts map[string]bool // guarded by mu
}

// AllowHosts adds names under which browsers reach this process through DNS or a proxy, as "ops.example.com". Addresses, localhost, names without a
// dot, the machine's own name and names under .internal, .local and .localhost need none.
func AllowHosts(names ...string) {
	trusted.mu.Lock()
	defer trusted.mu.Unlock()
	if trusted.hosts == nil {
		trusted.hosts = map[string]bool{}
	}
	for _, name := range names {
		trusted.hosts[strings.ToLower(name)] = true
	}
}

// isForeign answers 403 if the request may come from another site's page.
func isForeign(w http.ResponseWriter, r *http.Request) bool {
	why := foreignPage(r)
	if why != "" {
		refuse(w, errors.New(why), http.StatusForbidden)
	}
	return why != ""
}

// foreignPage returns why the request may come from another site's page, or "".
func foreignPage(r *http.Request) string {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	isNavigation := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	isOwnSite := site == "" || site == "none" || site == "same-origin" // what a browser of the future says else is another site
	if !isOwnSite && !isNavigation {
		return "a page of another site asks for this (Sec-Fetch-Site: " + site + ")"
	}
	if origin != "" && !isOrigin(origin, r.Host) {
		return fmt.Sprintf("a page of another site asks for this (Origin: %q)", origin)
	}
	isBrowser := site != "" || origin != "" || strings.HasPrefix(r.UserAgent(), "Mozilla/")
	if isBrowser && !isOwnName(r.Host) {
		return fmt.Sprintf("a page of another site may have pointed the name %q to this process: use its address, or debug.AllowHosts", r.Host)
	}
	return ""
}

func isOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// isOwnName reports whether no stranger can have the name in public DNS.
func isOwnName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if address, _, _ := strings.Cut(name, "%"); net.ParseIP(address) != nil || !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range []string{".internal", ".local", ".localhost"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	if own, err := os.Hostname(); err == nil && strings.EqualFold(own, name) {
		return true
	}
	trusted.mu.Lock()
	defer trusted.mu.Unlock()
	return trusted.hosts[name]
}
