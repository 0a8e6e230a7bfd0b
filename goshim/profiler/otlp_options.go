package profiler

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
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
	attributes [][2]string    // of OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, those that nothing else chooses
	warnings   []string
}

// WithOTLP sends profiles to an engine that takes OpenTelemetry's protocol (OTLP over HTTP, as protobuf), instead of to Datadog's: a
// collector, Grafana Pyroscope, cmemprof receiver. endpoint is its address, such as "http://localhost:4318", to which /v1development/profiles is
// added; "": OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT (a whole URL), else OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318.
//
// OTEL_EXPORTER_OTLP_HEADERS, _COMPRESSION (gzip, the default here, or none), _TIMEOUT (ms) and _CERTIFICATE hold as for other signals, and with
// _PROFILES before these words for this one alone. Tags are attributes of the resource, with OTEL_RESOURCE_ATTRIBUTES. Default: off, and on with
// OTEL_PROFILES_EXPORTER=otlp, unless an option says where profiles go. Of this option and WithAgentAddr, WithUDS, WithAgentlessUpload, WithURL
// and WithPyroscope the last one applies. With OTEL_PROFILES_EXPORTER=none or OTEL_SDK_DISABLED=true a profiler that would
// send by OTLP does not run.
func WithOTLP(endpoint string) Option {
	return func(c *config) {
		c.chooseTarget("WithOTLP")
		c.otlpWanted, c.otlpFrom = true, endpoint
	}
}

// chooseTarget is called by options that say where profiles go.
func (c *config) chooseTarget(option string) {
	c.otlpWanted, c.pyroscopeWanted, c.targetOption = false, false, option
}

const (
	exporterVariable = "OTEL_PROFILES_EXPORTER"
	disabledVariable = "OTEL_SDK_DISABLED"
)

// setExporter reads a list, as the specification has it for all signals.
func setExporter(c *config, value string) error {
	for name := range strings.SplitSeq(value, ",") {
		switch name = strings.TrimSpace(name); strings.ToLower(name) {
		case "otlp":
			c.otlpWanted, c.otlpByVariable = true, true
		case "none":
			c.otlpRefused = true
		case "":
		default:
			say(slog.LevelWarn, fmt.Sprintf("cmemprof: %s: %q is not an exporter of profiles, and ignored; otlp and none are", exporterVariable, name))
		}
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
	if c.otlpRefused {
		c.enabled, c.offBy = false, exporterVariable+"=none"
		return nil
	}
	if strings.EqualFold(os.Getenv(disabledVariable), "true") {
		c.enabled, c.offBy = false, disabledVariable+"=true"
		return nil
	}
	t := &otlpTarget{gzip: true, headers: map[string]string{"User-Agent": "cmemprof/" + version}}
	for _, read := range []func(*config, *otlpTarget) error{readOTLPEndpoint, readOTLPHeaders, readOTLPCompression, readOTLPTimeout, readOTLPCertificate,
		readOTLPAttributes} {
		if err := read(c, t); err != nil {
			return err
		}
	}
	for _, name := range []string{"CLIENT_CERTIFICATE", "CLIENT_KEY"} {
		if _, from := otlpVariable(name); from != "" {
			t.warnings = append(t.warnings, from+" has no effect: certificates of clients (mTLS) are the matter of a client of WithHTTPClient")
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

// withPath: a query stays behind the path.
func withPath(base string) string {
	path := base
	if i := strings.IndexAny(base, "?#"); i >= 0 {
		path = base[:i]
	}
	return strings.TrimSuffix(path, "/") + otlpPath + base[len(path):]
}

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

// readOTLPHeaders reads the one variable or the other: keys for one engine must not get to another.
func readOTLPHeaders(_ *config, t *otlpTarget) error {
	value, from := otlpVariable("HEADERS")
	bad := false
	err := readPairs(value, func(key, value string) {
		bad = bad || !isHeaderName(key) || !isHeaderValue(value)
		t.headers[http.CanonicalHeaderKey(key)] = value
	})
	if err == nil && bad {
		err = errors.New("a name or a value has a character that HTTP does not allow in headers") // not quoted, as above
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

func isHeaderName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func isHeaderValue(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
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

// readOTLPTimeout: 0 is no limit by the specification, which allows a very long time for that.
func readOTLPTimeout(c *config, _ *otlpTarget) error {
	value, from := otlpVariable("TIMEOUT")
	if value == "" {
		return nil
	}
	ms, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return fmt.Errorf("%s: %q is not a number of milliseconds", from, value)
	}
	if ms == 0 {
		ms = math.MaxInt32
	}
	if !c.chosen.timeout {
		c.uploadTimeout = time.Duration(ms) * time.Millisecond
	}
	return nil
}

func readOTLPCertificate(c *config, t *otlpTarget) error {
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
	if c.httpClient != nil {
		t.warnings = append(t.warnings, from+" has no effect: which certificates are trusted is the matter of the client of WithHTTPClient")
	}
	return nil
}
