package profiler

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

type variable struct {
	name string
	set  func(c *config, value string) error
}

// variables are the environment variables and their setters. They are read in this order, so of two that set the same field the later one
// wins. An empty variable counts as unset.
var variables = []variable{
	{enabledVariable, setEnabled},
	{exporterVariable, setExporter},
	{"DD_SERVICE", func(c *config, v string) error { c.setService(v); return nil }},
	{"DD_ENV", func(c *config, v string) error { c.setEnv(v); return nil }},
	{"DD_VERSION", func(c *config, v string) error { c.version = v; return nil }},
	{"DD_TAGS", addTags},
	{"DD_PROFILING_TAGS", addTags},
	{"DD_AGENT_HOST", func(c *config, v string) error { return setAgent(c, v, "") }},
	{"DD_TRACE_AGENT_PORT", func(c *config, v string) error { return setAgent(c, "", v) }},
	{"DD_TRACE_AGENT_URL", setAgentURL},
	{"DD_SITE", setSite},
	{"DD_PROFILING_URL", setIntakeURL},
	{"DD_API_KEY", func(c *config, v string) error { c.setAPIKey(v, "DD_API_KEY"); return nil }},
	{"DD_PROFILING_API_KEY_FILE", readAPIKey},
	{"DD_PROFILING_API_KEY", func(c *config, v string) error { c.setAPIKey(v, "DD_PROFILING_API_KEY"); return nil }},
	{"DD_PROFILING_AGENTLESS", func(c *config, v string) error { return setBool(&c.agentless, v) }},
	{"DD_PROFILING_DELTA", func(c *config, v string) error { return setBool(&c.delta, v) }},
	{"DD_PROFILING_UPLOAD_TIMEOUT", func(c *config, v string) error { return setDuration(&c.uploadTimeout, v) }},
	{"DD_PROFILING_FLUSH_ON_EXIT", func(c *config, v string) error { return setBool(&c.flushOnExit, v) }},
	{"DD_PROFILING_OUTPUT_DIR", func(c *config, v string) error { c.outputDir = v; return nil }},
	{"DD_PROFILING_SPOOL_DIR", func(c *config, v string) error { c.setSpool(v, "DD_PROFILING_SPOOL_DIR"); return nil }},
	{"DD_PROFILING_SPOOL_MAX_BYTES", setSpoolBytes},
	{"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", setCompression},
	{"DD_PROFILING_WAIT_PROFILE", func(c *config, v string) error { return setBool(&c.wait, v) }},
	{"DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES", func(c *config, v string) error { return setCount(&c.waitMaxGoroutines, v) }},
	{"DD_PROFILING_EXECUTION_TRACE_ENABLED", func(c *config, v string) error { return setBool(&c.trace.enabled, v) }},
	{"DD_PROFILING_EXECUTION_TRACE_PERIOD", func(c *config, v string) error { return setDuration(&c.trace.period, v) }},
	{"DD_PROFILING_EXECUTION_TRACE_LIMIT_BYTES", setTraceLimit},
	{"DD_PROFILING_ENDPOINT_COUNT_ENABLED", func(c *config, v string) error { return setBool(&c.countEndpoint, v) }},
	{"DD_PROFILING_CMEMPROF_ENABLED", func(c *config, v string) error { return setBool(&c.cEnabled, v) }},
	{"DD_PROFILING_CMEMPROF_GOROUTINE_LEAKS", func(c *config, v string) error { return setBool(&c.leaks, v) }},
	{"DD_PROFILING_CMEMPROF_MEMORY", func(c *config, v string) error { return setBool(&c.memory, v) }},
	{"DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT", func(c *config, v string) error { return setBool(&c.processLimit, v) }},
	{"DD_PROFILING_CMEMPROF_PROCESS_CONTEXT", func(c *config, v string) error { return setBool(&c.processContext, v) }},
	{"DD_PROFILING_CMEMPROF_SAMPLING_RATE", setCInterval},
	{"DD_PROFILING_CMEMPROF_LABELS", func(c *config, v string) error { return c.setCLabels(strings.Split(v, ",")) }},
	{"DD_PROFILING_CMEMPROF_AUTOSTART", func(c *config, v string) error { return setBool(&c.autostart, v) }},
	{"DD_PROFILING_CGO_TRACEBACK", func(c *config, v string) error { return setBool(&c.cgoTraceback, v) }},
	{"DD_PROFILING_MEMORY_THRESHOLD", setMemoryThreshold},
	{"DD_PROFILING_CONTROL_FILE", func(c *config, v string) error { c.controlFile = v; return nil }},
	{"DD_PROFILING_CONTROL_SIGNAL", setControlSignal},
	{"DD_PROFILING_LABELS", setLabelFilter},
	{"DD_PROFILING_REPORT_HOSTNAME", reports(ReportHostname)},
	{"DD_PROFILING_REPORT_CONTAINER", reports(ReportContainer)},
	{"DD_PROFILING_REPORT_PROCESS_ID", reports(ReportProcessID)},
	{"DD_PROFILING_REPORT_SOURCE_PATHS", reports(ReportSourcePaths)},
	{"DD_PROFILING_REPORT_API_KEY", reports(ReportAPIKey)},
	{"DD_TRACE_STARTUP_LOGS", func(c *config, v string) error { return setBool(&c.logStartup, v) }},
	{"DD_TRACE_GIT_METADATA_ENABLED", func(c *config, v string) error { return setBool(&c.git.enabled, v) }},
	{"DD_GIT_REPOSITORY_URL", func(c *config, v string) error { c.git.repository = v; return nil }},
	{"DD_GIT_COMMIT_SHA", func(c *config, v string) error { c.git.commit = v; return nil }},
	{"DD_EXPERIMENTAL_PROPAGATE_PROCESS_TAGS_ENABLED", func(c *config, v string) error { return setBool(&c.processTags, v) }},
}

