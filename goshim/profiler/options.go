package profiler

import (
	"net/http"
	"strings"
	"time"
)

const (
	// DefaultMutexFraction is the fraction of the mutex profile: 1 in 10 contention events is sampled.
	DefaultMutexFraction = 10
	// DefaultBlockRate is the rate of the block profile in nanoseconds, 100 ms. A wait of d is sampled with probability min(d/rate, 1).
	// A lower rate can be expensive in a program that blocks often.
	DefaultBlockRate = 100000000
	// DefaultPeriod is how often profiles are collected and sent.
	DefaultPeriod = time.Minute
	// DefaultDuration is the length of the CPU profile in each period.
	DefaultDuration = time.Minute
	// DefaultUploadTimeout is the time-out of one attempt to send a batch.
	DefaultUploadTimeout = 10 * time.Second
)

// An Option configures the profiler. It overrides the default and the environment.
type Option func(*config)

// WithService sets the name of the service. Default, also if name is "": DD_SERVICE, else the name of the executable.
func WithService(name string) Option {
	return func(c *config) {
		if name != "" {
			c.setService(name)
		}
	}
}

func (c *config) setService(name string) { c.service, c.chosen.service = name, true }
func (c *config) setEnv(env string)      { c.env, c.chosen.env = env, true }

// WithEnv sets the environment the service runs in. "" sends no env tag; the Agent may then add its own. Default: DD_ENV, else "none".
func WithEnv(env string) Option {
	return func(c *config) { c.setEnv(env) }
}

// WithVersion sets the version of the service. It replaces any tag "version:...". Default: DD_VERSION, else no version is sent.
func WithVersion(version string) Option {
	return func(c *config) { c.version = version }
}

// WithTags adds tags, each "key:value", to those of DD_TAGS and of earlier options.
func WithTags(tags ...string) Option {
	return func(c *config) { c.tags = c.tags.Append(tags...) }
}

// WithHostname sets the host tag. Default: os.Hostname.
func WithHostname(hostname string) Option {
	return func(c *config) { c.hostname = hostname }
}

// WithPeriod sets how often profiles are collected and sent. It must be greater than 0.
func WithPeriod(d time.Duration) Option {
	return func(c *config) { c.period = d }
}

// WithProfileTypes sets which profiles are taken; MetricsProfile is always among them. Default: MetricsProfile, CPUProfile, HeapProfile.
func WithProfileTypes(types ...ProfileType) Option {
	return func(c *config) {
		c.types = map[ProfileType]bool{MetricsProfile: true}
		for _, t := range types {
			c.types[t] = true
		}
	}
}

// WithDeltaProfiles selects between values of the period (true) and totals since process start (false), for heap
// allocations and for mutex and block profiles. Default: DD_PROFILING_DELTA, else true.
func WithDeltaProfiles(enabled bool) Option {
	return func(c *config) { c.delta = enabled }
}

// CPUDuration sets the length of the CPU profile, at most the whole period. It runs at the end of the period, so that it includes the cost of
// collecting the other profiles.
func CPUDuration(d time.Duration) Option {
	return func(c *config) { c.cpuDuration = d }
}

// CPUProfileRate sets the CPU sampling rate in Hz. It must be 100, the rate of runtime/pprof. Start refuses any other, since the Go runtime
// would print "cannot set cpu profile rate until previous profile has finished" to standard error each period.
func CPUProfileRate(hz int) Option {
	return func(c *config) { c.cpuRateHz = hz }
}

// WithCgoTraceback selects whether the CPU profile shows C functions. That takes runtime.SetCgoTraceback, which can be called once: a program
// that calls it itself does so before Start, which then leaves it alone, or sets false here. It has an effect only while C allocations are
// profiled. Default: DD_PROFILING_CGO_TRACEBACK, else true.
func WithCgoTraceback(enabled bool) Option {
	return func(c *config) { c.cgoTraceback = enabled }
}

// MutexProfileFraction enables the mutex profile and calls runtime.SetMutexProfileFraction. Stop does not reset the fraction.
func MutexProfileFraction(rate int) Option {
	return func(c *config) {
		c.types[MutexProfile] = true
		c.mutexFraction = rate
	}
}

// BlockProfileRate enables the block profile and calls runtime.SetBlockProfileRate. Stop does not reset the rate.
func BlockProfileRate(rate int) Option {
	return func(c *config) {
		c.types[BlockProfile] = true
		c.blockRateNs = rate
	}
}

