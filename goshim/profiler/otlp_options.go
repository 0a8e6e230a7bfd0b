package profiler

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	otlpPath     = "/v1development/profiles" // of opentelemetry-proto while profiles are in development
	otlpEndpoint = "http://localhost:4318"
)

// otlpTarget is where and how batches are sent in OpenTelemetry's protocol.
type otlpTarget struct {
	url        string
	headers    map[string]string
	gzip       bool
	roots      *x509.CertPool // nil: the system's
	attributes [][2]string    // OTEL_RESOURCE_ATTRIBUTES
}

// WithOTLP sends profiles to an engine that takes OpenTelemetry's protocol (OTLP over HTTP, as protobuf), instead of to Datadog's: a
// collector, Grafana Pyroscope, cmemprof receiver. endpoint is its address, such as "http://localhost:4318", to which /v1development/profiles is
// added; "": OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT (a whole URL), else OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318.
//
// OTEL_EXPORTER_OTLP_HEADERS, _COMPRESSION (gzip, the default here, or none), _TIMEOUT (ms) and _CERTIFICATE hold as for other signals, and with
// _PROFILES before these words for this one alone. Tags are attributes of the resource, with OTEL_RESOURCE_ATTRIBUTES. Default: off, and on with
// OTEL_PROFILES_EXPORTER=otlp. Options for an Agent or an intake, and their variables, then have no effect.
func WithOTLP(endpoint string) Option {
	return func(c *config) { c.otlpWanted, c.otlpFrom = true, endpoint }
}

func setExporter(c *config, value string) error {
	switch value {
	case "otlp":
		c.otlpWanted = true
	case "none":
		c.enabled = false
	default:
		return fmt.Errorf("%q is neither otlp nor none", value)
	}
	return nil
}

// otlpVariable returns OTEL_EXPORTER_OTLP_PROFILES_NAME, else OTEL_EXPORTER_OTLP_NAME, and which of them it is.
func otlpVariable(name string) (value, from string) {
	for _, from := range []string{"OTEL_EXPORTER_OTLP_PROFILES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
		if value := os.Getenv(from); value != "" {
			return value, from
		}
	}
	return "", ""
}

// readOTLP makes the target of what options and the environment say.
func (c *config) readOTLP() error {
	if !c.otlpWanted {
		return nil
	}
	t := &otlpTarget{gzip: true, headers: map[string]string{"User-Agent": "cmemprof/" + version}}
	for _, read := range []func(*config, *otlpTarget) error{readOTLPEndpoint, readOTLPHeaders, readOTLPCompression, readOTLPTimeout, readOTLPCertificate,
		readOTLPAttributes} {
		if err := read(c, t); err != nil {
			return err
		}
	}
	c.otlp = t
	c.agentless, c.agentURL, c.unixSocket, c.socketFromEnvironment = false, t.url, "", false
	return nil
}

func readOTLPEndpoint(c *config, t *otlpTarget) error {
	if c.otlpFrom != "" {
		t.url = withPath(c.otlpFrom)
		return nil
	}
	if t.url = os.Getenv("OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT"); t.url != "" {
		return nil
	}
	if protocol, from := otlpVariable("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return fmt.Errorf("%s: profiles are sent as http/protobuf, not as %s: set OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT to an address that takes it, such as %s",
			from, protocol, otlpEndpoint+otlpPath)
	}
	base := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	if base == "" {
		base = otlpEndpoint
	}
	t.url = withPath(base)
	return nil
}

func withPath(base string) string { return strings.TrimSuffix(base, "/") + otlpPath }

// readPairs reads "key=value,key=value" with values that are escaped as in URLs.
func readPairs(text string, add func(key, value string)) error {
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || strings.TrimSpace(key) == "" {
			return errors.New("not of the form key=value,key=value") // not quoted: it may contain a password
		}
		add(strings.TrimSpace(key), value)
	}
	return nil
}

func readOTLPHeaders(_ *config, t *otlpTarget) error {
	for _, from := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_PROFILES_HEADERS"} {
		if err := readPairs(os.Getenv(from), func(key, value string) { t.headers[key] = value }); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	return nil
}

func readOTLPCompression(_ *config, t *otlpTarget) error {
	value, from := otlpVariable("COMPRESSION")
	switch value {
	case "", "gzip":
		t.gzip = true
	case "none":
		t.gzip = false
	default:
		return fmt.Errorf("%s: %q is neither gzip nor none", from, value)
	}
	return nil
}

func readOTLPTimeout(c *config, _ *otlpTarget) error {
	value, from := otlpVariable("TIMEOUT")
	if value == "" {
		return nil
	}
	ms, err := strconv.ParseUint(value, 10, 31)
	if err != nil || ms == 0 {
		return fmt.Errorf("%s: %q is not a number of milliseconds", from, value)
	}
	c.uploadTimeout = time.Duration(ms) * time.Millisecond
	return nil
}

func readOTLPCertificate(_ *config, t *otlpTarget) error {
	path, from := otlpVariable("CERTIFICATE")
	if path == "" {
		return nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if t.roots = x509.NewCertPool(); !t.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s: %s has no certificates in PEM form", from, path)
	}
	return nil
}

func readOTLPAttributes(_ *config, t *otlpTarget) error {
	const from = "OTEL_RESOURCE_ATTRIBUTES"
	if err := readPairs(os.Getenv(from), func(key, value string) {
		t.attributes = append(t.attributes, [2]string{key, value})
	}); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}
