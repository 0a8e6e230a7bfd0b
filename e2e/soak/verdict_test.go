package main

import (
	"strings"
	"testing"
)

// healthy is a run of two hours without failures.
func healthy() (records []record, off, on answer, a arrivals) {
	_, noiseOff := heap(1, 1440, 0)
	_, noiseOn := heap(2, 1440, 0)
	for i := range noiseOff {
		r := record{seconds: float64(i) * 5}
		r.off = figures{rssMB: noiseOff[i], vmSizeMB: 3000, vmDataMB: 900, threads: 16, descriptors: 9, faults: float64(i) * 100, cpuSeconds: float64(i)}
		r.on = figures{rssMB: noiseOn[i] + 10, vmSizeMB: 3100, vmDataMB: 920, threads: 20, descriptors: 11, faults: float64(i) * 101, cpuSeconds: float64(i) * 1.05}
		r.profiler.C.OwnBytes, r.profiler.C.LimitBytes, r.profiler.C.Stacks = 3_000_000, 8<<20, 2000
		records = append(records, r)
	}
	off.Kinds, on.Kinds = map[string]int64{"forks": 10}, map[string]int64{"forks": 10}
	on.Profiler = &profilerFigures{}
	on.Profiler.Batches.BatchesSent, on.Profiler.Batches.BatchesDropped = 6, 2
	on.Truth = &struct{ Bytes, Objects, Live comparison }{comparison{1e9, 1.01e9, 1e7}, comparison{1e6, 0.97e6, 1e4}, comparison{1e7, 1.1e7, 1e6}}
	a = arrivals{0: 1, 1: 2, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1} // the second of those that were given up has arrived all the same
	return records, off, on, a
}

func TestVerdict(t *testing.T) {
	cases := []struct {
		name, row string // the row that decides
		spoil     func(records []record, on *answer, a arrivals) []record
		want      int
	}{
		{"all is well", "", nil, held},
		{"RSS grows by 0.05 MB/s", "growth per second", each(func(i int, r *record) { r.on.rssMB += float64(i) * 5 * 0.05 }), failed},
		{"RSS grows in both", "", each(func(i int, r *record) { r.on.rssMB += float64(i); r.off.rssMB += float64(i) }), held},
		{"threads grow", "growth", each(func(i int, r *record) { r.on.threads += float64(i / 100) }), failed},
		{"threads come later than in the other", "", each(func(i int, r *record) { r.off.threads = 51; r.on.threads = 40 + min(float64(i/100), 9) }), held},
		{"threads come later, and more of them", "growth", each(func(i int, r *record) { r.off.threads = 51; r.on.threads = 40 + float64(i/50) }), failed},
		{"descriptors grow", "growth", each(func(i int, r *record) { r.on.descriptors += float64(i / 100) }), failed},
		{"address space grows", "growth", each(func(i int, r *record) { r.on.vmSizeMB += float64(i) }), failed},
		{"own memory grows", "growth", each(func(i int, r *record) { r.profiler.C.OwnBytes += uint64(i) * 1000 }), failed},
		{"new stacks are met", "", each(func(i int, r *record) { r.profiler.C.Stacks += uint64(i); r.profiler.C.OwnBytes += uint64(i) * 300 }), held},
		{"stacks were taken away", "", each(func(i int, r *record) {
			r.profiler.C.ReclaimedStacks += uint64(i)
			r.profiler.C.OwnBytes += uint64(i) * 300
		}), held},
		{"stacks take too much", "growth", each(func(i int, r *record) { r.profiler.C.Stacks += uint64(i); r.profiler.C.OwnBytes += uint64(i) * 900 }), failed},
		{"own memory is above its limit", "own bytes, at most", each(func(i int, r *record) { r.profiler.C.OwnBytes = 9 << 20 }), failed},
		{"a short run", "growth per second", func(records []record, _ *answer, _ arrivals) []record { return records[:20] }, undecided},
		{"no records", "records", func(records []record, _ *answer, _ arrivals) []record { return nil }, undecided},
		{"a sample is lost", "samples lost", spoilOn(func(on *answer) { on.Profiler.C.LostLive = 1 }), failed},
		{"a profile failed", "profiles failed", spoilOn(func(on *answer) { on.Profiler.Batches.ProfilesFailed = 1 }), failed},
		{"a batch is lost", "batches", func(r []record, _ *answer, a arrivals) []record { delete(a, 3); delete(a, 4); return r }, failed},
		{"a batch is not counted", "batches", func(r []record, _ *answer, a arrivals) []record { a[8] = 1; return r }, failed},
		{"no batch", "batches", spoilOn(func(on *answer) { on.Profiler.Batches.BatchesSent, on.Profiler.Batches.BatchesDropped = 0, 0 }), failed},
		{"bytes are overestimated", "C bytes allocated", spoilOn(func(on *answer) { on.Truth.Bytes.Estimate = 1.05e9 }), failed},
		{"blocks are underestimated", "C blocks allocated", spoilOn(func(on *answer) { on.Truth.Objects.Estimate = 0.95e6 }), failed},
		{"what is in use is not seen", "C bytes in use", spoilOn(func(on *answer) { on.Truth.Live.Estimate = 0 }), failed},
		{"nothing is compared", "C bytes allocated", spoilOn(func(on *answer) { on.Truth.Bytes = comparison{} }), failed},
		{"other work", "work", spoilOn(func(on *answer) { on.Kinds["forks"]++ }), failed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			records, off, on, a := healthy()
			if c.spoil != nil {
				records = c.spoil(records, &on, a)
			}
			v := judge(records, &off, &on, a)
			if v.status() != c.want {
				t.Fatalf("status %d, not %d\n%s", v.status(), c.want, v)
			}
			found := c.row == ""
			for _, r := range v.rows {
				found = found || strings.Contains(r.what, c.row) && r.status == c.want
			}
			if !found {
				t.Errorf("not because of %q\n%s", c.row, v)
			}
		})
	}
}

func each(change func(i int, r *record)) func([]record, *answer, arrivals) []record {
	return func(records []record, _ *answer, _ arrivals) []record {
		for i := range records {
			change(i, &records[i])
		}
		return records
	}
}

func spoilOn(change func(*answer)) func([]record, *answer, arrivals) []record {
	return func(records []record, on *answer, _ arrivals) []record {
		change(on)
		return records
	}
}
