package profiler

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// WithMemoryThreshold takes a batch out of turn also when the process's resident memory reaches bytes. Near the limit of the cgroup or the end of the
// machine's memory one is taken in any case; 0 takes none at all. Default: DD_PROFILING_MEMORY_THRESHOLD, else no threshold.
func WithMemoryThreshold(bytes uint64) Option {
	return func(c *config) { c.memoryThreshold, c.watchMemory = bytes, bytes != 0 }
}

// WithProcessMemoryLimit makes Go's memory limit (GOMEMLIMIT) the limit of the whole process: while the profiler runs, what C and others hold is
// taken off Go's share, so that Go's collector makes room before the kernel kills. Without GOMEMLIMIT the limit is nine tenths of the cgroup's.
// Stop gives Go its own limit back. Default: DD_PROFILING_CMEMPROF_PROCESS_MEMORY_LIMIT, else off.
func WithProcessMemoryLimit(enabled bool) Option {
	return func(c *config) { c.processLimit = enabled }
}

// WithProcessContext says whether profilers outside of the process, such as OpenTelemetry's for eBPF, are told which service it is: service, env,
// version, host and runtime id, in a mapping of one page that who may read the memory of the process can read (OTEP 4719). If something else in the
// process has told them, nothing is done. Default: DD_PROFILING_CMEMPROF_PROCESS_CONTEXT, else on.
func WithProcessContext(enabled bool) Option {
	return func(c *config) { c.processContext = enabled }
}

// WithCMemoryLabels says which labels of goroutines (runtime/pprof) are on samples of C memory, as on CPU samples. Without it, these are all but labels
// that name single requests: the keys span id, local root span id, trace id and their like, and any key from when it has had more than some 1,000
// values. The keys named here are kept whatever their values, and one after a minus ("-user") is left out. "all" keeps every key, "off" none but
// for those that are named besides. Default: DD_PROFILING_CMEMPROF_LABELS, separated by commas.
func WithCMemoryLabels(keys ...string) Option {
	return func(c *config) {
		if err := c.setCLabels(keys); err != nil {
			c.refuse("invalid labels of C memory: %v", err)
		}
	}
}

// WithControlFile names a file that controls the running profiler; docs/profiler.md says what it may contain. It need not exist. Default:
// DD_PROFILING_CONTROL_FILE, else none.
func WithControlFile(path string) Option {
	return func(c *config) {
		if path == "" {
			c.refuse("invalid control file: WithControlFile got no path")
		}
		c.controlFile = path
	}
}

// WithControlSignal takes a batch when the process gets the signal. It is caught from then on, also after Stop. Default:
// DD_PROFILING_CONTROL_SIGNAL, else no signal is caught.
func WithControlSignal(signal os.Signal) Option {
	return func(c *config) {
		if !isForControl(signal) {
			c.refuse("invalid control signal %v: SIGUSR1, SIGUSR2, SIGHUP and real-time signals may be used", signal)
		}
		c.controlSignal = signal
	}
}

// As Linux numbers them on amd64 and arm64. Other systems do not know all of them.
const (
	sigHUP, sigUSR1, sigUSR2      = syscall.Signal(1), syscall.Signal(10), syscall.Signal(12)
	firstRealTime, lastOfRealTime = syscall.Signal(35), syscall.Signal(64) // libc uses those below
)

// isForControl reports whether a signal has no other use: SIGURG is the Go runtime's, SIGPROF the CPU profile's.
func isForControl(signal os.Signal) bool {
	s, ok := signal.(syscall.Signal)
	return ok && (s == sigHUP || s == sigUSR1 || s == sigUSR2 || s >= firstRealTime && s <= lastOfRealTime)
}

func setMemoryThreshold(c *config, value string) error {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number of bytes", value)
	}
	WithMemoryThreshold(n)(c)
	return nil
}

var signalNames = map[string]syscall.Signal{"USR1": sigUSR1, "USR2": sigUSR2, "HUP": sigHUP}

// setControlSignal accepts USR2, SIGUSR2 and 12.
func setControlSignal(c *config, value string) error {
	signal, ok := signalNames[strings.TrimPrefix(value, "SIG")]
	if n, err := strconv.Atoi(value); err == nil {
		signal, ok = syscall.Signal(n), true
	}
	if !ok || !isForControl(signal) {
		return fmt.Errorf("%q is not USR1, USR2, HUP or the number of a real-time signal", value)
	}
	c.controlSignal = signal
	return nil
}
