package profiler

import "time"

const (
	defaultTracePeriod = 15 * time.Minute
	defaultTraceLimit  = 5 << 20 // about as much as trace viewers can handle
)

// traceConfig sets how often a period includes an execution trace, and the size at which a trace ends.
type traceConfig struct {
	enabled    bool
	period     time.Duration
	limitBytes int
}
