package profiler

import "time"

// StatsdClient gets figures about the profiler itself, under the names that dd-trace-go uses: datadog.profiling.go.collect_time and delta_time,
// collect_error, upload_success, upload_error, upload_retry, uploaded_profile_bytes, queue_full. Its methods may be called from several
// goroutines at a time. A panic in them is contained, errors are ignored.
type StatsdClient interface {
	// Count counts how many times an event happened.
	Count(event string, times int64, tags []string, rate float64) error
	// Timing records how long something took.
	Timing(event string, duration time.Duration, tags []string, rate float64) error
}

const statsdPrefix = "datadog.profiling.go."

func (c *config) count(event string, times int64, tags ...string) {
	if c.statsd != nil {
		_ = contained(func() error { return c.statsd.Count(statsdPrefix+event, times, tags, 1) })
	}
}

// timing has the tags of the service and the profile's type.
func (c *config) timing(event string, d time.Duration, t ProfileType) {
	if c.statsd != nil {
		_ = contained(func() error { return c.statsd.Timing(statsdPrefix+event, d, c.typeTags(t), 1) })
	}
}

func (c *config) typeTags(t ProfileType) []string {
	return c.tags.Append(t.Tag()).Slice()
}
