package page

// The receiver goes away while the page is open, and comes back.

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// gate is a proxy of a receiver with a port of its own. When shut, it closes every connection, as if no receiver was there.
type gate struct {
	listener net.Listener
	behind   string

	mutex       sync.Mutex
	shut        bool // guarded by mutex
	connections map[net.Conn]bool
}

func newGate(t *testing.T, receiver *receiver) *gate {
	t.Helper()
	target, err := url.Parse(receiver.url)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: listener, behind: target.Host, connections: map[net.Conn]bool{}}
	t.Cleanup(func() {
		listener.Close()
		g.set(true)
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go g.pass(client)
		}
	}()
	return g
}

func (g *gate) url() string { return fmt.Sprintf("http://%s/", g.listener.Addr()) }

func (g *gate) set(shut bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.shut = shut
	for connection := range g.connections {
		if shut {
			connection.Close()
		}
	}
}

// keep records a connection, which is closed when the gate is shut. It returns false if the gate is shut.
func (g *gate) keep(connection net.Conn) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if !g.shut {
		g.connections[connection] = true
	}
	return !g.shut
}

func (g *gate) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", g.behind)
	if err != nil {
		return
	}
	defer server.Close()
	if !g.keep(client) || !g.keep(server) {
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	delete(g.connections, client)
	delete(g.connections, server)
}

const unreachable = `document.querySelector("#unreachable").textContent.startsWith("The receiver cannot be reached.")`

func TestSearchOutlivesItsReceiver(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "first", heapProfile())
	gate := newGate(t, receiver)
	view := chromium.open(t)
	view.goTo(gate.url(), services+` === "first" && document.querySelector("#histogram canvas") && document.querySelector("#live").dataset.state === "on"`)
	view.expect(`document.querySelector("#unreachable").textContent`, "")
	gate.set(true)
	view.until(unreachable + ` && document.querySelector("#live").dataset.state === "off"`)
	// A filter that is chosen now waits; the old content stays.
	view.click(facetValue("service", "first"))
	view.until(`location.search === "?service=first"`)
	receiver.uploadProfile(t, "second", heapProfile())
	receiver.uploadProfile(t, "first", heapProfile())
	view.expect(services, "first")
	view.expect(`document.querySelector(".below").textContent`, "")
	view.expect(`document.querySelector("#histogram").checkVisibility()`, "true")
	view.accessible(t, "unreachable")
	gate.set(false)
	view.until(services + ` === "first,first" && document.querySelector("#unreachable").textContent === "" && document.querySelector("#live").dataset.state === "on"`)
	view.cleanBut(t, "net::ERR_")
}

// Also on a page without requests.
func TestIdlePageSaysThatItsReceiverIsGone(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadProfile(t, "shop", heapProfile())
	gate := newGate(t, receiver)
	view := chromium.open(t)
	view.goTo(gate.url()+"profile?ids=1", `document.querySelector("#frame").textContent === "all · 48 MB"`)
	gate.set(true)
	view.until(unreachable)
	view.expect(`document.querySelector("#frame").textContent`, "all · 48 MB")
	gate.set(false)
	view.until(`document.querySelector("#unreachable").textContent === ""`)
	view.cleanBut(t, "net::ERR_")
}

func TestProfileOutlivesItsReceiver(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadLeak(t, 6)
	gate := newGate(t, receiver)
	view := chromium.open(t)
	for _, page := range []struct{ address, ready, act, stays, comes string }{
		{"profile?ids=6", `document.querySelector("#frame").textContent === "all · 26 MB" && document.querySelector('#types [data-type="alloc_space"]')`,
			`#types [data-type="alloc_space"]`, `document.querySelector("#flamegraph").checkVisibility() && document.querySelector("#frame").textContent === "all · 26 MB"`,
			`document.querySelector("#frame").textContent === "all · 23 MB"`},
		{"profile?ids=6&tab=analysis", `document.querySelector(".finding canvas")`, `#scope [data-value="upload"]`, `document.querySelector(".finding canvas")`,
			`document.querySelector("#not-looked-at li")`},
		{"profile?ids=6&tab=metrics", `document.querySelectorAll(".metric canvas").length > 5`, `#scope [data-value="upload"]`, `document.querySelectorAll(".metric canvas").length > 5`,
			`document.querySelector("#tab").textContent.includes("1 point")`},
		{"compare?ids=6&base.ids=2", compareReady, "#swap", `document.querySelector("#change").textContent === "+12 MB (+85.7 %)"`,
			`document.querySelector("#change").textContent === "−12 MB (−46.2 %)"`},
	} {
		view.goTo(gate.url()+page.address, page.ready)
		gate.set(true)
		view.click(page.act)
		view.until(unreachable)
		view.expect(`Boolean(`+page.stays+`)`, "true")
		gate.set(false)
		view.until(page.comes + ` && document.querySelector("#unreachable").textContent === ""`)
	}
	view.cleanBut(t, "net::ERR_")
}
