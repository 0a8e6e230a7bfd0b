//go:build linux && (amd64 || arm64) && cgo

package resident

import (
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
)

func TestLast(t *testing.T) {
	if m := Last(); m != nil {
		t.Errorf("%+v before the first", m)
	}
	for _, rss := range []uint64{1, 2} {
		Keep(&cmemprof.MemoryFigures{RSSBytes: rss})
		if m := Last(); m == nil || m.Figures.RSSBytes != rss || time.Since(m.At) > time.Minute {
			t.Errorf("%+v", m)
		}
	}
}
