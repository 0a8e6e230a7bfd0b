// Package options_test compares what dd-trace-go v1.43.1 and cmemprof send when the same program uses one of their options or variables.
package options_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/datadog/captured"
	"github.com/cmemprof/cmemprof/e2e/datadog/peer"
)

var built = map[peer.Variant]string{}

func TestMain(m *testing.M) { os.Exit(peer.Main(m, built, peer.V1, peer.Ours)) }

// scenario is a program and its environment.
type scenario struct {
	name        string
	program     string // "": the name
	environment []string
	period      string // "": 200 ms
	until       until
	cgroups     string // what /proc/self/cgroup says, "" for what it really says
	everyWait   bool   // the rates of the mutex and block profiles are 1, their counts exact; the period is long enough for a busy machine to wait in it
}

// until waits for a condition before the test stops the program.
type until int

const (
	twoBatches until = iota
	connect
	anError
)

// outcome has the lines to compare.
type outcome []string

func run(t *testing.T, v peer.Variant, s scenario) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), peer.Patience)
	defer cancel()
	directory := t.TempDir()
	server, socket := captured.New(t), filepath.Join(directory, "agent.socket")
	onSocket := captured.NewUnix(t, socket)
	host, port, _ := strings.Cut(server.Address(), ":")
	environment := []string{"AGENT_ADDRESS=" + server.Address(), "AGENT_SOCKET=" + socket, "PERIOD=" + cmp.Or(s.period, "200ms"),
		"DD_PROFILING_FLUSH_ON_EXIT=false"} // v1.43.1 does not send the last period; cmemprof does unless told not to
	for _, pair := range s.environment {
		environment = append(environment, strings.NewReplacer("{address}", server.Address(), "{host}", host, "{port}", port,
			"{socket}", socket, "{directory}", directory).Replace(pair))
	}
	command := []string{built[v]}
	if s.cgroups != "" {
		command = peer.Contained(t, s.cgroups, built[v])
	}
	program := peer.Start(t, ctx, command[0], environment, append(command[1:], cmp.Or(s.program, s.name))...)

	var lines outcome
	for batch := 0; batch < 2 && s.until == twoBatches; batch++ {
		select {
		case b := <-server.Batches:
			lines.add(t, fmt.Sprintf("batch %d: ", batch), b, s.everyWait)
		case b := <-onSocket.Batches:
			lines.add(t, fmt.Sprintf("batch %d on the socket: ", batch), b, s.everyWait)
		case <-program.Done:
			lines = append(lines, "ended before it sent two batches")
			batch = 2
		case <-ctx.Done():
			t.Fatalf("%s: no batch in time", v)
		}
	}
	switch s.until {
	case connect:
		select {
		case host := <-server.Connects:
			lines = append(lines, "connects to "+host)
		case <-server.Batches:
			lines = append(lines, "sends a batch instead of connecting")
		case <-program.Done:
			lines = append(lines, "ended before it connected")
		case <-ctx.Done():
			t.Fatalf("%s: no connection in time", v)
		}
	case anError:
		select {
		case <-program.Done:
		case <-server.Batches:
			lines = append(lines, "started in spite of the error")
		case <-ctx.Done():
			t.Fatalf("%s: no end in time", v)
		}
	}
	seen, log := program.End(t)
	lines = append(lines, fmt.Sprintf("Start fails: %t", seen.StartError != ""), fmt.Sprintf("mutex fraction %d", seen.MutexFraction))
	for _, name := range seen.Statsd {
		lines = append(lines, "statsd "+name)
	}
	for i, note := range seen.Notes {
		lines = append(lines, fmt.Sprintf("note %d: %s", i, note))
	}
	lines = append(lines, logged(log)...)
	files, _ := filepath.Glob(filepath.Join(directory, "output", "*", "*"))
	for _, f := range files {
		lines = append(lines, "writes "+filepath.Base(f))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func (o *outcome) add(t *testing.T, prefix string, b captured.Batch, everyWait bool) {
	t.Helper()
	if b.Problem != "" {
		t.Fatal(b.Problem)
	}
	for _, fact := range b.Facts(t, everyWait) {
		*o = append(*o, prefix+fact)
	}
}

// logged returns the topics of log lines, not their words, and the keys of the configuration.
func logged(text string) (lines outcome) {
	for about, pattern := range map[string]string{"start": "(?i)profiler (configuration|started)", "stop": "(?i)profil(ing|er) stopped"} {
		if regexp.MustCompile(pattern).MatchString(text) {
			lines = append(lines, "logs its "+about)
		}
	}
	return lines
}

func TestPrograms(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			compare(t, run(t, peer.V1, s), run(t, peer.Ours, s))
		})
	}
}

// compare allows only the differences in the table.
func compare(t *testing.T, original, ours outcome) {
	t.Helper()
	report := func(what string, lines, others outcome, allowed []difference) {
		for _, line := range lines {
			if !slices.Contains(others, line) && !slices.ContainsFunc(allowed, func(d difference) bool { return d.covers(t, line) }) {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
	report("only v1.43.1", original, ours, onlyOriginal)
	report("only cmemprof", ours, original, onlyOurs)
}

// The CPU profile is about as long as the option, 500 ms, or the period, 2 s. A busy machine may begin it late.
func TestCPUDuration(t *testing.T) {
	for v, program := range built {
		for name, bounds := range map[string][2]time.Duration{
			"CPUDuration":                    {50 * time.Millisecond, 1600 * time.Millisecond},
			"CPUDuration-longer-than-period": {1600 * time.Millisecond, time.Minute},
		} {
			t.Run(string(v)+"/"+name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(context.Background(), peer.Patience)
				defer cancel()
				server := captured.New(t)
				running := peer.Start(t, ctx, program, []string{"AGENT_ADDRESS=" + server.Address(), "PERIOD=2s"}, name)
				b := server.Next(t, ctx)
				running.End(t)
				cpu := b.Attachments()["cpu.pprof"].Profile(t)
				if d := time.Duration(cpu.DurationNanos); d < bounds[0] || d >= bounds[1] {
					t.Errorf("the profile covers %s, not between %s and %s", d, bounds[0], bounds[1])
				} else if bounds[1] == time.Minute && captured.Sums(cpu, "main.burn")["cpu"] == 0 {
					t.Error("the function that uses the CPU is not in it")
				}
			})
		}
	}
}

// A value that is neither true nor false: v1.43.1 logs it and uses the default; cmemprof does not start and names the variable.
func TestBadTruthValues(t *testing.T) {
	for _, variable := range []string{"DD_PROFILING_DELTA", "DD_PROFILING_AGENTLESS", "DD_TRACE_STARTUP_LOGS", "DD_PROFILING_CMEMPROF_ENABLED"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), peer.Patience)
			defer cancel()
			start := func(v peer.Variant) peer.Seen {
				seen, _ := peer.Start(t, ctx, built[v], []string{"AGENT_ADDRESS=127.0.0.1:1", "PERIOD=1s", variable + "=perhaps"}, "defaults").End(t)
				return seen
			}
			if seen := start(peer.V1); seen.StartError != "" {
				t.Errorf("v1.43.1 does not start: %s", seen.StartError)
			}
			if seen := start(peer.Ours); !strings.Contains(seen.StartError, variable) {
				t.Errorf("Start says %q, which does not name %s", seen.StartError, variable)
			}
		})
	}
}
