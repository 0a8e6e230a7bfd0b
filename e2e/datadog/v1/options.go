package main

import (
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/profiler"
)

// add adds programs with the common options and further ones.
func add(name string, more ...profiler.Option) {
	programs[name] = func(common []profiler.Option) []profiler.Option { return append(common, more...) }
}

func init() {
	add("defaults")
	add("BlockProfileRate", profiler.BlockProfileRate(1))
	add("BlockProfileRate-high", profiler.BlockProfileRate(int(time.Hour)))
	add("CPUDuration", profiler.CPUDuration(500*time.Millisecond))
	add("CPUDuration-longer-than-period", profiler.CPUDuration(time.Hour))
	add("CPUProfileRate", profiler.CPUProfileRate(100))
	add("CPUProfileRate-other", profiler.CPUProfileRate(250))
	add("MutexProfileFraction", profiler.MutexProfileFraction(1))
	add("WithDeltaProfiles-true", profiler.WithDeltaProfiles(true))
	add("WithDeltaProfiles-false", profiler.WithDeltaProfiles(false), profiler.MutexProfileFraction(1), profiler.BlockProfileRate(1))
	add("WithEnv", profiler.WithEnv("staging"))
	add("WithEnv-empty", profiler.WithEnv(""))
	add("WithHostname", profiler.WithHostname("box"))
	add("WithLogStartup-true", profiler.WithLogStartup(true))
	add("WithService", profiler.WithService("orders"))
	add("WithService-empty", profiler.WithService(""))
	add("WithTags", profiler.WithTags("team:core", "a:b"), profiler.WithTags("team:other", "bare", ""))
	add("WithUploadTimeout", profiler.WithUploadTimeout(time.Minute))
	add("WithUploadTimeout-zero", profiler.WithUploadTimeout(0))
	add("WithUploadTimeout-negative", profiler.WithUploadTimeout(-time.Second))
	add("WithVersion", profiler.WithVersion("1.2.3"))
	add("WithURL-without-agentless", profiler.WithURL("http://127.0.0.1:1/nowhere"))
	add("WithSite-without-agentless", profiler.WithSite("datadoghq.eu"))
	add("WithStatsd", profiler.WithStatsd(&statsd))
	add("WithHTTPClient", profiler.WithHTTPClient(&http.Client{Transport: counting{}}))
	add("everything-last-wins", profiler.WithEnv("one"), profiler.WithEnv("two"), profiler.WithService("one"), profiler.WithService("two"))

	add("WithProfileTypes-none", profiler.WithProfileTypes())
	add("WithProfileTypes-heap", profiler.WithProfileTypes(profiler.HeapProfile))
	add("WithProfileTypes-cpu", profiler.WithProfileTypes(profiler.CPUProfile))
	add("WithProfileTypes-block", profiler.WithProfileTypes(profiler.BlockProfile))
	add("WithProfileTypes-mutex", profiler.WithProfileTypes(profiler.MutexProfile))
	add("WithProfileTypes-goroutine", profiler.WithProfileTypes(profiler.GoroutineProfile))
	add("WithProfileTypes-metrics", profiler.WithProfileTypes(profiler.MetricsProfile))
	add("WithProfileTypes-all", allTypes())
	add("WithProfileTypes-all-rates", profiler.MutexProfileFraction(1), profiler.BlockProfileRate(1), allTypes())
	add("WithProfileTypes-unknown", profiler.WithProfileTypes(profiler.ProfileType(99)))
	programs["ProfileType-methods"] = func(common []profiler.Option) []profiler.Option {
		for _, t := range []profiler.ProfileType{
			profiler.HeapProfile, profiler.CPUProfile, profiler.BlockProfile, profiler.MutexProfile, profiler.GoroutineProfile,
			profiler.MetricsProfile, profiler.ProfileType(99),
		} {
			result.Notes = append(result.Notes, t.String(), t.Filename(), t.Tag())
		}
		return common
	}
	programs["constants"] = func(common []profiler.Option) []profiler.Option {
		for _, d := range []time.Duration{
			profiler.DefaultPeriod, profiler.DefaultDuration, profiler.DefaultUploadTimeout, profiler.DefaultMutexFraction,
			profiler.DefaultBlockRate,
		} {
			result.Notes = append(result.Notes, d.String())
		}
		return common
	}
	programs["values"] = func(common []profiler.Option) []profiler.Option {
		retainSmall()
		runtime.GC()
		runtime.GC()
		work = calculate
		return append(common, profiler.MutexProfileFraction(1), profiler.BlockProfileRate(1), allTypes())
	}
	// No options: only the environment.
	programs["no-address"] = func(common []profiler.Option) []profiler.Option {
		return common[:2]
	}
	programs["WithAgentAddr"] = func(common []profiler.Option) []profiler.Option {
		return append(slices.Clone(common[:2]), profiler.WithAgentAddr(os.Getenv("AGENT_ADDRESS")))
	}
	programs["startup-log-by-environment"] = func(common []profiler.Option) []profiler.Option {
		return []profiler.Option{common[0], common[2]}
	}
	programs["WithPeriod"] = func(common []profiler.Option) []profiler.Option {
		return append([]profiler.Option{profiler.WithPeriod(time.Hour)}, common...)
	}
	// A second Start replaces the first; a failed one leaves nothing behind.
	programs["Start-twice"] = func(common []profiler.Option) []profiler.Option {
		if err := profiler.Start(append(slices.Clone(common), profiler.WithService("first"), profiler.WithPeriod(time.Hour))...); err != nil {
			result.Notes = append(result.Notes, "the first Start failed")
		}
		return append(common, profiler.WithService("second"))
	}
	programs["Stop-and-Start"] = func(common []profiler.Option) []profiler.Option {
		profiler.Stop()
		if err := profiler.Start(append(slices.Clone(common), profiler.WithUploadTimeout(0))...); err == nil {
			result.Notes = append(result.Notes, "Start took a bad option")
		}
		profiler.Stop()
		profiler.Stop()
		return common
	}
}

func allTypes() profiler.Option {
	return profiler.WithProfileTypes(profiler.HeapProfile, profiler.CPUProfile, profiler.BlockProfile, profiler.MutexProfile,
		profiler.GoroutineProfile, profiler.MetricsProfile)
}

// statsd records the names of metrics.
var statsd names

type names struct {
	mu    sync.Mutex
	names []string
}

func (n *names) add(kind, event string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if line := kind + " " + event; !slices.Contains(n.names, line) {
		n.names = append(n.names, line)
		slices.Sort(n.names)
	}
}

func (n *names) Count(event string, _ int64, _ []string, _ float64) error {
	n.add("count", event)
	return nil
}

func (n *names) Timing(event string, _ time.Duration, _ []string, _ float64) error {
	n.add("timing", event)
	return nil
}

// counting is an HTTP client of the program, with a header of its own.
type counting struct{}

func (counting) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-From-Client", "the program's")
	return http.DefaultTransport.RoundTrip(r)
}
