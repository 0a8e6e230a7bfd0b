// Package sidebyside_test compares what dd-trace-go v2 and cmemprof send from the same program.
package sidebyside_test

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

	"github.com/cmemprof/cmemprof/e2e/datadog/captured"
	"github.com/cmemprof/cmemprof/e2e/datadog/peer"
)

var built = map[peer.Variant]string{}

func TestMain(m *testing.M) { os.Exit(peer.Main(m, built, peer.V2, peer.Ours)) }

// scenario: its period determines how many batches are compared.
type scenario struct {
	name, program, period string
	environment           []string
	batches               int
	everyWait             bool // the program's rates are 1
	atEnd                 bool // the batches come when the program ends, not before
}

var scenarios = []scenario{
	{name: "every type", program: "WithProfileTypes-all-rates", period: "3s", batches: 2, everyWait: true},
	{name: "default types", program: "defaults", period: "300ms", batches: 2},
	{name: "before the first collection", program: "WithProfileTypes-heap", period: "300ms", batches: 2, environment: []string{
		"NO_COLLECTION=1", "GOGC=off"}},
	{name: "totals", program: "WithDeltaProfiles-false", period: "3s", batches: 2, everyWait: true},
	{name: "service, env, tags", program: "defaults", period: "300ms", batches: 1, environment: []string{
		"DD_SERVICE=orders", "DD_ENV=staging", "DD_VERSION=1.2", "DD_TAGS=team:core,zone:b"}},
	{name: "git metadata", program: "defaults", period: "300ms", batches: 1, environment: []string{
		"DD_GIT_REPOSITORY_URL=https://user:secret@example.com/a.git", "DD_GIT_COMMIT_SHA=0123456789012345678901234567890123456789"}},
	{name: "no git metadata", program: "defaults", period: "300ms", batches: 1, environment: []string{"DD_TRACE_GIT_METADATA_ENABLED=false"}},
	{name: "agent by URL", program: "no-address", period: "300ms", batches: 1, environment: []string{"DD_TRACE_AGENT_URL=http://{address}"}},
	{name: "agent by URL on a socket", program: "no-address", period: "300ms", batches: 1, environment: []string{
		"DD_TRACE_AGENT_URL=unix://{socket}"}},
	{name: "agent by URL before host", program: "no-address", period: "300ms", batches: 1, environment: []string{
		"DD_TRACE_AGENT_URL=http://{address}", "DD_AGENT_HOST=127.0.0.1", "DD_TRACE_AGENT_PORT=1"}},
	{name: "no execution trace", program: "defaults", period: "300ms", batches: 1, environment: []string{
		"DD_PROFILING_EXECUTION_TRACE_ENABLED=false"}},
	{name: "execution trace", program: "defaults", period: "300ms", batches: 2, environment: []string{
		"DD_PROFILING_EXECUTION_TRACE_ENABLED=true", "DD_PROFILING_EXECUTION_TRACE_PERIOD=1ms"}},
	{name: "gzip", program: "WithProfileTypes-all-rates", period: "300ms", batches: 1, environment: []string{
		"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=gzip"}},
	{name: "gzip-9", program: "WithProfileTypes-all-rates", period: "300ms", batches: 1, environment: []string{
		"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=gzip-9"}},
	{name: "zstd", program: "WithProfileTypes-all-rates", period: "300ms", batches: 1, environment: []string{
		"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=zstd"}},
	{name: "zstd-3", program: "WithProfileTypes-all-rates", period: "300ms", batches: 1, environment: []string{
		"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=zstd-3"}},
	{name: "legacy compression", program: "WithProfileTypes-all-rates", period: "300ms", batches: 1, environment: []string{
		"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=legacy"}},
	{name: "off", program: "defaults", period: "1h", atEnd: true, environment: []string{
		"DD_PROFILING_ENABLED=false", "DD_PROFILING_FLUSH_ON_EXIT=true"}},
	{name: "last period", program: "WithProfileTypes-all", period: "30s", atEnd: true, batches: 1, environment: []string{
		"DD_PROFILING_FLUSH_ON_EXIT=true"}},
	{name: "no last period", program: "defaults", period: "1h", atEnd: true, environment: []string{"DD_PROFILING_FLUSH_ON_EXIT=false"}},
}

func TestPrograms(t *testing.T) {
	for _, s := range scenarios {
		t.Run(strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			v2, ours := factsInTime(t, peer.V2, s), factsInTime(t, peer.Ours, s)
			report(t, "only v2", v2, ours, onlyV2)
			report(t, "only cmemprof", ours, v2, onlyOurs)
		})
	}
}

