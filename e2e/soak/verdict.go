package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// The limits. Growth is measured over the second half of the run, since caches fill in the first. For figures of both copies it is that of the
// copy with the profiler minus that of the one without.
const (
	limitRSS         = 0.02 // MB/s
	limitThreads     = 2    // these two: more at the end than in the middle
	limitDescriptors = 2
	limitShare       = 0.05 // so much of itself may address space or own memory grow by
	limitStepMB      = 72   // address space comes in steps: an arena of glibc's is 64 MB, a thread's stack 8
	bytesPerStack    = 400  // and own memory by so much for each stack that was met for the first time: 280 at 24 frames, and its share of the index
	limitSigmas      = 4    // 1 of 16,000 unbiased estimates is further off
)

type row struct {
	what, off, on, difference, limit string
	status                           int
	judged                           bool
}

type verdict struct {
	rows []row
	work string
}

func (v *verdict) add(r row) { v.rows = append(v.rows, r) }

func (v *verdict) status() int {
	worst := held
	for _, r := range v.rows {
		switch {
		case r.status == failed:
			return failed
		case r.status == undecided:
			worst = undecided
		}
	}
	return worst
}

var words = map[int]string{held: "holds", failed: "FAILS", undecided: "undecided: run longer"}

func (v *verdict) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\toff\ton\ton - off\tlimit\t")
	for _, r := range v.rows {
		word := ""
		if r.judged {
			word = words[r.status]
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.off, r.on, r.difference, r.limit, word)
	}
	table.Flush()
	fmt.Fprintf(&text, "Each has done: %s\n", v.work)
	fmt.Fprintf(&text, "Verdict: %s\n", map[int]string{held: "all limits hold", failed: "FAILED", undecided: "undecided, the run was too short"}[v.status()])
	return text.String()
}

// column returns one figure of all records of a half.
func column(records []record, get func(*record) float64) []float64 {
	values := make([]float64, len(records))
	for i := range records {
		values[i] = get(&records[i])
	}
	return values
}

func minus(a, b []float64) []float64 {
	difference := make([]float64, len(a))
	for i := range a {
		difference[i] = a[i] - b[i]
	}
	return difference
}

// within checks an estimate against an upper limit.
func within(estimate interval, limit float64) int {
	switch {
	case estimate.high <= limit:
		return held
	case estimate.low > limit:
		return failed
	default:
		return undecided
	}
}

func mid(values []float64) float64 { return median(slices.Clone(values)) }

// trend is the growth per second, or over the whole half if whole.
func trend(half []record, values []float64, whole bool) (interval, bool) {
	seconds := column(half, func(r *record) float64 { return r.seconds })
	growth, ok := slope(seconds, values)
	if whole && ok {
		growth = growth.times(seconds[len(seconds)-1] - seconds[0])
	}
	return growth, ok
}

func show(i interval, format string) string {
	return fmt.Sprintf(format+" ("+format+" to "+format+")", i.middle, i.low, i.high)
}

// both is a row of a level without a limit, and one of its growth with a limit.
func (v *verdict) both(half []record, what, unit string, get func(*figures) float64, whole bool, limit float64, format string) {
	off := column(half, func(r *record) float64 { return get(&r.off) })
	on := column(half, func(r *record) float64 { return get(&r.on) })
	level := row{what: what + unit, off: fmt.Sprintf("%.0f", mid(off)), on: fmt.Sprintf("%.0f", mid(on)), difference: fmt.Sprintf("%.0f", mid(minus(on, off)))}
	v.add(level)
	growth := row{what: "  growth", limit: fmt.Sprintf("%.4g", limit), status: undecided, judged: true}
	if !whole {
		growth.what, growth.limit = "  growth per second", growth.limit+"/s"
	}
	if difference, ok := trend(half, minus(on, off), whole); ok {
		a, _ := trend(half, off, whole)
		b, _ := trend(half, on, whole)
		growth.off, growth.on, growth.difference = fmt.Sprintf(format, a.middle), fmt.Sprintf(format, b.middle), show(difference, format)
		growth.status = within(difference, limit)
	}
	v.add(growth)
}

