package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	program "github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/datadog/peer"
)

// A receiver that is killed twice while it forwards: what it has stored comes through the Agent to the intake, byte for byte.
func TestForwardedUploadsArrive(t *testing.T) {
	t.Parallel()
	const uploads = 40
	r := newRoute(t)
	ctx, cancel := context.WithTimeout(t.Context(), peer.Patience)
	defer cancel()
	first := program.Keep(t, "--forward", "datadog:http://"+r.tcp.Addr().String())
	arrived := map[string]int{}
	sent := make([][]byte, uploads)
	take := func() {
		b := r.intake.Next(t, ctx)
		r.arrives(t, b)
		var n string
		for tag := range strings.SplitSeq(b.Event(t)["tags_profiler"].(string), ",") {
			if value, ok := strings.CutPrefix(tag, "n:"); ok {
				n = value
			}
		}
		arrived[n]++
		var number int
		if _, err := fmt.Sscan(n, &number); err != nil || !bytes.Equal(b.Attachments()["heap.pprof"].Data, sent[number]) {
			t.Errorf("upload %s: %v, or another file", n, err)
		}
	}
	for n := range uploads {
		sent[n] = heapOf(t, int64(n))
		post(t, first.URL, fmt.Sprintf(`{"attachments":["heap.pprof"],"tags_profiler":"service:shop,env:test,n:%d","family":"go","version":"4"}`, n), sent[n])
		if n == 13 || n == 27 {
			first.Restart()
		}
	}
	for len(arrived) < uploads {
		take()
	}
	t.Logf("%v", arrived)
}

func post(t *testing.T, address, event string, heap []byte) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, part := range []struct {
		name, file string
		data       []byte
	}{{"heap.pprof", "heap.pprof", heap}, {"event", "event.json", []byte(event)}} {
		out, err := w.CreateFormFile(part.name, part.file)
		if err == nil {
			_, err = out.Write(part.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	response, err := http.Post(address+"/profiling/v1/input", w.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
}

func heapOf(t *testing.T, bytesInUse int64) []byte {
	t.Helper()
	f := &profile.Function{ID: 1, Name: "main.f"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f, Line: 1}}}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}},
		Sample:     []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{bytesInUse + 1}}},
		Function:   []*profile.Function{f}, Location: []*profile.Location{l},
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
