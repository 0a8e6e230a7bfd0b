package cpu

import (
	"strings"
	"testing"
)

// sums are the parts of a profile, in ns.
type sums struct{ samples, row, nameless int64 }

func (o *outcome) sums() (of sums) {
	for _, s := range o.cpu.Sample {
		functions := functionsOf(s)
		if functions[0] == "(CPU time not sampled)" {
			of.row += s.Value[1]
			continue
		}
		of.samples += s.Value[1]
		if root := functions[len(functions)-1]; root == "runtime._ExternalCode" || functions[0] == "runtime._LostExternalCode" {
			of.nameless += s.Value[1]
		}
	}
	return of
}

// The profile's sum is the CPU time of the process, whoever uses it: threads of Go's, in calls into C that are short or run already, and threads
// of C's, that have called Go or not. What no sample stands for is a row.
func TestTheProfileAddsUp(t *testing.T) {
	thread, events := []string{"burn_spin", "burn_plain", "burn_thread"}, []string{"burn_plain", "burn_events", "on_events"}
	for _, c := range []struct {
		name      string
		workloads []string
		least     int64    // percent that samples stand for, at least; how many signals come is a matter of the machine's load
		chain     []string // that has half of them
	}{
		{"C called by Go", []string{"plain", "1000"}, 50, []string{"burn_spin", "burn_plain", "runtime.cgocall"}},
		{"short calls into C", []string{"short", "1000"}, 50, []string{"main._Cfunc_burn_short", "main.callsOf"}},
		{"Go and its collector", []string{"garbage", "1000"}, 50, nil},
		{"a call that runs already", []string{"early-plain", "1200"}, 50, []string{"burn_spin", "burn_plain", "runtime.cgocall"}},
		{"three that run already", []string{"early-plain", "600", "early-plain", "700", "early-plain", "800"}, 50, []string{"burn_spin", "burn_plain", "runtime.cgocall"}},
		{"a thread of C", []string{"thread", "1500"}, 50, thread},
		{"four threads of C", []string{"pool", "600"}, 50, []string{"burn_spin", "burn_plain", "on_pool"}},
		{"threads of C that live 2 ms", []string{"threads", "800"}, 5, thread},
		{"threads of C that sleep", []string{"events", "500"}, 50, events},
		{"threads of C that have called Go", []string{"called", "600"}, 50, []string{"burn_spin", "burn_plain", "on_called"}},
		{"the same, before the profile", []string{"early-called", "800"}, 50, []string{"burn_spin", "burn_plain", "on_called"}},
		{"threads of C that call Go", []string{"calling", "800"}, 50, nil},
		{"the same, since before", []string{"early-calling", "800"}, 50, nil},
		{"the same, and clean up", []string{"cleaning", "600"}, 50, nil},
		{"the same, since before", []string{"early-cleaning", "600"}, 50, nil},
		{"one after the other", []string{"successive", "1000"}, 50, nil},
		{"all of these", []string{"mixed", "600"}, 50, nil},
		{"500 Hz", []string{"rate", "500", "plain", "1000"}, 0, nil},
	} {
		o := runProgram(t, "program", c.workloads...)
		of, used := o.sums(), int64(o.facts.Times.ProcessNs)
		percent := func(ns int64) float64 { return float64(ns) * 100 / float64(used) }
		t.Logf("%-36s %5d ms: samples %5.1f %%, with the row %5.1f %%; added %5.1f %%, weight %.3f", c.name, used/1e6, percent(of.samples),
			percent(of.samples+of.row), percent(int64(o.facts.Times.AddedNs)), o.facts.Times.Weight)
		// Four samples: one for each thread is a matter of chance.
		if sum := of.samples + of.row; sum < used*97/100-40e6 || sum > used*103/100+40e6 {
			t.Errorf("%s: the profile has %d of %d ms", c.name, sum/1e6, used/1e6)
		}
		if of.samples*100 < used*c.least {
			t.Errorf("%s: samples stand for %d of %d ms", c.name, of.samples/1e6, used/1e6)
		}
		// On its way from C to Go a thread of C's has none.
		if c.least > 0 && of.nameless > used*3/100+20e6 {
			t.Errorf("%s: %d ms have no stack", c.name, of.nameless/1e6)
		}
		if ns := timeOf(o.cpu, c.chain...); c.chain != nil && ns < of.samples/2 {
			t.Errorf("%s: %d of %d ms are in %s", c.name, ns/1e6, of.samples/1e6, strings.Join(c.chain, " <- "))
		}
	}
}