// allowLater withdraws a failure of the last row if the copy with the profiler never had more than the other one: Go does not end threads, so
// their number is the maximum ever needed at once, which the two copies reach at different times.
func (v *verdict) allowLater(records []record, get func(*figures) float64, limit float64) {
	off := slices.Max(column(records, func(r *record) float64 { return get(&r.off) }))
	on := slices.Max(column(records, func(r *record) float64 { return get(&r.on) }))
	if growth := &v.rows[len(v.rows)-1]; growth.status == failed && on <= off+limit {
		growth.status, growth.limit = held, fmt.Sprintf("%s, or %.0f in all", growth.limit, off+limit)
	}
}

// own checks the profiler's own memory: never above its limit, and growing only with new stacks. The service produces new stacks for ever; at the
// limit the oldest are evicted.
func (v *verdict) own(records, half []record) {
	values := column(half, func(r *record) float64 { return float64(r.profiler.C.OwnBytes) })
	met := func(r *record) float64 { return float64(r.profiler.C.Stacks + r.profiler.C.ReclaimedStacks) }
	first, last := &half[0], &half[len(half)-1]
	most := row{what: "own bytes, at most", limit: fmt.Sprint(last.profiler.C.LimitBytes), judged: true}
	var highest uint64
	for i := range records {
		c := &records[i].profiler.C
		highest = max(highest, c.OwnBytes)
		if c.OwnBytes > c.LimitBytes {
			most.status = failed
		}
	}
	most.on = fmt.Sprint(highest)
	v.add(most)
	limit := mid(values)*limitShare + 64<<10 + (met(last)-met(first))*bytesPerStack
	growth := row{what: "  growth", limit: fmt.Sprintf("%.0f", limit), status: undecided, judged: true}
	if estimate, ok := trend(half, values, true); ok {
		growth.on, growth.status = show(estimate, "%.0f"), within(estimate, limit)
	}
	v.add(growth)
	v.add(row{what: "stacks", on: fmt.Sprintf("%d, %.0f met in the second half", last.profiler.C.Stacks, met(last)-met(first))})
}

func (v *verdict) ratio(records []record, what string, get func(*figures) float64) {
	first, last := &records[0], &records[len(records)-1]
	off, on := get(&last.off)-get(&first.off), get(&last.on)-get(&first.on)
	v.add(row{what: what, off: fmt.Sprintf("%.0f", off), on: fmt.Sprintf("%.0f", on), difference: fmt.Sprintf("%.2fx", on/off)})
}

// exactly checks a number with one right value.
func (v *verdict) exactly(what string, got, want uint64) {
	r := row{what: what, on: fmt.Sprint(got), limit: fmt.Sprint(want), judged: true}
	if got != want {
		r.status = failed
	}
	v.add(r)
}

func (v *verdict) estimate(what string, c comparison) {
	r := row{what: what, off: fmt.Sprintf("%.0f in truth", c.True), on: fmt.Sprintf("%.0f", c.Estimate), limit: fmt.Sprintf("±%d s.e.", limitSigmas), judged: true}
	if c.StandardError > 0 {
		sigmas := (c.Estimate - c.True) / c.StandardError
		r.difference = fmt.Sprintf("%+.2f s.e. (1 s.e. is %.2g %%)", sigmas, 100*c.StandardError/c.True)
		if math.Abs(sigmas) > limitSigmas {
			r.status = failed
		}
	} else if c.Estimate != c.True { // at interval 1
		r.status = failed
	}
	if c.True == 0 {
		r.status = failed // nothing was compared
	}
	v.add(r)
}

