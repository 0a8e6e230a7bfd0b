package main

// Options that dd-trace-go v2 no longer has; left out when this source is built for it.

import (
	"os"
	"strings"

	"gopkg.in/DataDog/dd-trace-go.v1/profiler"
)

var apiKey = strings.Repeat("0123456789abcdef", 2)

func init() {
	add("WithAPIKey", profiler.WithAPIKey(apiKey))
	add("WithAPIKey-not-a-key", profiler.WithAPIKey("short"))
	add("WithAgentlessUpload", profiler.WithAPIKey(apiKey), profiler.WithAgentlessUpload(),
		profiler.WithURL("http://"+os.Getenv("AGENT_ADDRESS")+"/v1/input"))
	add("WithAgentlessUpload-without-key", profiler.WithAgentlessUpload())
	add("WithAgentlessUpload-bad-key", profiler.WithAgentlessUpload(), profiler.WithAPIKey("short"))
	add("WithSite", profiler.WithAPIKey(apiKey), profiler.WithAgentlessUpload(), profiler.WithSite("datadoghq.eu"))
	add("WithSite-default", profiler.WithAPIKey(apiKey), profiler.WithAgentlessUpload())
	programs["WithUDS"] = func(common []profiler.Option) []profiler.Option {
		return append(common, profiler.WithUDS(os.Getenv("AGENT_SOCKET")))
	}
	programs["WithUDS-all"] = func(common []profiler.Option) []profiler.Option {
		return append(common, profiler.WithUDS(os.Getenv("AGENT_SOCKET")), profiler.MutexProfileFraction(1), profiler.BlockProfileRate(1), allTypes())
	}
}
