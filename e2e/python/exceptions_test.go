package python

import (
	"strings"
	"testing"
)

// Exceptions stand for as many as were raised, where they were, with their types; of versions without sys.monitoring that is said.
func TestPackageExceptions(t *testing.T) {
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		for interval, bound := range map[string]int64{"1": 0, "10": 1400} { // five standard errors of 8,000: sqrt(8000*9)
			t.Run(python.name+" "+interval, func(t *testing.T) {
				agent := newAgent(t)
				p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL, "DD_PROFILING_EXCEPTION_ENABLED=true", "DD_PROFILING_EXCEPTION_SAMPLING_INTERVAL=" + interval}, nil, "exceptions")
				line := p.next()
				if status := p.end(); status != 0 || jsonOf(line["tools"]) != "[]" || line["kept_generator"] != true {
					t.Fatalf("exit status %d, %v\n%s", status, line, p.errors.String())
				}
				uploads := agent.of(pid(line["pid"]))
				if len(uploads) != 1 {
					t.Fatalf("%d batches", len(uploads))
				}
				if python.version == "3.11" {
					p.logged("exceptions are sampled in CPython 3.12 and later only", 1)
					return
				}
				cpu := uploads[0].cpu
				value := valueOf(t, cpu, "exception-samples")
				if have := through(t, cpu, "raises_often", value); have < 8000-bound || have > 8000+bound {
					t.Errorf("8000 were raised, in the profile %d", have)
				}
				ofType := map[string]int64{}
				for _, sample := range cpu.Sample {
					if sample.Value[value] != 0 {
						ofType[strings.Join(sample.Label["exception type"], "")] += sample.Value[value]
						if leaf := sample.Location[0].Line[0].Function.Name; sample.Label["exception type"][0] == "__main__.Refused" && leaf != "raises_often" {
							t.Errorf("raised in %s", leaf)
						}
					}
				}
				// Those that passed through ten frames: 400, and some of the standard library, of five standard errors of 4,400 tries if one in ten is sampled.
				if keys := ofType["KeyError"]; keys < 400-bound/4 || keys > 420+bound/4 || ofType["StopIteration"] != 0 {
					t.Errorf("by type: %v", ofType)
				}
				if refused := ofType["__main__.Refused"]; refused < 2000-bound || refused > 2000+bound || ofType["ValueError"] < 6000-bound {
					t.Errorf("by type: %v", ofType)
				}
			})
		}
	}
}

// A handler that stops the profiler, of a signal that comes while it is being stopped, does nothing, and does not wait for itself.
func TestPackageStopBetween(t *testing.T) {
	agent := newAgent(t)
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "between")
	if line := p.next(); line["done"] != true || p.end() != 0 {
		t.Error(p.errors.String())
	}
}
