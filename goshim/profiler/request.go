package profiler

import (
	"net/url"
)

// headers returns the headers of every batch, whatever the transport. None contains a line break: check ensures it.
func (c *config) headers() map[string]string {
	h := map[string]string{
		// Not "dd-trace-go": a backend may have workarounds for its bugs. The kind of profile is the event's family.
		"DD-EVP-ORIGIN":         "cmemprof",
		"DD-EVP-ORIGIN-VERSION": version,
		"User-Agent":            "cmemprof/" + version,
	}
	for name, header := range map[string]struct {
		value   string
		leftOut bool
	}{
		// To an Agent too, as dd-trace-go does; the Agent replaces it with its own.
		"DD-API-KEY":           {c.apiKey, c.leftOut[ReportAPIKey] && !c.agentless},
		"Datadog-Container-ID": {c.containerID, c.leftOut[ReportContainer]},
		"Datadog-Entity-ID":    {c.entityID, c.leftOut[ReportContainer]},
	} {
		if header.value != "" && !header.leftOut {
			h[name] = header.value
		}
	}
	return h
}

// targetURL is the URL that batches are posted to.
func (c *config) targetURL() string {
	if c.agentless {
		return c.intakeURL
	}
	return c.agentURL
}

// address is the upload target for the log, redacted.
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

// tokenInPath matches the token in a URL http://host/t/TOKEN, for clients of the receiver that can be configured with an address only.
var tokenInPath = lazyRegexp(`/t/[^/]+`)

// redacted returns the address without its password and token.
func redacted(u *url.URL) string {
	shown := *u
	shown.Path = tokenInPath().ReplaceAllString(u.Path, "/t/xxxxx")
	shown.RawPath = tokenInPath().ReplaceAllString(u.RawPath, "/t/xxxxx")
	shown.Opaque = tokenInPath().ReplaceAllString(u.Opaque, "/t/xxxxx")
	return shown.Redacted()
}
