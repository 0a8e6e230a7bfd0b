package debug

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Metric is a family of samples, as Prometheus has them.
type Metric struct {
	Name, Help string
	Counter    bool   // else a gauge
	Label      string // its key, of all samples; "": there is one sample, without a label
	Samples    []Sample
}

// Sample is one value of a [Metric].
type Sample struct {
	Label string
	Value float64
}

// Metrics returns the figures of [ServeMetrics], for exporters of other kinds. It reads what is known, in some microseconds. The families are always
// the same; one may have no samples yet.
func Metrics() []Metric {
	s := profiler.Stats()
	metrics := append(samplingMetrics(),
		Metric{"cmemprof_profiler_batches_total", "Batches, by what became of them: sent, failed (given up), dropped (displaced by newer ones).", true, "outcome",
			[]Sample{{"sent", float64(s.BatchesSent)}, {"failed", float64(s.BatchesFailed)}, {"dropped", float64(s.BatchesDropped)}}},
		counter("cmemprof_profiler_retries_total", "Attempts to send a batch after its first.", s.BatchesRetried),
		counter("cmemprof_profiler_sent_bytes_total", "Bytes of the batches sent.", s.BytesSent),
		Metric{"cmemprof_profiler_spool_batches_total", "Batches that were put into the spool, sent from it, and removed from it unsent: displaced or damaged.", true, "event",
			[]Sample{{"put", float64(s.BatchesSpooled)}, {"sent", float64(s.SpoolSent)}, {"displaced", float64(s.SpoolDropped)}, {"damaged", float64(s.SpoolDamaged)}}},
		Metric{"cmemprof_profiler_failures_total", "Profiles that could not be taken, files of the spool and outputs that could not be written, contained panics.", true, "of",
			[]Sample{{"profile", float64(s.ProfilesFailed)}, {"spool", float64(s.SpoolErrors)}, {"output", float64(s.OutputsFailed)}, {"panic", float64(s.Panics)}}},
		counter("cmemprof_profiler_memory_triggers_total", "Times that memory was short, so that a batch was taken before its time.", s.MemoryTriggers),
		counter("cmemprof_profiler_endpoints_lost_total", "Requests to endpoints beyond the first 1,000 of a period.", s.EndpointsLost))
	return append(metrics, residentMetrics()...)
}

func counter(name, help string, value uint64) Metric {
	return Metric{name, help, true, "", []Sample{{"", float64(value)}}}
}

func gauge(name, help string, value float64) Metric {
	return Metric{name, help, false, "", []Sample{{"", value}}}
}

// ServeMetrics serves [Metrics] in Prometheus' text format 0.0.4. It may be served under any path, such as /metrics.
func ServeMetrics(w http.ResponseWriter, r *http.Request) {
	if isForeign(w, r) {
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(appendMetrics(Metrics()))
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func appendMetrics(metrics []Metric) []byte {
	var out bytes.Buffer
	for _, m := range metrics {
		if len(m.Samples) == 0 {
			continue
		}
		kind := "gauge"
		if m.Counter {
			kind = "counter"
		}
		out.WriteString("# HELP " + m.Name + " " + m.Help + "\n# TYPE " + m.Name + " " + kind + "\n")
		for _, s := range m.Samples {
			out.WriteString(m.Name)
			if m.Label != "" {
				out.WriteString("{" + m.Label + `="` + escapes.Replace(s.Label) + `"}`)
			}
			out.WriteString(" " + strconv.FormatFloat(s.Value, 'g', -1, 64) + "\n")
		}
	}
	return out.Bytes()
}
