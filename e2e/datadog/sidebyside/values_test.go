package sidebyside_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/datadog/captured"
	"github.com/cmemprof/cmemprof/e2e/datadog/peer"
)

// sums returns the values of one function, or of one block, in one profile, summed over all periods; for inuse_* the last.
type sums map[string]int64

func values(t *testing.T, v peer.Variant) sums {
	ctx, cancel := context.WithTimeout(context.Background(), peer.Patience)
	defer cancel()
	server := captured.New(t)
	program := peer.Start(t, ctx, built[v], []string{"AGENT_ADDRESS=" + server.Address(), "PERIOD=1s", "DD_PROFILING_FLUSH_ON_EXIT=true"}, "values")
	all := sums{}
	add := func(b captured.Batch) {
		for name, part := range b.Attachments() {
			if !strings.HasSuffix(name, ".pprof") {
				continue
			}
			p := part.Profile(t)
			found := map[string]map[string]int64{"the large block": captured.BlockSums(p, captured.RetainedBlock)}
			for _, function := range []string{"main.retainSmall", "main.calculate", "main.unlock", "main.wait"} {
				found[function] = captured.Sums(p, function)
			}
			for what, values := range found {
				for kind, value := range values {
					key := name + " " + what + " " + kind
					if strings.HasPrefix(kind, "inuse") {
						all[key] = 0
					}
					all[key] += value
				}
			}
		}
	}
	add(server.Next(t, ctx))
	program.End(t) // not before the work is done; the last period is sent
	for len(server.Batches) > 0 {
		add(<-server.Batches)
	}
	return all
}

// Both are compared with what the program did, so they agree with each other as well. Tolerance of an estimate of n samples: five
// standard deviations, 5/sqrt(n). The heap's small blocks are 128 MiB at one sample in 512 KiB, n = 256: 31 %. CPU time is sampled every
// 10 ms, which is not random: 100 samples, some of which are lost at the end of a period and while the profile is read: 20 %.
func TestValues(t *testing.T) {
	const small = 128 << 20
	for _, v := range []peer.Variant{peer.V2, peer.Ours} {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			got := values(t, v)
			for _, c := range []struct {
				key       string
				truth     float64
				tolerance float64
			}{
				{"delta-heap.pprof the large block alloc_space", captured.RetainedBlock, 0},
				{"delta-heap.pprof the large block alloc_objects", 1, 0},
				{"delta-heap.pprof the large block inuse_space", captured.RetainedBlock, 0},
				{"delta-heap.pprof the large block inuse_objects", 1, 0},
				{"delta-heap.pprof main.retainSmall alloc_space", small, 5 / math.Sqrt(256)},
				{"delta-heap.pprof main.retainSmall alloc_objects", small / 4096, 5 / math.Sqrt(256)},
				{"delta-heap.pprof main.retainSmall inuse_space", small, 5 / math.Sqrt(256)},
				{"delta-heap.pprof main.retainSmall inuse_objects", small / 4096, 5 / math.Sqrt(256)},
				{"cpu.pprof main.calculate cpu", float64(time.Second), 0.2},
				{"delta-mutex.pprof main.unlock contentions", 7, 0},
				{"delta-block.pprof main.wait contentions", 9, 0},
			} {
				if off := math.Abs(float64(got[c.key])/c.truth - 1); off > c.tolerance {
					t.Errorf("%s is %d, the truth is %.0f", c.key, got[c.key], c.truth)
				}
			}
			// Each wait takes at least the two milliseconds that the other goroutine sleeps; how much longer depends on the machine.
			for key, least := range map[string]time.Duration{
				"delta-mutex.pprof main.unlock delay": 7 * time.Millisecond, "delta-block.pprof main.wait delay": 9 * time.Millisecond,
			} {
				if delay := time.Duration(got[key]); delay < least {
					t.Errorf("%s is %s, which cannot be", key, delay)
				}
			}
		})
	}
}
