// Package otlp has the tests of OpenTelemetry's protocol beside the collector's own code.
package otlp