// factsInTime runs the program again if the machine was too busy for what Stop may take, two seconds in all, and the program says so.
func factsInTime(t *testing.T, v peer.Variant, s scenario) []string {
	for range 20 {
		lines, log := facts(t, v, s)
		if !strings.Contains(log, "is not sent") && !strings.Contains(log, "Stop gave up waiting") {
			return lines
		}
	}
	t.Fatal("the last period always takes too long")
	return nil
}

func facts(t *testing.T, v peer.Variant, s scenario) (lines []string, log string) {
	ctx, cancel := context.WithTimeout(context.Background(), peer.Patience)
	defer cancel()
	server, socket := captured.New(t), filepath.Join(t.TempDir(), "agent.socket")
	onSocket := captured.NewUnix(t, socket)
	environment := []string{"AGENT_ADDRESS=" + server.Address(), "PERIOD=" + s.period,
		// Where the defaults differ: cmemprof's are those of v1.43.1, except that it sends the last period.
		"DD_PROFILING_EXECUTION_TRACE_ENABLED=true", "DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=zstd", "DD_PROFILING_FLUSH_ON_EXIT=false",
		// Later periods have a trace with a probability of 3 s / 15 min, unless this says otherwise.
		"DD_PROFILING_EXECUTION_TRACE_PERIOD=100000h"}
	for _, pair := range s.environment {
		environment = append(environment, strings.NewReplacer("{address}", server.Address(), "{socket}", socket).Replace(pair))
	}
	add := func(i int, where string, b captured.Batch) {
		for _, fact := range b.Facts(t, s.everyWait) {
			lines = append(lines, fmt.Sprintf("batch %d%s: %s", i, where, fact))
		}
		for name, p := range b.Attachments() {
			lines = append(lines, fmt.Sprintf("batch %d%s: %s is packed with %s", i, where, name, p.Compression()))
		}
	}
	program := peer.Start(t, ctx, built[v], environment, s.program)
	for i := 0; i < s.batches && !s.atEnd; i++ {
		select {
		case b := <-server.Batches:
			add(i, "", b)
		case b := <-onSocket.Batches:
			add(i, " on the socket", b)
		case <-program.Done:
			seen, log := program.End(t)
			t.Fatalf("%s ended: %s, %s", v, seen.StartError, log)
		case <-ctx.Done():
			t.Fatalf("%s: no batch in time", v)
		}
	}
	seen, log := program.End(t)
	lines = append(lines, "Start fails: "+cmp.Or(seen.StartError, "no"))
	if s.atEnd {
		for i := 0; len(server.Batches) > 0; i++ {
			add(i, "", <-server.Batches)
		}
	}
	return lines, log
}

// difference is an intended difference. docs/compatibility.md lists the same ones.
type difference struct{ pattern, why string }

var onlyV2 = []difference{
	{"header (User-Agent|Accept-Encoding): .*", "who sends, and what the client accepts as an answer"},
	{"header Dd-Evp-Origin(-Version)?: .*", "who collected"},
	{"event (has )?info.profiler.settings.appsec_enabled.*", "of the tracer"},
	{"event info.profiler.settings.debug_compression_settings is (zstd|gzip)", "as it was given"},
}

var onlyOurs = []difference{
	{"header (User-Agent|Accept|Accept-Encoding|Dd-Evp-Origin|Dd-Evp-Origin-Version): .*", "who sends, and who collected"},
	{"tag env:none", "v1.43.1's default; v2 leaves the tag out"},
	{"event (has )?info.profiler.settings.(cmemprof_|memory_|custom_http_client|goroutine_wait_profile_enabled|max_goroutines_wait).*",
		"settings that v2 does not have"},
	{"event info.profiler.settings.debug_compression_settings is (zstd-3|gzip-6)", "with the level it stands for"},
	{"metrics.json has (c|memory)_.*", "figures of the C heap and of resident memory"},
	{"metrics.json has cpu_(unsampled|c)_cores", "CPU time that the profile has no samples of, and in C"},
	{".*\\bmemory.pprof\\b.*", "where the resident memory is"},
	{".*\\bpeak.pprof\\b.*", "C memory at its peak"},
	{"tag language:go", "as other languages of the family say it"},
}

func report(t *testing.T, what string, lines, others []string, allowed []difference) {
	t.Helper()
	for _, line := range lines {
		fact := line
		if _, after, of := strings.Cut(line, ": "); of {
			fact = after
		}
		meant := func(d difference) bool { return regexp.MustCompile("^(" + d.pattern + ")$").MatchString(fact) }
		if !slices.Contains(others, line) && !slices.ContainsFunc(allowed, meant) {
			t.Errorf("%s: %s", what, line)
		}
	}
}
