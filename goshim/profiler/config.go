package profiler

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cmemprof/cmemprof/goshim/internal/cprofilers"
	"github.com/cmemprof/cmemprof/goshim/profiler/internal/immutable"
)

const (
	agentPath  = "/profiling/v1/input"
	intakePath = "/api/v2/profile"

	defaultSite              = "datadoghq.com"
	defaultMaxWaitGoroutines = 1000
	maxLabelKeys             = 10
)

// config is the configuration: defaults, overridden by the environment, overridden by options. Immutable once checked.
type config struct {
	enabled, auto          bool // auto: DD_PROFILING_ENABLED=auto
	service, env           string
	version                string // "": no version tag
	hostname               string // "": os.Hostname
	tags                   immutable.StringSlice
	git                    gitMetadata
	processTags            bool
	labelKeys              []string
	types                  map[ProfileType]bool
	period                 time.Duration
	cpuDuration            time.Duration
	cpuRateHz              int // runtimeCPURateHz, or 0, which means the same
	mutexFraction          int
	blockRateNs            int
	uploadTimeout          time.Duration
	delta                  bool
	logStartup             bool
	flushOnExit            bool // Stop sends the running period and the queued batches
	statsd                 StatsdClient
	outputDir              string // "": batches are not written to disk
	spoolDirectory         string // "": unsent batches wait in memory only
	spoolFrom              string // which option or variable set it, for an error
	spoolBytes, queueBytes int64  // 0: the queue's defaults
	compression            compression
	trace                  traceConfig
	countEndpoint          bool
	wait                   bool // goroutine wait profiles, unless there are more goroutines than waitMaxGoroutines
	waitMaxGoroutines      int
	leaks                  bool  // GoroutineLeakProfile, beside the types that options choose
	cInterval              int64 // mean bytes between samples of C allocations; 0: off
	cEnabled               bool
	cLabels                []string // words of cmemprof.SetLabels
	cgoTraceback           bool     // C functions in the CPU profile, with C's heap
	autostart              bool     // read again by goshim/internal/load, before main
	watchMemory            bool
	memoryThreshold        uint64    // of resident memory, in bytes; 0: none
	controlFile            string    // "": none
	controlSignal          os.Signal // nil: none
	processLimit           bool      // Go's memory limit is that of the process
	processContext         bool      // profilers outside of it are told which service it is
	memory                 bool      // the memory profile and its metrics, with C's heap

	agentless             bool
	apiKey, keyOption     string // keyOption: which option or variable set it, for the log
	site                  string // of intakeURL, unless that was set by WithURL
	intakeURL             string // https://intake.profile.SITE/api/v2/profile, for agentless uploads
	intakeFrom            string // which option or variable set intakeURL; "": the site
	agentURL              string // http://host:port/profiling/v1/input
	unixSocket            string
	socketFromEnvironment bool // an address set by an option overrides it
	httpClient            *http.Client
	containerID, entityID string

	leftOut [reportedCount]bool // of what is [Reported]
	labels  labelFilter

	otlpWanted     bool
	otlpByVariable bool        // OTEL_PROFILES_EXPORTER has otlp
	otlpRefused    bool        // OTEL_PROFILES_EXPORTER has none
	otlpFrom       string      // the endpoint of WithOTLP; "": that of the environment
	otlp           *otlpTarget // nil: batches are not sent by OTLP

	pyroscopeWanted bool
	pyroscopeFrom   string           // the address of WithPyroscope; "": that of the environment
	pyroscope       *pyroscopeTarget // nil: batches are not pushed to Pyroscope
	targetOption    string           // the last option that says where profiles go; "": none does
	chosen          chosen
	offBy           string // which setting switches the profiler off; "": DD_PROFILING_ENABLED

	pathPrefixes []pathPrefix // with ReportSourcePaths left out

	fault error // the first bad option
}

// chosen are the settings that variables of OpenTelemetry do not change: those that are set by DD_* or an option, and the time-out by an option.
type chosen struct{ service, env, timeout bool }