// batches checks that each batch made was sent or counted as given up, each sent one has arrived, and no more are missing than were given up.
func (v *verdict) batches(p *profilerFigures, a arrivals) {
	b := &p.Batches
	givenUp := b.BatchesDropped + b.BatchesFailed
	made := b.BatchesSent + givenUp
	r := row{what: "batches", on: fmt.Sprintf("%d made: %d sent, %d given up", made, b.BatchesSent, givenUp),
		difference: fmt.Sprintf("%d arrived, %d of them twice", len(a), a.twice()), limit: "all accounted for", judged: true}
	arrived := uint64(len(a))
	if made == 0 || a.beyond(made) > 0 || arrived < b.BatchesSent || made-min(made, arrived) > givenUp {
		r.status = failed
	}
	v.add(r)
}

func work(kinds map[string]int64) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[what], what))
	}
	return strings.Join(parts, ", ")
}

func judge(records []record, off, on *answer, a arrivals) *verdict {
	v := &verdict{work: work(on.Kinds)}
	if !maps.Equal(off.Kinds, on.Kinds) {
		v.add(row{what: "work", off: work(off.Kinds), on: work(on.Kinds), limit: "the same", status: failed, judged: true})
	}
	if len(records) < 2 {
		v.add(row{what: "records", on: fmt.Sprint(len(records)), status: undecided, judged: true})
	} else {
		v.growths(records)
	}
	v.exactly("samples lost", on.Profiler.C.LostStacks+on.Profiler.C.LostShards+on.Profiler.C.LostLive, 0)
	v.exactly("profiles failed, panics", on.Profiler.Batches.ProfilesFailed+on.Profiler.Batches.Panics, 0)
	v.batches(on.Profiler, a)
	v.estimate("C bytes allocated", on.Truth.Bytes)
	v.estimate("C blocks allocated", on.Truth.Objects)
	v.estimate("C bytes in use", on.Truth.Live)
	return v
}

func (v *verdict) growths(records []record) {
	half := records[len(records)/2:]
	size := mid(column(half, func(r *record) float64 { return r.off.vmSizeMB }))
	data := mid(column(half, func(r *record) float64 { return r.off.vmDataMB }))
	v.both(half, "RSS", ", MB", func(f *figures) float64 { return f.rssMB }, false, limitRSS, "%.3f")
	v.both(half, "VmSize", ", MB", func(f *figures) float64 { return f.vmSizeMB }, true, max(size*limitShare, limitStepMB), "%.1f")
	v.both(half, "VmData", ", MB", func(f *figures) float64 { return f.vmDataMB }, true, max(data*limitShare, limitStepMB), "%.1f")
	v.both(half, "threads", "", func(f *figures) float64 { return f.threads }, true, limitThreads, "%.1f")
	v.allowLater(records, func(f *figures) float64 { return f.threads }, limitThreads)
	v.both(half, "descriptors", "", func(f *figures) float64 { return f.descriptors }, true, limitDescriptors, "%.1f")
	v.own(records, half)
	end := &records[len(records)-1]
	last := &end.profiler.C
	v.add(row{what: "samples", on: fmt.Sprintf("%d, %d alive", last.Samples, last.Live)})
	v.add(row{what: "stacks cut", on: fmt.Sprint(last.CutNoRule + last.CutUnsupported + last.CutUnreadable + last.CutDepth)})
	v.add(row{what: "stacks taken away", on: fmt.Sprintf("%d, with %d samples", last.ReclaimedStacks, last.ReclaimedSamples)})
	v.add(row{what: "sampling, s", on: fmt.Sprintf("%.1f", float64(last.SamplingNs)/1e9)})
	v.add(row{what: "units done by then", off: fmt.Sprint(end.off.units), on: fmt.Sprint(end.on.units), difference: fmt.Sprint(end.on.units - end.off.units)})
	v.ratio(records, "CPU, s", func(f *figures) float64 { return f.cpuSeconds })
	v.ratio(records, "page faults", func(f *figures) float64 { return f.faults })
}
