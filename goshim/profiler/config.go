package profiler

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// newConfig gives the configuration for the options, checked, or the first thing that is wrong with it.
func newConfig(options []Option) (*config, error) {
	c := &config{
		enabled:       true,
		service:       filepath.Base(os.Args[0]),
		env:           "none",
		types:         map[ProfileType]bool{MetricsProfile: true, CPUProfile: true, HeapProfile: true},
		period:        DefaultPeriod,
		cpuDuration:   DefaultDuration,
		mutexFraction: DefaultMutexFraction,
		blockRateNs:   DefaultBlockRate,
		uploadTimeout: DefaultUploadTimeout,
		delta:         true,
		logStartup:    true,
		cInterval:     cmemprof.DefaultInterval,
	}
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
	c.cpuDuration = min(c.cpuDuration, c.period)
	if c.hostname == "" {
		c.hostname, _ = os.Hostname() // without a name no host tag is sent
	}
	return c, nil
}

// check also completes the address.
func (c *config) check() error {
	if c.period <= 0 {
		return fmt.Errorf("invalid period, must be > 0: %s", c.period)
	}
	if c.cpuDuration < 0 || c.cpuRateHz < 0 {
		return fmt.Errorf("invalid CPU profile, duration %s and rate %d must not be negative", c.cpuDuration, c.cpuRateHz)
	}
	if c.uploadTimeout <= 0 {
		return fmt.Errorf("invalid upload timeout, must be > 0: %s", c.uploadTimeout)
	}
	for t := range c.types {
		if _, ok := profileTypes[t]; !ok {
			return fmt.Errorf("unknown profile type: %d", t)
		}
	}
	if target, err := checkURL(c.targetURL()); err != nil {
		return fmt.Errorf("invalid address: %w", err)
	} else if c.uploadURL != "" {
		c.uploadURL = target
	} else {
		c.agentURL = target
	}
	return nil
}

// checkURL refuses what cannot be posted to. As in net/http an address without a host, ":8126", is this machine.
func checkURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the URL, it may hold a password
		}
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not an http or https URL", u.Redacted())
	}
	if u.Host == "" {
		return "", fmt.Errorf("%q has no host", u.Redacted())
	}
	if strings.HasPrefix(u.Host, ":") {
		u.Host = "localhost" + u.Host
	}
	return u.String(), nil
}

// address is what a log may say about where batches go.
func (c *config) address() string {
	if c.unixSocket != "" {
		return "unix://" + c.unixSocket
	}
	u, err := url.Parse(c.targetURL())
	if err != nil {
		return ""
	}
	return u.Redacted()
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

func (c *config) logStart() {
	var types []string
	for _, t := range profileOrder {
		if c.types[t] {
			types = append(types, t.String())
		}
	}
	slog.Info("cmemprof: profiler started",
		"version", version, "service", c.service, "env", c.env, "address", c.address(), "profiles", types,
		"period", c.period, "cpu_duration", c.cpuDuration, "delta_profiles", c.delta, "upload_timeout", c.uploadTimeout,
		"c_sampling_bytes", c.cInterval, "hostname", c.hostname, "tags", c.tags)
}