// newConfig returns the checked configuration, or its first fault as an error.
func newConfig(options []Option) (*config, error) {
	c := &config{
		enabled:           true,
		service:           filepath.Base(os.Args[0]),
		env:               "none",
		git:               gitMetadata{enabled: true},
		processTags:       true,
		types:             map[ProfileType]bool{MetricsProfile: true, CPUProfile: true, HeapProfile: true},
		period:            DefaultPeriod,
		cpuDuration:       DefaultDuration,
		mutexFraction:     DefaultMutexFraction,
		blockRateNs:       DefaultBlockRate,
		uploadTimeout:     DefaultUploadTimeout,
		delta:             true,
		logStartup:        true,
		flushOnExit:       true,
		trace:             traceConfig{period: defaultTracePeriod, limitBytes: defaultTraceLimit},
		waitMaxGoroutines: defaultMaxWaitGoroutines,
		cEnabled:          true,
		watchMemory:       true,
		memory:            true,
		processContext:    true,
		cgoTraceback:      true,
		cInterval:         cprofilers.DefaultInterval,
		agentURL:          "http://localhost:8126" + agentPath,
	}
	c.setSite(defaultSite)
	if err := c.readEnvironment(); err != nil {
		return nil, err
	}
	for _, option := range options {
		if option != nil {
			option(c)
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.complete(); err != nil {
		return nil, err
	}
	return c, nil
}

// refuse records the first bad option for check.
func (c *config) refuse(format string, args ...any) {
	if c.fault == nil {
		c.fault = fmt.Errorf(format, args...)
	}
}

// runtimeCPURateHz is the rate of pprof.StartCPUProfile. Any other rate makes the runtime print a warning (Go 1.25 to 1.27).
const runtimeCPURateHz = 100

func (c *config) check() error {
	if c.fault != nil {
		return c.fault
	}
	if c.period <= 0 {
		return fmt.Errorf("invalid period, must be > 0: %s", c.period)
	}
	if c.cpuDuration < 0 || c.cpuRateHz < 0 {
		return fmt.Errorf("invalid CPU profile, duration %s and rate %d must not be negative", c.cpuDuration, c.cpuRateHz)
	}
	if c.cpuRateHz != 0 && c.cpuRateHz != runtimeCPURateHz {
		return fmt.Errorf("invalid CPU profile rate %d: runtime/pprof samples CPU time %d times a second, and if another rate is set it "+
			"writes a warning to standard error with each profile", c.cpuRateHz, runtimeCPURateHz)
	}
	if c.uploadTimeout <= 0 {
		return fmt.Errorf("invalid upload timeout, must be > 0: %s", c.uploadTimeout)
	}
	for t := range c.types {
		if _, ok := profileTypes[t]; !ok {
			return fmt.Errorf("unknown profile type: %d", t)
		}
	}
	if err := c.readOTLP(); err != nil {
		return err
	}
	if err := c.readPyroscope(); err != nil {
		return err
	}
	return c.checkTarget()
}

func (c *config) checkTarget() error {
	if c.agentless && !validAPIKey(c.apiKey) {
		return errors.New("uploading without an Agent needs an API key, 32 digits and lower-case letters: WithAPIKey or DD_API_KEY")
	}
	if strings.ContainsFunc(c.apiKey, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("invalid API key, it has characters that are not allowed in a header")
	}
	target, err := checkURL(c.targetURL())
	if err != nil {
		return fmt.Errorf("invalid address: %w", err)
	}
	if c.agentless {
		c.intakeURL = target
	} else {
		c.agentURL = target
	}
	return nil
}

// validAPIKey applies dd-trace-go's rule.
func validAPIKey(key string) bool {
	return len(key) == 32 && !strings.ContainsFunc(key, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// checkURL returns the URL in canonical form, or an error if it cannot be posted to. As in net/http, ":8126" means localhost.
func checkURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the URL, which may contain a password
		}
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not an http or https URL", redacted(u))
	}
	if u.Host == "" {
		return "", fmt.Errorf("%q has no host", redacted(u))
	}
	if port := u.Port(); port != "" {
		if err := checkPort(port); err != nil {
			return "", err
		}
	}
	if strings.HasPrefix(u.Host, ":") {
		u.Host = "localhost" + u.Host
	}
	return u.String(), nil
}

func checkPort(port string) error {
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

// complete derives the remaining fields of a checked configuration.
func (c *config) complete() error {
	c.cpuDuration = min(c.cpuDuration, c.period)
	if !c.cEnabled {
		c.cInterval = 0
	}
	if c.agentless && c.socketFromEnvironment {
		c.unixSocket, c.socketFromEnvironment = "", false // the socket is the Agent's
	}
	if c.leftOut[ReportHostname] {
		c.hostname = ""
	} else if c.hostname == "" {
		name, err := os.Hostname()
		if err != nil && c.agentless { // an Agent knows the host; the intake does not
			return fmt.Errorf("the host has no name: %w", err)
		}
		c.hostname = name
	}
	if c.spoolDirectory != "" { // the service may change its working directory later
		absolute, err := filepath.Abs(c.spoolDirectory)
		if err != nil {
			return fmt.Errorf("the spool: %w", err)
		}
		c.spoolDirectory = absolute
	}
	if c.controlFile != "" {
		absolute, err := filepath.Abs(c.controlFile)
		if err != nil {
			return fmt.Errorf("the control file: %w", err)
		}
		c.controlFile = absolute
	}
	if c.wait {
		c.types[waitProfile] = true
	}
	c.labelKeys = slices.DeleteFunc(slices.Clone(c.labelKeys), func(key string) bool { return !c.labels.passes(key) })
	c.labelKeys = c.labelKeys[:min(len(c.labelKeys), maxLabelKeys)]
	if c.leftOut[ReportSourcePaths] {
		c.pathPrefixes = findPathPrefixes()
	}
	c.leaveOutTrace()
	c.tags = immutable.NewStringSlice(c.withVersion(c.tags.Slice()))
	c.addLeakProfile()
	return nil
}

// addLeakProfile enables the leak profile if the environment asks for it, and in programs built with Go 1.26's experiment, as dd-trace-go v2. It
// disables it if the runtime lacks it.
func (c *config) addLeakProfile() {
	if c.leaks || buildSetting("GOEXPERIMENT", "goroutineleakprofile") {
		c.types[GoroutineLeakProfile] = true
	}
	if c.types[GoroutineLeakProfile] && pprof.Lookup(GoroutineLeakProfile.lookupName()) == nil {
		delete(c.types, GoroutineLeakProfile)
		say(slog.LevelWarn, "cmemprof: this Go runtime has no goroutine leak profile; Go 1.27 has one, and Go 1.26 with GOEXPERIMENT=goroutineleakprofile")
	}
}

// withVersion keeps one version tag, since backends compare uploads by version. WithVersion overrides WithTags.
func (c *config) withVersion(tags []string) []string {
	seen := c.version != ""
	tags = slices.DeleteFunc(tags, func(tag string) bool {
		is := strings.HasPrefix(strings.ToLower(tag), "version:")
		drop := is && seen
		seen = seen || is
		return drop
	})
	if c.version != "" {
		tags = append(tags, "version:"+c.version)
	}
	return tags
}

func (c *config) setSite(site string) {
	c.site, c.intakeURL, c.intakeFrom = site, "https://intake.profile."+site+intakePath, ""
}

func (c *config) deltaOf(t ProfileType) []string {
	if !c.delta {
		return nil
	}
	return t.lookup().deltaTypes
}

// attachmentName is "delta-heap.pprof" or "heap.pprof".
func (c *config) attachmentName(t ProfileType) string {
	if c.deltaOf(t) != nil {
		return "delta-" + t.Filename()
	}
	return t.Filename()
}

// settings is the configuration as reported in event.json, under the names of dd-trace-go v2.
func (c *config) settings() map[string]any {
	return map[string]any{
		"delta_profiles":                 c.delta,
		"agentless":                      c.agentless,
		"profile_period":                 c.period.String(),
		"cpu_duration":                   c.cpuDuration.String(),
		"cpu_profile_rate":               c.cpuRateHz,
		"block_profile_rate":             c.blockRateNs,
		"mutex_profile_fraction":         c.mutexFraction,
		"max_goroutines_wait":            c.waitMaxGoroutines,
		"cpu_profile_enabled":            c.types[CPUProfile],
		"heap_profile_enabled":           c.types[HeapProfile],
		"block_profile_enabled":          c.types[BlockProfile],
		"mutex_profile_enabled":          c.types[MutexProfile],
		"goroutine_profile_enabled":      c.types[GoroutineProfile],
		"goroutine_wait_profile_enabled": c.types[waitProfile],
		"goroutine_leak_profile_enabled": c.types[GoroutineLeakProfile],
		"upload_timeout":                 c.uploadTimeout.String(),
		"execution_trace_enabled":        c.trace.enabled,
		"execution_trace_period":         c.trace.period.String(),
		"execution_trace_size_limit":     c.trace.limitBytes,
		"endpoint_count_enabled":         c.countEndpoint,
		"num_custom_profiler_label_keys": len(c.labelKeys),
		"flush_on_exit":                  c.flushOnExit,
		"debug_compression_settings":     c.compression.String(),
		"cmemprof_enabled":               c.cInterval > 0 && c.types[HeapProfile],
		"cmemprof_sampling_rate":         c.cInterval,
		"cmemprof_labels":                strings.Join(c.reportedCLabels(), ","),
		"cmemprof_memory_enabled":        c.memory && c.cInterval > 0 && c.types[HeapProfile],
		"cmemprof_cgo_traceback_enabled": c.cgoTraceback && c.cInterval > 0 && c.types[HeapProfile] && c.types[CPUProfile],
		"custom_http_client":             c.httpClient != nil,
		"memory_watch_enabled":           c.watchMemory,
		"memory_threshold":               c.memoryThreshold,
		"cmemprof_process_memory_limit":  c.processLimit,
		"cmemprof_process_context":       c.processContext,
		"cmemprof_labels_filtered":       c.labels.on(),
		"cmemprof_left_out":              c.leftOutNames(),
	}
}

// logMistakes warns of settings that are accepted but unlikely to be intended, even if WithLogStartup is off.
func (c *config) logMistakes() {
	for _, name := range unknownVariables() {
		say(slog.LevelWarn, "cmemprof: "+name+" is not a variable of the profiler; it has "+ownVariables())
	}
	if c.otlp != nil {
		for _, warning := range c.otlp.warnings {
			say(slog.LevelWarn, "cmemprof: "+warning)
		}
		return
	}
	if c.otlpByVariable {
		say(slog.LevelWarn, "cmemprof: "+exporterVariable+"=otlp has no effect: "+c.targetOption+" says that profiles go to "+c.address())
	}
	u, err := url.Parse(c.agentURL)
	own := c.pyroscope != nil || c.agentless || c.unixSocket != "" || c.httpClient != nil // another address, or a transport that may reinterpret this one
	if err == nil && !own && u.Scheme == "http" && u.Port() == "" {
		say(slog.LevelWarn, "cmemprof: the Agent's address "+redacted(u)+" has no port, so batches go to port 80; an Agent listens on 8126")
	}
}

// logOff logs why no profiler runs.
func (c *config) logOff() {
	if c.logStartup {
		cause := c.offBy
		if cause == "" {
			cause = enabledVariable + "=false"
		}
		say(slog.LevelInfo, "cmemprof: "+cause+": no profiler runs")
	}
}

// logStart logs the configuration, without the API key.
func (c *config) logStart() {
	attributes := []any{"version", version, "service", c.service, "env", c.env, "address", c.address(), "hostname", c.hostname,
		"tags", c.tags.Slice(), "go", runtime.Version(), "output_dir", c.outputDir, "spool", c.spoolDirectory}
	if c.watchMemory && c.spoolDirectory == "" {
		attributes = append(attributes, "last_words", "without a spool a batch taken when memory is short may be lost with the process")
	}
	settings := c.settings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		attributes = append(attributes, name, settings[name])
	}
	say(slog.LevelInfo, "cmemprof: profiler started", attributes...)
	if c.otlp != nil {
		if c.targetOption == "" {
			say(slog.LevelInfo, "cmemprof: "+exporterVariable+"=otlp: profiles go to "+c.address()+", not to Datadog's Agent or intake")
		}
	}
	if c.goesElsewhere() {
		return
	}
	if c.keyOption != "" && !c.agentless && c.leftOut[ReportAPIKey] {
		say(slog.LevelInfo, "cmemprof: "+c.keyOption+" sets an API key, which is not sent, since batches go to an Agent and DD_PROFILING_REPORT_API_KEY is false")
	} else if c.keyOption != "" && !c.agentless {
		say(slog.LevelWarn, "cmemprof: "+c.keyOption+" sets an API key, which is sent to the Agent at "+c.address()+c.inTheClear()+
			", as dd-trace-go does. An Agent has a key of its own and needs none: DD_PROFILING_REPORT_API_KEY=false keeps it back, WithAgentlessUpload sends without an Agent")
	}
	if c.intakeFrom != "" && !c.agentless {
		say(slog.LevelWarn, "cmemprof: the URL of "+c.intakeFrom+" is for uploads without an Agent only, see WithAgentlessUpload; batches go to "+c.address())
	}
}
