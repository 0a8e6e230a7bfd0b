// Package prometheus exports the profiler's figures with client_golang:
//
//	prometheus.MustRegister(cmemprofprometheus.NewCollector())
//
// They are those of goshim/debug's /debug/cmemprof/metrics, which needs no other package: C memory in use, samples and losses, the resident memory by
// cause, and what became of the profiler's batches. A scrape reads what is known, in some microseconds.
//
// This is a module of its own, so that services without client_golang do not depend on it.
package prometheus

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cmemprof/cmemprof/goshim/debug"
)

type collector struct{}

// NewCollector returns a collector. All that it returns are the same; register one.
func NewCollector() prometheus.Collector { return collector{} }

func describe(m debug.Metric) *prometheus.Desc {
	var labels []string
	if m.Label != "" {
		labels = []string{m.Label}
	}
	return prometheus.NewDesc(m.Name, m.Help, labels, nil)
}

func (collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, m := range debug.Metrics() {
		descriptions <- describe(m)
	}
}

func (collector) Collect(metrics chan<- prometheus.Metric) {
	for _, m := range debug.Metrics() {
		kind := prometheus.GaugeValue
		if m.Counter {
			kind = prometheus.CounterValue
		}
		description := describe(m)
		for _, s := range m.Samples {
			var labels []string
			if m.Label != "" {
				labels = []string{s.Label}
			}
			metrics <- prometheus.MustNewConstMetric(description, kind, s.Value, labels...)
		}
	}
}
