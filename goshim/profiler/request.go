package profiler

import (
	"net/url"
	"regexp"
)

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
	return redacted(u)
}

// tokenInPath is where the receiver takes a token from a client that can be told an address and nothing else: http://host/t/TOKEN.
var tokenInPath = regexp.MustCompile(`/t/[^/]+`)

// redacted is what may be said of an address: neither its password nor its token.
func redacted(u *url.URL) string {
	shown := *u
	shown.Path = tokenInPath.ReplaceAllString(u.Path, "/t/xxxxx")
	shown.RawPath = tokenInPath.ReplaceAllString(u.RawPath, "/t/xxxxx")
	shown.Opaque = tokenInPath.ReplaceAllString(u.Opaque, "/t/xxxxx")
	return shown.Redacted()
}
