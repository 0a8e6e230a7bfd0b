package profiler

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// Reported is something that batches say of the process and its machine, and that [WithReport] leaves out.
type Reported int

const (
	// ReportHostname is the tag host. DD_PROFILING_REPORT_HOSTNAME.
	ReportHostname Reported = iota
	// ReportContainer is the id of the container or its cgroup, as a header. DD_PROFILING_REPORT_CONTAINER.
	ReportContainer
	// ReportProcessID is the tag process_id. DD_PROFILING_REPORT_PROCESS_ID.
	ReportProcessID
	// ReportSourcePaths are the directories of source files and of the files of code above their module. DD_PROFILING_REPORT_SOURCE_PATHS.
	ReportSourcePaths
	// ReportAPIKey is the API key, where batches go to an Agent, which needs none. DD_PROFILING_REPORT_API_KEY.
	ReportAPIKey
	reportedCount
)

var reportedNames = [reportedCount]string{"hostname", "container", "process_id", "source_paths", "api_key"}

// WithReport selects whether batches have this. Default: the variable named beside it, else true. docs/privacy.md lists all that is sent.
func WithReport(what Reported, enabled bool) Option {
	return func(c *config) {
		if what < 0 || what >= reportedCount {
			c.refuse("WithReport: %d is not among what is reported", what)
			return
		}
		c.leftOut[what] = !enabled
	}
}

// reports returns the setter of a variable.
func reports(what Reported) func(*config, string) error {
	return func(c *config, value string) error {
		enabled := true
		err := setBool(&enabled, value)
		c.leftOut[what] = !enabled
		return err
	}
}

func (c *config) leftOutNames() string {
	var names []string
	for what, leftOut := range c.leftOut {
		if leftOut {
			names = append(names, reportedNames[what])
		}
	}
	return strings.Join(names, ",")
}

// WithLabelFilter selects which labels of goroutines are sent, in every profile and as endpoint counts: "allow:tenant,region" sends these alone,
// "allow:" none, "deny:user" all others. Labels of the profiles themselves, such as memory=C, stay. Default: DD_PROFILING_LABELS, else all are sent.
func WithLabelFilter(rule string) Option {
	return func(c *config) {
		if err := setLabelFilter(c, rule); err != nil {
			c.refuse("WithLabelFilter: %w", err)
		}
	}
}

// labelFilter is the zero value if all labels pass.
type labelFilter struct {
	allow, deny bool
	keys        []string
}

func (f labelFilter) on() bool { return f.allow || f.deny }

func (f labelFilter) passes(key string) bool {
	return !f.on() || slices.Contains(f.keys, key) == f.allow
}

func setLabelFilter(c *config, rule string) error {
	kind, list, ok := strings.Cut(rule, ":")
	f := labelFilter{allow: kind == "allow", deny: kind == "deny"}
	if !ok || !f.on() {
		return fmt.Errorf("%q is neither allow:KEY,KEY nor deny:KEY,KEY", rule)
	}
	for _, key := range strings.Split(list, ",") {
		if key = strings.TrimSpace(key); key != "" {
			f.keys = append(f.keys, key)
		}
	}
	if f.deny && len(f.keys) == 0 {
		return fmt.Errorf("%q names no key", rule)
	}
	c.labels = f
	return nil
}

// reportedEndpoints: endpoints are the values of the label "trace endpoint".
func (c *config) reportedEndpoints(counts map[string]uint64) map[string]uint64 {
	if !c.labels.passes("trace endpoint") {
		return nil
	}
	return counts
}

// reportedCLabels are words of cmemprof.SetLabels, without keys that do not pass.
func (c *config) reportedCLabels() []string {
	return slices.DeleteFunc(slices.Clone(c.cLabels), func(word string) bool {
		return word != "off" && word != "all" && !c.labels.passes(strings.TrimPrefix(word, "-"))
	})
}

// leaveOutTrace: an execution trace has paths of source files, the ids of the process's threads, of which the first's is the process's, and the names
// of tasks, which tracers call after the endpoint. Nothing is cut in it.
func (c *config) leaveOutTrace() {
	for _, reason := range []struct {
		has  bool
		what string
	}{
		{c.leftOut[ReportSourcePaths], "paths of source files, and DD_PROFILING_REPORT_SOURCE_PATHS is false"},
		{c.leftOut[ReportProcessID], "the process id, and DD_PROFILING_REPORT_PROCESS_ID is false"},
		{c.labels.on(), "names of tasks that tracers take from labels, and DD_PROFILING_LABELS is set"},
	} {
		if reason.has && c.trace.enabled {
			c.trace.enabled = false
			say(slog.LevelWarn, "cmemprof: no execution trace is taken, since it would have "+reason.what)
		}
	}
}

// inTheClear is for the log.
func (c *config) inTheClear() string {
	u, err := url.Parse(c.targetURL())
	if err == nil && u.Scheme == "http" && c.unixSocket == "" {
		return ", in plain text"
	}
	return ""
}
