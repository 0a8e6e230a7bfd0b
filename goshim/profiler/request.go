package profiler

import "net/url"

// headers go with every batch, whatever sends it. None has a line break in it: check has seen to that.
func (c *config) headers() map[string]string {
	h := map[string]string{
		// Who collected it; the kind of profile is the family in the event. Not dd-trace-go: a backend could work around its faults.
		"DD-EVP-ORIGIN":         "cmemprof",
		"DD-EVP-ORIGIN-VERSION": version,
		"User-Agent":            "cmemprof/" + version,
	}
	for name, value := range map[string]string{
		"DD-API-KEY":           c.apiKey, // to an Agent too, as dd-trace-go does; the Agent puts its own in its place
		"Datadog-Container-ID": c.containerID,
		"Datadog-Entity-ID":    c.entityID,
	} {
		if value != "" {
			h[name] = value
		}
	}
	return h
}

// targetURL is where batches go.
func (c *config) targetURL() string {
	if c.agentless {
		return c.intakeURL
	}
	return c.agentURL
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