// WithAgentAddr sets host and port of the Agent, such as "host:8126". A URL is an error; for a URL set DD_TRACE_AGENT_URL. Default:
// DD_TRACE_AGENT_URL, else DD_AGENT_HOST and DD_TRACE_AGENT_PORT, else the socket /var/run/datadog/apm.socket if it is there, else localhost:8126.
func WithAgentAddr(hostport string) Option {
	return func(c *config) {
		if strings.ContainsAny(hostport, "/@?#") { // not quoted: it may contain a password
			c.refuse("invalid address: WithAgentAddr takes HOST:PORT, not a URL or path; DD_TRACE_AGENT_URL takes a URL")
		}
		c.agentURL = "http://" + hostport + agentPath
		c.dropEnvironmentSocket()
		c.chooseTarget("WithAgentAddr")
	}
}

// WithUDS sends through the Unix socket at this path. Of WithUDS and WithHTTPClient the later one applies.
func WithUDS(socketPath string) Option {
	return func(c *config) {
		if socketPath == "" {
			c.refuse("invalid address: WithUDS got no path")
		}
		c.unixSocket, c.socketFromEnvironment, c.httpClient = socketPath, false, nil
		c.chooseTarget("WithUDS")
	}
}

// WithHTTPClient sends with this client, for instance to use a custom transport. Default: a client of the profiler's own, whose transport no other code changes.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) {
		if client == nil {
			c.refuse("invalid HTTP client: WithHTTPClient got nil")
		}
		c.httpClient, c.unixSocket, c.socketFromEnvironment = client, "", false
	}
}

// WithAPIKey sets the key for uploads without an Agent; it does not enable them. Default: DD_PROFILING_API_KEY, else the contents of the file
// DD_PROFILING_API_KEY_FILE, else DD_API_KEY.
func WithAPIKey(key string) Option {
	return func(c *config) { c.setAPIKey(key, "WithAPIKey") }
}

// WithAgentlessUpload sends directly to the intake of the site, without an Agent. It needs an API key. Default: DD_PROFILING_AGENTLESS, else off.
func WithAgentlessUpload() Option {
	return func(c *config) {
		c.agentless = true
		c.chooseTarget("WithAgentlessUpload")
	}
}

// WithSite sets the Datadog site for uploads without an Agent, such as "datadoghq.eu". Of WithSite and WithURL the later one applies. Default:
// DD_SITE, else datadoghq.com.
func WithSite(site string) Option {
	return func(c *config) {
		if site == "" {
			c.refuse("invalid site: WithSite got no name")
		}
		c.setSite(site)
	}
}

// WithURL sets the full URL for uploads without an Agent, instead of the site's. It has no effect with an Agent.
func WithURL(url string) Option {
	return func(c *config) {
		c.intakeURL, c.intakeFrom = url, "WithURL"
		c.chooseTarget("WithURL")
	}
}

func (c *config) setAPIKey(key, from string) {
	c.apiKey, c.keyOption = key, from
	if key == "" {
		c.keyOption = ""
	}
}

func (c *config) dropEnvironmentSocket() {
	if c.socketFromEnvironment {
		c.unixSocket, c.socketFromEnvironment = "", false
	}
}

// WithUploadTimeout sets the time-out of one attempt to send a batch. It must be greater than 0. Default: DD_PROFILING_UPLOAD_TIMEOUT, else
// DefaultUploadTimeout.
func WithUploadTimeout(d time.Duration) Option {
	return func(c *config) { c.uploadTimeout, c.chosen.timeout = d, true }
}

// WithStatsd sends metrics of the profiler itself to client.
func WithStatsd(client StatsdClient) Option {
	return func(c *config) {
		if client == nil {
			c.refuse("invalid statsd client: WithStatsd got nil")
		}
		c.statsd = client
	}
}

// WithCustomProfilerLabelKeys sets pprof label keys to filter by in the web page. Only the first ten are used.
func WithCustomProfilerLabelKeys(keys ...string) Option {
	return func(c *config) { c.labelKeys = append(c.labelKeys, keys...) }
}

// WithLogStartup sets whether Start logs the configuration and Stop the counters. Default: DD_TRACE_STARTUP_LOGS, else true.
func WithLogStartup(enabled bool) Option {
	return func(c *config) { c.logStartup = enabled }
}
