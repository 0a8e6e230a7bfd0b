//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// contextKeys are the attributes that say which service this is. Others tell what readers find out themselves, or change.
var contextKeys = map[string]bool{
	serviceKey: true, environmentKey: true, versionKey: true, hostKey: true, "service.instance.id": true, "service.namespace": true,
	"container.id": true, "telemetry.sdk.name": true, "telemetry.sdk.language": true, "telemetry.sdk.version": true,
}

// publishContext says which service this is to profilers outside of the process.
func (c *config) publishContext() {
	if !c.processContext {
		return
	}
	var first [][2]string
	if c.otlp != nil {
		first = c.otlp.attributes
	}
	var headers []string
	if id := c.headers()["Datadog-Container-ID"]; id != "" {
		headers = append(headers, "Datadog-Container-ID: "+id)
	}
	var all [][2]string
	for _, a := range otlpResource(first, strings.Join(c.batchTags(batch{}), ","), headers) {
		if contextKeys[a.Key] && !a.IsNumber {
			all = append(all, [2]string{a.Key, a.Text})
		}
	}
	if err := cmemprof.PublishContext(all); err != nil && !errors.Is(err, cmemprof.ErrContextTaken) && c.logStartup {
		say(slog.LevelInfo, err.Error())
	}
}

func (c *config) withdrawContext() {
	if c.processContext {
		cmemprof.WithdrawContext()
	}
}
