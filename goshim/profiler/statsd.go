package profiler

import "time"

// StatsdClient receives metrics of the profiler itself, under the names that dd-trace-go uses: datadog.profiling.go.collect_time and delta_time,
// collect_error, upload_success, upload_error, upload_retry, uploaded_profile_bytes, queue_full. Its methods must be safe for concurrent use.
// Panics in them are contained, errors are ignored.
type StatsdClient interface {
	// Count adds times occurrences of an event.
	Count(event string, times int64, tags []string, rate float64) error
	// Timing records a duration.
	Timing(event string, duration time.Duration, tags []string, rate float64) error
}

const statsdPrefix = "datadog.profiling.go."

func (c *config) count(event string, times int64, tags ...string) {
	if c.statsd != nil {
		_ = contained(func() error { return c.statsd.Count(statsdPrefix+event, times, tags, 1) })
	}
}

// timing adds the tags of the service and of the profile type.
func (c *config) timing(event string, d time.Duration, t ProfileType) {
	if c.statsd != nil {
		_ = contained(func() error { return c.statsd.Timing(statsdPrefix+event, d, c.typeTags(t), 1) })
	}
}

func (c *config) typeTags(t ProfileType) []string {
	return c.tags.Append(t.Tag()).Slice()
}
