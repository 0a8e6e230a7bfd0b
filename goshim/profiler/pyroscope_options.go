package profiler

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strings"
)

const (
	pyroscopePath    = "/push.v1.PusherService/Push"
	pyroscopeAddress = "http://localhost:4040"
)

// pyroscopeTarget is where and how batches are pushed to Grafana Pyroscope.
type pyroscopeTarget struct {
	url     string
	headers map[string]string
}

// WithPyroscope sends profiles to Grafana Pyroscope, or to what takes its pushes, such as Grafana Alloy and cmemprof receiver, instead of to Datadog's
// Agent or intake. address is its own, such as "http://pyroscope:4040" or "https://USER:PASSWORD@profiles.example.com"; "":
// PYROSCOPE_SERVER_ADDRESS, else http://localhost:4040. PYROSCOPE_BASIC_AUTH_USER and PYROSCOPE_BASIC_AUTH_PASSWORD go before user and password of the
// address, PYROSCOPE_TENANT_ID is the header X-Scope-OrgID. Of this option and the others that say where profiles go the last one applies.
func WithPyroscope(address string) Option {
	return func(c *config) {
		c.chooseTarget("WithPyroscope")
		c.pyroscopeWanted, c.pyroscopeFrom = true, address
	}
}

// readPyroscope makes the target of what the option and the environment say.
func (c *config) readPyroscope() error {
	if !c.pyroscopeWanted {
		return nil
	}
	from, text := "WithPyroscope", c.pyroscopeFrom
	if text == "" {
		from, text = "PYROSCOPE_SERVER_ADDRESS", os.Getenv("PYROSCOPE_SERVER_ADDRESS")
	}
	if text == "" {
		text = pyroscopeAddress
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s: invalid address: it is not of the form http://HOST:PORT or https://HOST/PATH", from) // not quoted: it may contain a password
	}
	t := &pyroscopeTarget{headers: map[string]string{"User-Agent": "cmemprof/" + version}}
	user := u.User.Username()
	password, _ := u.User.Password()
	if name := os.Getenv("PYROSCOPE_BASIC_AUTH_USER"); name != "" {
		user, password = name, os.Getenv("PYROSCOPE_BASIC_AUTH_PASSWORD")
	}
	if user != "" || password != "" {
		t.headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	if tenant := os.Getenv("PYROSCOPE_TENANT_ID"); tenant != "" {
		if !isHeaderValue(tenant) {
			return fmt.Errorf("PYROSCOPE_TENANT_ID: a character that HTTP does not allow in headers")
		}
		t.headers["X-Scope-OrgID"] = tenant
	}
	u.User = nil
	t.url = strings.TrimSuffix(u.String(), "/") + pyroscopePath
	c.pyroscope = t
	c.agentless, c.agentURL, c.unixSocket, c.socketFromEnvironment = false, t.url, "", false
	return nil
}

// goesElsewhere reports whether batches go to something else than an Agent or an intake of Datadog's.
func (c *config) goesElsewhere() bool { return c.otlp != nil || c.pyroscope != nil }
