package profiler

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// The attributes of resources that the configuration has fields for, by OpenTelemetry's semantic conventions.
const (
	serviceKey        = "service.name"
	environmentKey    = "deployment.environment.name"
	oldEnvironmentKey = "deployment.environment"
	versionKey        = "service.version"
	hostKey           = "host.name"
)

// tagsOfKeys are the tags of those attributes. A tag of the configuration's own (DD_TAGS, WithTags) counts as chosen.
var tagsOfKeys = map[string]string{
	serviceKey: "service", environmentKey: "env", oldEnvironmentKey: "env", versionKey: "version", hostKey: "host",
	"process.pid": "process_id", "container.id": "container_id",
	"k8s.pod.name": "pod_name", "k8s.namespace.name": "kube_namespace", "k8s.deployment.name": "kube_deployment",
}

// readOTLPAttributes reads the attributes of the resource. They go before what is found out and defaults, and behind what DD_* and options choose.
func readOTLPAttributes(c *config, t *otlpTarget) error {
	const from = "OTEL_RESOURCE_ATTRIBUTES"
	var all [][2]string
	if name := os.Getenv("OTEL_SERVICE_NAME"); name != "" {
		all = append(all, [2]string{serviceKey, name}) // the first of a key holds
	}
	if err := readPairs(os.Getenv(from), func(key, value string) { all = append(all, [2]string{key, value}) }); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	for _, pair := range all {
		if pair[1] != "" && !c.chooses(pair[0]) {
			t.attributes = append(t.attributes, pair)
		}
	}
	c.takeAttributes(t.attributes)
	return nil
}

// chooses reports whether something that goes before OpenTelemetry's variables sets the attribute, or it shall not be sent.
func (c *config) chooses(key string) bool {
	switch {
	case key == serviceKey && c.chosen.service, key == versionKey && c.version != "",
		(key == environmentKey || key == oldEnvironmentKey) && c.chosen.env,
		key == hostKey && (c.hostname != "" || c.leftOut[ReportHostname]),
		key == "process.pid" && c.leftOut[ReportProcessID],
		key == "container.id" && c.leftOut[ReportContainer]:
		return true
	}
	tag := tagsOfKeys[key]
	return slices.ContainsFunc(c.tags.Slice(), func(t string) bool {
		name, _, _ := strings.Cut(t, ":")
		return name == key || name == tag
	})
}

// takeAttributes sets what the configuration has fields for, so that logs and files say the same as what is sent.
func (c *config) takeAttributes(attributes [][2]string) {
	first := func(key string) string {
		if i := slices.IndexFunc(attributes, func(pair [2]string) bool { return pair[0] == key }); i >= 0 {
			return attributes[i][1]
		}
		return ""
	}
	for _, one := range []struct {
		to   *string
		keys []string
	}{{&c.service, []string{serviceKey}}, {&c.env, []string{environmentKey, oldEnvironmentKey}}, {&c.version, []string{versionKey}},
		{&c.hostname, []string{hostKey}}} {
		for _, key := range slices.Backward(one.keys) {
			if value := first(key); value != "" {
				*one.to = value
			}
		}
	}
}
