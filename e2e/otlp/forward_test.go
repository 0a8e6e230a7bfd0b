package otlp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func heap(t *testing.T) []byte {
	t.Helper()
	f := &profile.Function{ID: 1, Name: "main.f"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f, Line: 1}}}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}}, Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{1000}}},
		Function: []*profile.Function{f}, Location: []*profile.Location{l},
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A receiver that is killed twice forwards to a collector that is not there at first, and goes away for a while: what it has stored comes to what
// is behind the collector.
func TestForwardToACollector(t *testing.T) {
	const uploads = 60
	behind := built.Receiver(t)
	address := built.FreeAddress(t)
	first := built.Keep(t, "--forward", "otlp:http://"+address)
	var stop func()
	for n, file := 0, heap(t); n < uploads; n++ {
		first.Import(fmt.Sprintf("service=shop&env=test&tag=n:%d&name=heap.pprof", n), file)
		switch n {
		case 10:
			stop = collectorAt(t, address, behind)
		case 20, 45:
			first.Restart()
		case 30:
			stop()
		case 40:
			stop = collectorAt(t, address, behind)
		}
	}
	arrived := map[string]int{}
	for end := time.Now().Add(patience); len(arrived) < uploads && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var list struct{ Uploads []upload }
		get(t, behind+"/api/uploads?limit=1000&service=shop", &list)
		clear(arrived)
		for _, u := range list.Uploads {
			for _, tag := range u.Tags {
				if n, ok := strings.CutPrefix(tag, "n:"); ok {
					arrived[n]++
				}
			}
		}
	}
	twice := 0
	for _, count := range arrived {
		twice += count - 1
	}
	if len(arrived) != uploads || twice > 8 {
		t.Errorf("%d of %d arrived, %d of them again", len(arrived), uploads, twice)
	}
	t.Logf("%d uploads, %d of them came again", len(arrived), twice)
	stop()
}
