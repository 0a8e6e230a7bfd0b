package options_test

import (
	"regexp"
	"strings"
	"testing"
)

// difference is an intended difference. docs/compatibility.md lists the same ones.
type difference struct {
	test    string // "": every test; a name, or its beginning if it ends in *
	pattern string
	why     string
}

func (d difference) covers(t *testing.T, line string) bool {
	name := strings.TrimPrefix(t.Name(), "TestPrograms/")
	if begin, wild := strings.CutSuffix(d.test, "*"); d.test != "" && name != d.test && !(wild && strings.HasPrefix(name, begin)) {
		return false
	}
	if _, fact, of := strings.Cut(line, ": "); of && strings.HasPrefix(line, "batch ") {
		line = fact
	}
	return regexp.MustCompile("^" + d.pattern + "$").MatchString(line)
}

var onlyOriginal = []difference{
	{"CPUProfileRate-other", "Start fails: false|started in spite of the error", "the Go runtime then writes a warning to standard error each period"},
	{"WithEnv-empty", "tag env:", "as in v2, an Agent may then add the one it is configured with"},
	{"WithService-empty", "tag service:", "an empty name is none: the program's stands in"},
	{"WithStatsd", "statsd count datadog.profiling.go.(collect_error|upload_retry|upload_error)",
		"v1.43.1 counts metrics and an upload that Stop cuts short as errors; which of them runs just then is chance"},
	{"WithVersion-over-environment", "tag version:9", "v1.43.1 sends both versions; as in v2, the option replaces the variable"},
	{"ProfileType-methods", "note (3: |5: profile_type:)", "v1.43.1 has no name for the CPU profile"},
	{"", "header (User-Agent|Accept-Encoding): .*", "who sends, and what the client accepts as an answer"},
}

var onlyOurs = []difference{
	{"CPUProfileRate-other", "Start fails: true", "the Go runtime then writes a warning to standard error each period"},
	{"WithService-empty", "tag service:program", "an empty name is none: the program's stands in"},
	{"container-*", "header Datadog-Entity-Id: ci-.*", "as dd-trace-go v2"},
	{"ProfileType-methods", "note (3: cpu|5: profile_type:cpu)", "v1.43.1 has no name for the CPU profile"},
	{"", "header (User-Agent|Accept|Accept-Encoding|Dd-Evp-Origin|Dd-Evp-Origin-Version): .*", "as dd-trace-go v2 says who collected"},
	{"", "(part )?metrics.json .*", "v1.43.1 has no metrics for a period under one second; v2 has"},
	{"", ".*\\b(peak|memory).pprof\\b.*", "C memory at its peak, and where the resident memory is"},
	{"DD_PROFILING_OUTPUT_DIR", "writes event.json", "the event belongs to what was sent"},
	{"", "writes metrics.json", "as with the part"},
	{"", "event (has info|has process_tags|info).*", "settings and process as dd-trace-go v2 sends them"},
	{"", "tag (pgo|_dd.profiler.go_execution_trace_enabled):false", "as dd-trace-go v2"},
	{"", "tag language:go", "dd-trace-go v2's key beside v1's runtime:go"},
}
