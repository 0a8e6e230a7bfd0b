//go:build never

// What only the generated programs import, so that "go mod tidy" keeps it in go.mod. Never built.

package peer

import (
	_ "github.com/DataDog/datadog-agent/pkg/trace/api"
	_ "github.com/DataDog/dd-trace-go/v2/profiler"
	_ "github.com/cmemprof/cmemprof/goshim/profiler"
)
