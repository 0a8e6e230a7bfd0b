package agent_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// relay forwards between a client and the Agent and records the client's bytes, to compare them with what arrives at the intake.
type relay struct {
	net.Listener
	network, address string // of the Agent

	mu          sync.Mutex
	connections []*bytes.Buffer // guarded by mu
	open        []net.Conn      // guarded by mu
}

func newRelay(t *testing.T, l net.Listener, network, address string) *relay {
	r := &relay{Listener: l, network: network, address: address}
	go r.accept()
	t.Cleanup(func() {
		r.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.open {
			c.Close()
		}
	})
	return r
}

func (r *relay) accept() {
	for {
		client, err := r.Accept()
		if err != nil {
			return
		}
		agent, err := net.Dial(r.network, r.address)
		if err != nil {
			client.Close()
			continue
		}
		kept := &bytes.Buffer{}
		r.mu.Lock()
		r.connections = append(r.connections, kept)
		r.open = append(r.open, client, agent)
		r.mu.Unlock()
		go func() {
			io.Copy(client, agent)
			client.Close()
		}()
		go func() {
			io.Copy(io.MultiWriter(guarded{&r.mu, kept}, agent), client) // kept first: the Agent may pass it on at once
			agent.Close()
		}()
	}
}

type guarded struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (g guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.to.Write(p)
}

// bodies returns the bodies of all complete requests.
func (r *relay) bodies() (all [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.connections {
		for reader := bufio.NewReader(bytes.NewReader(c.Bytes())); ; {
			request, err := http.ReadRequest(reader)
			if err != nil {
				break
			}
			body, err := io.ReadAll(request.Body)
			if err != nil {
				break
			}
			all = append(all, body)
		}
	}
	return all
}
