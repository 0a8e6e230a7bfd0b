package python

import (
	"testing"
)

// Locks stand for as many as were acquired and released, with the time that Python's own clock tells, and stay what they are.
func TestPackageLocks(t *testing.T) {
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		for percent, bound := range map[string]float64{"100": 0, "10": 1} {
			t.Run(python.name+" "+percent, func(t *testing.T) {
				agent := newAgent(t)
				p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL, "DD_PROFILING_LOCK_ENABLED=true", "DD_PROFILING_CAPTURE_PCT=" + percent}, nil, "locks")
				line := p.next()
				if status := p.end(); status != 0 || line["same"] != true {
					t.Fatalf("exit status %d, %v\n%s", status, line, p.errors.String())
				}
				uploads := agent.of(pid(line["pid"]))
				if len(uploads) != 1 {
					t.Fatalf("%d batches", len(uploads))
				}
				cpu := uploads[0].cpu
				acquired, waited := valueOf(t, cpu, "lock-acquire"), valueOf(t, cpu, "lock-acquire-wait")
				released, held := valueOf(t, cpu, "lock-release"), valueOf(t, cpu, "lock-release-hold")
				// Of 8,000 one in ten is taken, with distances that are uniform: five standard errors are 820.
				few := int64(820 * bound)
				for _, value := range []int{acquired, released} {
					if have := through(t, cpu, "uses", value); have < 8000-few || have > 8000+few {
						t.Errorf("8000 of %s, in the profile %d", cpu.SampleType[value].Type, have)
					}
				}
				if bound == 0 {
					if have := through(t, cpu, "nests", acquired); have != 300 {
						t.Errorf("an RLock is acquired 300 times, in the profile %d", have)
					}
					if have := through(t, cpu, "nests", released); have != 100 {
						t.Errorf("an RLock is free again 100 times, in the profile %d", have)
					}
					if have := through(t, cpu, "tries", acquired); have != 100 {
						t.Errorf("it is tried 100 times, in the profile %d", have)
					}
					if have := through(t, cpu, "tries", released); have != 0 {
						t.Errorf("it was never acquired, and released %d times", have)
					}
					for what, of := range map[string]struct {
						function string
						value    int
						told     any
					}{
						"waited for a lock":      {"waits_for", waited, line["waited"]},
						"held a lock":            {"holds", held, line["held"]},
						"waited for a semaphore": {"waits_for_semaphore", waited, line["semaphore"]},
					} {
						told := of.told.(float64)
						if have := float64(through(t, cpu, of.function, of.value)) / 1e9; have < 0.9*told-0.02 || have > 1.05*told+0.02 {
							t.Errorf("%s: %.3f s, in the profile %.3f", what, told, have)
						}
					}
				}
				if have := float64(through(t, cpu, "idles", waited)) / 1e9; have > 0.1 {
					t.Errorf("who waits to be notified waits for no lock: %.3f s", have)
				}
			})
		}
	}
}

// Without being asked for there are none.
func TestPackageWithoutLocks(t *testing.T) {
	agent := newAgent(t)
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "locks")
	line := p.next()
	if status := p.end(); status != 0 {
		t.Fatal(p.errors.String())
	}
	for _, one := range agent.of(pid(line["pid"])) {
		for _, of := range one.cpu.SampleType {
			if of.Type == "lock-acquire" {
				t.Error("locks are sampled")
			}
		}
	}
}
