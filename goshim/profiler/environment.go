package profiler

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// variables are the environment variables that are read, each with what it sets. An empty variable is as good as none.
var variables = []struct {
	name string
	set  func(c *config, value string) error
}{
	{"DD_PROFILING_ENABLED", setEnabled},
	{"DD_SERVICE", func(c *config, v string) error { c.service = v; return nil }},
	{"DD_ENV", func(c *config, v string) error { c.env = v; return nil }},
	{"DD_VERSION", func(c *config, v string) error { c.version = v; return nil }},
	{"DD_TAGS", func(c *config, v string) error { c.tags = splitTags(v); return nil }},
	{"DD_AGENT_HOST", func(c *config, v string) error { return setAgent(c, v, "") }},
	{"DD_TRACE_AGENT_PORT", func(c *config, v string) error { return setAgent(c, "", v) }},
	{"DD_TRACE_AGENT_URL", setAgentURL},
	{"DD_PROFILING_DELTA", func(c *config, v string) error { return setBool(&c.delta, v) }},
	{"DD_PROFILING_UPLOAD_TIMEOUT", setUploadTimeout},
	{"DD_PROFILING_CMEMPROF_SAMPLING_RATE", setCInterval},
	{"DD_PROFILING_CMEMPROF_ENABLED", setCEnabled},
}

// readEnvironment names the variable that it cannot read.
func (c *config) readEnvironment() error {
	c.agentURL = "http://localhost:8126" + uploadPath
	for _, variable := range variables {
		value := os.Getenv(variable.name)
		if value == "" {
			continue
		}
		if err := variable.set(c, value); err != nil {
			return fmt.Errorf("%s: %w", variable.name, err)
		}
	}
	return nil
}

func setBool(to *bool, value string) error {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", value)
	}
	*to = b
	return nil
}

// setEnabled also takes "auto", which the Agent's installer writes into services: a service that calls Start wants to be profiled.
func setEnabled(c *config, value string) error {
	if value == "auto" {
		return nil
	}
	return setBool(&c.enabled, value)
}

// splitTags: commas if there are any, else spaces.
func splitTags(value string) []string {
	separator := " "
	if strings.Contains(value, ",") {
		separator = ","
	}
	var tags []string
	for _, tag := range strings.Split(value, separator) {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// setAgent replaces host or port of the Agent's address, whichever is not "".
func setAgent(c *config, host, port string) error {
	u, err := url.Parse(c.agentURL)
	if err != nil {
		return err
	}
	if host == "" {
		host = u.Hostname()
	}
	if port == "" {
		port = u.Port()
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q is not a port", port)
	}
	name := strings.Trim(host, "[]")
	u.Host = net.JoinHostPort(name, port)
	text := u.String()
	if _, err := checkURL(text); err != nil || strings.Contains(name, ":") && net.ParseIP(name) == nil {
		return fmt.Errorf("%q is not a host", host)
	}
	c.agentURL = text
	return nil
}

// setAgentURL takes http://host:port, https://host:port and unix:///path.
func setAgentURL(c *config, value string) error {
	u, err := url.Parse(value)
	if err == nil && u.Scheme == "unix" {
		if u.Path == "" || u.Host != "" {
			return fmt.Errorf("%q has no path, as unix:///var/run/datadog/apm.socket has", value)
		}
		c.unixSocket, c.socketFromEnvironment = u.Path, true
		return nil
	}
	text, err := checkURL(value)
	if err != nil {
		return err
	}
	c.agentURL = strings.TrimSuffix(text, "/") + uploadPath
	return nil
}

func setUploadTimeout(c *config, value string) error {
	d, err := time.ParseDuration(value)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("must be > 0: %s", value)
	}
	c.uploadTimeout = d
	return nil
}

func setCInterval(c *config, value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return errors.New(strconv.Quote(value) + " is not a number of bytes")
	}
	c.cInterval = n
	return nil
}

func setCEnabled(c *config, value string) error {
	enabled := true
	if err := setBool(&enabled, value); err != nil {
		return err
	}
	if !enabled {
		c.cInterval = 0
	}
	return nil
}
