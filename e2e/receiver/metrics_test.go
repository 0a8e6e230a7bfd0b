package receiver

import (
	"database/sql"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics reads /metrics with Prometheus' own parser.
func (r *receiver) metrics(t testing.TB) map[string]*dto.MetricFamily {
	t.Helper()
	status, body := r.get(t, "/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d %v\n%s", status, err, body)
	}
	return families
}

// value is that of the first metric of a family with these labels ("key", "value", ...).
func value(families map[string]*dto.MetricFamily, name string, labels ...string) (float64, bool) {
	for _, m := range families[name].GetMetric() {
		has := 0
		for _, pair := range m.Label {
			for i := 0; i < len(labels); i += 2 {
				if pair.GetName() == labels[i] && pair.GetValue() == labels[i+1] {
					has++
				}
			}
		}
		if has == len(labels)/2 {
			switch families[name].GetType() {
			case dto.MetricType_COUNTER:
				return m.Counter.GetValue(), true
			case dto.MetricType_HISTOGRAM:
				return float64(m.Histogram.GetSampleCount()), true
			default:
				return m.Gauge.GetValue(), true
			}
		}
	}
	return 0, false
}

func TestMetricsOfRealClients(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	all := captures(t)
	for _, c := range all {
		if status, text, err := r.post(http.DefaultClient, c.contentType, c.body); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", c.name, status, text, err)
		}
	}
	contentType, body := form("service:ours", attachment{"metrics.json", []byte(`[["memory_rss_bytes",12345678]]`)})
	if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, text, err)
	}
	if status, _, err := r.post(http.DefaultClient, "text/plain", []byte("nothing")); err != nil || status != http.StatusBadRequest {
		t.Fatalf("%d %v", status, err)
	}
	families := r.metrics(t)
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		families = r.metrics(t)
		if made, _ := value(families, "cmemprof_service_figures_timestamp_seconds"); made > 0 {
			if _, ok := value(families, "cmemprof_service_resident_memory_bytes"); ok {
				break
			}
		}
		if time.Now().After(end) {
			t.Fatalf("no figures: %v", families["cmemprof_service_processes"])
		}
	}
	for name, f := range families {
		if f.GetHelp() == "" || !strings.HasPrefix(name, "cmemprof_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s: help %q", name, f.GetHelp())
		}
		if (f.GetType() == dto.MetricType_COUNTER) != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %v", name, f.GetType())
		}
	}
	expected := float64(len(all) + 1)
	for _, c := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{expected, "cmemprof_receiver_uploads_total", nil},
		{expected, "cmemprof_receiver_stored_uploads", nil},
		{expected, "cmemprof_receiver_commit_seconds", nil},
		{expected, "cmemprof_receiver_upload_requests_total", []string{"outcome", "accepted"}},
		{1, "cmemprof_receiver_upload_requests_total", []string{"outcome", "malformed"}},
		{0, "cmemprof_receiver_upload_requests_total", []string{"outcome", "cut"}},
		{30 * 86400, "cmemprof_receiver_retention_seconds", nil},
		{1, "cmemprof_build_info", nil},
		{12345678, "cmemprof_service_resident_memory_bytes", []string{"service", "ours"}},
		{1, "cmemprof_service_processes", []string{"service", "ours", "figure", "resident"}},
		{0, "cmemprof_service_processes", []string{"service", "ours", "figure", "c_live"}},
	} {
		if got, ok := value(families, c.name, c.labels...); !ok || got != c.want {
			t.Errorf("%s%v is %v (%t), want %v", c.name, c.labels, got, ok, c.want)
		}
	}
	var services, processes float64
	for _, m := range families["cmemprof_service_newest_upload_timestamp_seconds"].GetMetric() {
		services++
		processes += func() float64 {
			v, _ := value(families, "cmemprof_service_processes", "service", m.Label[0].GetValue(), "figure", "any")
			return v
		}()
		if age := float64(time.Now().Unix()) - m.Gauge.GetValue(); age < -2 || age > 300 {
			t.Errorf("%v: the newest upload is %v s old", m.Label, age)
		}
	}
	if services == 0 || processes < services || processes > expected {
		t.Errorf("%v services, %v processes", services, processes)
	}
}

// While the index is read (here it is locked) requests wait, and the probes answer.
func TestProbesDuringTheStart(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, plain(t))
	contentType, body := form("service:shop", attachment{"a.pprof", []byte("x")})
	if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, text, err)
	}
	address := strings.TrimPrefix(r.url, "http://")
	r.kill() // so that the next start reads the index
	database, err := sql.Open("sqlite3", filepath.Join(data, "index.sqlite")+"?_locking_mode=EXCLUSIVE&_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := database.Begin()
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		status int
		text   string
		err    error
	}
	stored := make(chan answer, 1)
	sent := make(chan answer, 1)
	asked := make(chan struct{})
	go func() { // until the lock is released
		defer close(asked)
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if c, err := net.Dial("tcp", address); err == nil {
				_ = c.Close()
				break
			}
		}
		go func() {
			status, text, err := r.post(http.DefaultClient, contentType, body)
			stored <- answer{status, text, err}
		}()
		time.Sleep(200 * time.Millisecond)
		for _, probe := range []string{"/healthz", "/readyz"} {
			response, err := http.Get("http://" + address + probe)
			if err != nil {
				sent <- answer{err: err}
				return
			}
			text, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			sent <- answer{response.StatusCode, string(text), nil}
		}
	}()
	done := make(chan *receiver)
	go func() { done <- startWith(t, data, []string{"--listen", address}, plain(t)) }()
	if a := <-sent; a.err != nil || a.status != http.StatusOK || a.text != "ok\n" {
		t.Errorf("/healthz: %+v", a)
	}
	if a := <-sent; a.err != nil || a.status != http.StatusServiceUnavailable || a.text != "the index is being read\n" {
		t.Errorf("/readyz: %+v", a)
	}
	<-asked
	select {
	case a := <-stored:
		t.Errorf("the upload did not wait: %+v", a)
	default:
	}
	_ = lock.Rollback()
	_ = database.Close()
	if a := <-stored; a.err != nil || a.status != http.StatusOK {
		t.Errorf("the upload: %+v", a)
	}
	r = <-done
	defer r.stop(t)
	if status, text := r.get(t, "/readyz"); status != http.StatusOK || string(text) != "ready\n" {
		t.Errorf("%d %s", status, text)
	}
	if rows := r.list(t, ""); len(rows) != 2 {
		t.Errorf("%d uploads", len(rows))
	}
}
