package profiler

import (
	"net/http"
	"strings"
	"time"
)

const (
	// DefaultMutexFraction: one of so many contended locks is sampled when the mutex profile is on.
	DefaultMutexFraction = 10
	// DefaultBlockRate is the rate of the block profile in nanoseconds, 100 ms: a wait of d is sampled with a chance of min(d/rate, 1).
	// A lower rate can cost much in a program that waits often.
	DefaultBlockRate = 100000000
	// DefaultPeriod is how often profiles are collected and sent.
	DefaultPeriod = time.Minute
	// DefaultDuration is how long of each period the CPU profile runs.
	DefaultDuration = time.Minute
	// DefaultUploadTimeout is how long one try to send a batch may take.
	DefaultUploadTimeout = 10 * time.Second
)

// An Option sets one thing of the profiler, over the default and over the environment.
type Option func(*config)

// WithService sets the name of the service. Default, also for "": DD_SERVICE, else the name of the executable.
func WithService(name string) Option {
	return func(c *config) {
		if name != "" {
			c.service = name
		}
	}
}

// WithEnv sets the environment the service runs in; "" sends no env tag, so that the Agent may add its own. Default: DD_ENV, else "none".
func WithEnv(env string) Option {
	return func(c *config) { c.env = env }
}

// WithVersion sets the version of the service, in place of any tag "version:...". Default: DD_VERSION, else no version is sent.
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

// WithDeltaProfiles chooses between what happened in the period (true) and totals since the start of the process (false), for the heap's
// allocations and for mutex and block profiles. Default: DD_PROFILING_DELTA, else true.
func WithDeltaProfiles(enabled bool) Option {
	return func(c *config) { c.delta = enabled }
}

// CPUDuration sets how long the CPU profile runs. It runs at the end of the period, so that it also sees the cost of collecting, and at most
// for the whole of it.
func CPUDuration(d time.Duration) Option {
	return func(c *config) { c.cpuDuration = d }
}

// CPUProfileRate is how often CPU time is sampled, in Hz. It is 100, as runtime/pprof wants it, and Start refuses any other: the Go runtime
// would print "cannot set cpu profile rate until previous profile has finished" to standard error each period.
func CPUProfileRate(hz int) Option {
	return func(c *config) { c.cpuRateHz = hz }
}

// MutexProfileFraction turns the mutex profile on and sets runtime.SetMutexProfileFraction, which stays set after Stop.
func MutexProfileFraction(rate int) Option {
	return func(c *config) {
		c.types[MutexProfile] = true
		c.mutexFraction = rate
	}
}

// BlockProfileRate turns the block profile on and sets runtime.SetBlockProfileRate, which stays set after Stop.
func BlockProfileRate(rate int) Option {
	return func(c *config) {
		c.types[BlockProfile] = true
		c.blockRateNs = rate
	}
}

// WithAgentAddr sets host and port of the Agent, "host:8126"; a URL is an error, DD_TRACE_AGENT_URL takes one. Default: DD_TRACE_AGENT_URL, else
// DD_AGENT_HOST and DD_TRACE_AGENT_PORT, else localhost:8126.
func WithAgentAddr(hostport string) Option {
	return func(c *config) {
		if strings.ContainsAny(hostport, "/@?#") { // not repeated: it may hold a password
			c.refuse("invalid address: WithAgentAddr takes HOST:PORT, not a URL or path; DD_TRACE_AGENT_URL takes a URL")
		}
		c.agentURL = "http://" + hostport + agentPath
		c.dropEnvironmentSocket()
	}
}

// WithUDS sends through the Unix socket at this path. It and WithHTTPClient take each other's place.
func WithUDS(socketPath string) Option {
	return func(c *config) {
		if socketPath == "" {
			c.refuse("invalid address: WithUDS got no path")
		}
		c.unixSocket, c.socketFromEnvironment, c.httpClient = socketPath, false, nil
	}
}

// WithHTTPClient sends with this client, for whatever needs a transport of its own. Default: libcurl.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) {
		if client == nil {
			c.refuse("invalid HTTP client: WithHTTPClient got nil")
		}
		c.httpClient, c.unixSocket, c.socketFromEnvironment = client, "", false
	}
}

// WithAPIKey sets the key for uploads without an Agent; it does not turn them on. Default: DD_PROFILING_API_KEY, else the file that
// DD_PROFILING_API_KEY_FILE names, else DD_API_KEY.
func WithAPIKey(key string) Option {
	return func(c *config) { c.setAPIKey(key, "WithAPIKey") }
}

// WithAgentlessUpload sends straight to the intake of the site, without an Agent. It needs an API key. DD_PROFILING_AGENTLESS does the same.
func WithAgentlessUpload() Option {
	return func(c *config) { c.agentless = true }
}

// WithSite sets the Datadog site for uploads without an Agent, as "datadoghq.eu". It and WithURL take each other's place. Default: DD_SITE,
// else datadoghq.com.
func WithSite(site string) Option {
	return func(c *config) {
		if site == "" {
			c.refuse("invalid site: WithSite got no name")
		}
		c.setSite(site)
	}
}

// WithURL sets the whole URL for uploads without an Agent, in place of the site's. Batches for an Agent do not go there.
func WithURL(url string) Option {
	return func(c *config) { c.intakeURL, c.intakeFrom = url, "WithURL" }
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

// WithUploadTimeout sets how long one try to send a batch may take. It must be greater than 0. Default: DD_PROFILING_UPLOAD_TIMEOUT, else
// DefaultUploadTimeout.
func WithUploadTimeout(d time.Duration) Option {
	return func(c *config) { c.uploadTimeout = d }
}

// WithStatsd sends figures about the profiler itself to client.
func WithStatsd(client StatsdClient) Option {
	return func(c *config) {
		if client == nil {
			c.refuse("invalid statsd client: WithStatsd got nil")
		}
		c.statsd = client
	}
}

// WithCustomProfilerLabelKeys names keys of pprof labels by which the web page shall be able to filter. More than ten are cut off.
func WithCustomProfilerLabelKeys(keys ...string) Option {
	return func(c *config) { c.labelKeys = append(c.labelKeys, keys...) }
}

// WithLogStartup chooses whether Start logs the configuration, and Stop what was sent. Default: DD_TRACE_STARTUP_LOGS, else true.
func WithLogStartup(enabled bool) Option {
	return func(c *config) { c.logStartup = enabled }
}
