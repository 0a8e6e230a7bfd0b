//go:build never

// Imports of the generated programs, so that "go mod tidy" keeps them in go.mod. Never built.

package peer

import (
	_ "github.com/DataDog/datadog-agent/pkg/trace/api"
	_ "github.com/DataDog/dd-trace-go/v2/profiler"
	_ "github.com/cmemprof/cmemprof/goshim/profiler"
)
