package profiler

import "time"

const (
	defaultTracePeriod = 15 * time.Minute
	defaultTraceLimit  = 5 << 20 // about what tools can still show
)

// traceConfig says how often a period comes with an execution trace, and how large one gets before it ends.
type traceConfig struct {
	enabled    bool
	period     time.Duration
	limitBytes int
}
