// Package pyroscope has the tests of Grafana Pyroscope's protocol beside its own client and messages.
package pyroscope