// ownPrefix is the prefix of variables that only this profiler has. Unknown variables with other prefixes are ignored.
const ownPrefix = "DD_PROFILING_CMEMPROF_"

// unknownVariables returns the variables with ownPrefix that nothing reads, sorted.
func unknownVariables() []string {
	var unknown []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		known := slices.ContainsFunc(variables, func(v variable) bool { return v.name == name })
		if strings.HasPrefix(name, ownPrefix) && !known {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func ownVariables() string {
	var own []string
	for _, v := range variables {
		if strings.HasPrefix(v.name, ownPrefix) {
			own = append(own, v.name)
		}
	}
	return strings.Join(own, ", ")
}

// readEnvironment returns an error that names the invalid variable.
func (c *config) readEnvironment() error {
	c.readAgentSettings(false)
	for _, v := range variables {
		value := os.Getenv(v.name)
		if value == "" {
			continue
		}
		if err := v.set(c, value); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	c.tags = c.git.moveInto(c.tags)
	c.findAgentSocket()
	c.readAgentSettings(true)
	return nil
}

// agentSocket is where Datadog's Agent and its CSI driver put the socket in containers.
var agentSocket = "/var/run/datadog/apm.socket"

// findAgentSocket uses the Agent's socket if there is one and no variable says where the Agent is, as dd-trace-go v2 does.
func (c *config) findAgentSocket() {
	for _, name := range []string{"DD_TRACE_AGENT_URL", "DD_AGENT_HOST", "DD_TRACE_AGENT_PORT"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	if file, err := os.Stat(agentSocket); err == nil && file.Mode()&os.ModeSocket != 0 {
		c.unixSocket, c.socketFromEnvironment = agentSocket, true
	}
}

func setBool(to *bool, value string) error {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", value)
	}
	*to = b
	return nil
}

// setEnabled also accepts "auto", which the Agent's installer sets for services: a service that calls Start wants to be profiled.
func setEnabled(c *config, value string) error {
	if value == "auto" {
		c.enabled, c.auto = true, true
		return nil
	}
	err := setBool(&c.enabled, value)
	c.auto = c.auto && err != nil // the last setting that is one counts
	return err
}

func addTags(c *config, value string) error {
	c.tags = c.tags.Append(splitTags(value)...)
	return nil
}

// splitTags splits at commas if there are any, else at spaces.
func splitTags(value string) []string {
	separator := " "
	if strings.Contains(value, ",") {
		separator = ","
	}
	var tags []string
	for _, tag := range strings.Split(value, separator) {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// setAgent replaces host and port of the Agent's address; "" keeps the current one.
func setAgent(c *config, host, port string) error {
	u, err := url.Parse(c.agentURL)
	if err != nil {
		return err
	}
	if host == "" {
		host = u.Hostname()
	}
	if port == "" {
		port = u.Port()
	}
	if err := checkPort(port); err != nil {
		return err
	}
	name := strings.Trim(host, "[]")
	u.Host = net.JoinHostPort(name, port)
	text := u.String()
	if _, err := checkURL(text); err != nil || strings.Contains(name, ":") && net.ParseIP(name) == nil {
		return fmt.Errorf("%q is not a host", host)
	}
	c.agentURL = text
	return nil
}

// setAgentURL accepts http://host:port, https://host:port and unix:///path.
func setAgentURL(c *config, value string) error {
	u, err := url.Parse(value)
	if err == nil && u.Scheme == "unix" {
		if u.Path == "" || u.Host != "" {
			return fmt.Errorf("%q has no path; an example is unix:///var/run/datadog/apm.socket", value)
		}
		c.unixSocket, c.socketFromEnvironment = u.Path, true
		return nil
	}
	text, err := checkURL(value)
	if err != nil {
		return err
	}
	c.agentURL = strings.TrimSuffix(text, "/") + agentPath
	return nil
}

func setSite(c *config, value string) error {
	if text, err := checkURL("https://" + value); err != nil || text != "https://"+value || strings.ContainsAny(value, "/@?#:") {
		return fmt.Errorf("%q is not the name of a site, such as datadoghq.eu", value)
	}
	c.setSite(value)
	return nil
}

func setIntakeURL(c *config, value string) error {
	if _, err := checkURL(value); err != nil {
		return err
	}
	c.intakeURL, c.intakeFrom = value, "DD_PROFILING_URL"
	return nil
}

// readAPIKey reads the key from a file of one line, as secrets are mounted into containers.
func readAPIKey(c *config, path string) error {
	key, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	c.setAPIKey(strings.TrimSpace(string(key)), "DD_PROFILING_API_KEY_FILE")
	if c.apiKey == "" {
		return fmt.Errorf("%s is empty", path)
	}
	return nil
}

func setDuration(to *time.Duration, value string) error {
	d, err := time.ParseDuration(value)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("must be > 0: %s", value)
	}
	*to = d
	return nil
}

func setCount(to *int, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number, 0 or more", value)
	}
	*to = n
	return nil
}

func setTraceLimit(c *config, value string) error {
	if err := setCount(&c.trace.limitBytes, value); err != nil {
		return err
	}
	if c.trace.limitBytes == 0 {
		return errors.New("must be > 0")
	}
	return nil
}

func setCInterval(c *config, value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return errors.New(strconv.Quote(value) + " is not a number of bytes")
	}
	c.cInterval = n
	return nil
}

// maxLabelKey is the length of the longest label key that C samples may have, in bytes.
const maxLabelKey = 128

func (c *config) setCLabels(words []string) error {
	c.cLabels = nil
	for _, word := range words {
		word = strings.TrimSpace(word)
		if key := strings.TrimPrefix(word, "-"); key == "" || len(key) > maxLabelKey {
			return fmt.Errorf("%q is no label key: it must have 1 to %d bytes", word, maxLabelKey)
		}
		c.cLabels = append(c.cLabels, word)
	}
	return nil
}

func setCompression(c *config, value string) (err error) {
	c.compression, err = parseCompression(value)
	return err
}
