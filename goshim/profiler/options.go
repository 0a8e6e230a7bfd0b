package profiler

import (
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

const uploadPath = "/profiling/v1/input"

// config is everything that can be set: first the defaults, then the environment, then the options, each over the one before.
type config struct {
	enabled       bool
	service, env  string
	version       string // "" sends no version tag
	hostname      string // "" asks the system
	tags          []string
	types         map[ProfileType]bool
	period        time.Duration
	cpuDuration   time.Duration
	cpuRateHz     int // 0: the runtime's default
	mutexFraction int
	blockRateNs   int
	uploadTimeout time.Duration
	delta         bool
	logStartup    bool
	cInterval     int64 // bytes between samples of C allocations, 0: off

	agentURL              string // http://host:port/profiling/v1/input
	uploadURL             string // WithURL, in place of agentURL
	unixSocket            string
	socketFromEnvironment bool // an address given by an option beats it
}

// targetURL is where batches go.
func (c *config) targetURL() string {
	if c.uploadURL != "" {
		return c.uploadURL
	}
	return c.agentURL
}

// An Option sets one thing of the profiler, over the default and over the environment.
type Option func(*config)

// WithService sets the name of the service. Default: DD_SERVICE, else the name of the executable.
func WithService(name string) Option {
	return func(c *config) { c.service = name }
}

// WithEnv sets the environment the service runs in. Default: DD_ENV, else "none".
func WithEnv(env string) Option {
	return func(c *config) { c.env = env }
}

// WithVersion sets the version of the service. Default: DD_VERSION, else no version is sent.
func WithVersion(version string) Option {
	return func(c *config) { c.version = version }
}

// WithTags adds tags, each "key:value", to those of DD_TAGS and of earlier options.
func WithTags(tags ...string) Option {
	return func(c *config) { c.tags = append(c.tags, tags...) }
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

// CPUProfileRate sets how often CPU time is sampled, in Hz. Default: the runtime's, 100. With another rate the Go runtime prints "cannot set
// cpu profile rate until previous profile has finished" to standard error each period; the rate is set all the same.
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

// WithAgentAddr sets host and port of the Agent. Default: DD_TRACE_AGENT_URL, else DD_AGENT_HOST and DD_TRACE_AGENT_PORT, else
// localhost:8126.
func WithAgentAddr(hostport string) Option {
	return func(c *config) {
		c.agentURL = "http://" + hostport + uploadPath
		c.dropEnvironmentSocket()
	}
}

// WithUDS sends through the Unix socket at this path.
func WithUDS(socketPath string) Option {
	return func(c *config) {
		c.unixSocket, c.socketFromEnvironment = socketPath, false
	}
}

// WithURL sets the whole URL that batches are posted to, in place of the Agent's.
func WithURL(url string) Option {
	return func(c *config) {
		c.uploadURL = url
		c.dropEnvironmentSocket()
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

// WithLogStartup chooses whether Start logs the configuration, and Stop what was sent. Default: true.
func WithLogStartup(enabled bool) Option {
	return func(c *config) { c.logStartup = enabled }
}
