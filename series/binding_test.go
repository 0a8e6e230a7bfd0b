package series

import (
	"testing"
	"time"
)

const mib = 1 << 20

func fill(m *Memory, name string, points int, value func(i int) float64) {
	for i := range points {
		m.Add(name, time.UnixMilli(0).Add(time.Duration(i)*time.Minute), value(i))
	}
}

func TestVerdicts(t *testing.T) {
	grows := func(i int) float64 { return float64(20+10*i) * mib }
	large := func(int) float64 { return 300 * mib }
	for _, c := range []struct {
		figures []string
		value   func(i int) float64
		want    string
		bytes   float64
	}{
		{nil, nil, "none", 0},
		{[]string{"memory_rss_bytes"}, grows, "none", 0},
		{[]string{"memory_malloc_live_bytes"}, grows, "leak", 200 * mib},
		{[]string{"memory_mapped_bytes"}, grows, "mapping", 200 * mib},
		{[]string{"memory_thread_stacks_bytes", "memory_threads"}, grows, "thread_stacks", 200 * mib},
		{[]string{"memory_malloc_free_bytes", "memory_malloc_trim_bytes"}, large, "retention", 300 * mib},
		{[]string{"memory_go_free_bytes"}, large, "go_not_returned", 300 * mib},
		{[]string{"memory_nothing_that_is_known"}, grows, "none", 0},
	} {
		var m Memory
		for _, name := range c.figures {
			fill(&m, name, 30, c.value)
		}
		verdict, bytes := m.Verdict()
		if verdict.String() != c.want || bytes < 0.9*c.bytes || bytes > 1.1*c.bytes {
			t.Errorf("%v: %v of %.0f, want %s of %.0f", c.figures, verdict, bytes, c.want, c.bytes)
		}
	}
}

// The oldest points go: what grew long ago and has been level since is no growth.
func TestOldPointsGo(t *testing.T) {
	var m Memory
	fill(&m, "memory_mapped_bytes", 3*MaxPoints, func(i int) float64 { return float64(min(i, MaxPoints)) * 10 * mib })
	if verdict, _ := m.Verdict(); verdict != 0 {
		t.Errorf("%v", verdict)
	}
}
