package otlp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/collector/receiver/xreceiver"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const patience = 2 * time.Minute

// collector runs the collector's OTLP receiver, whose profiles its OTLP/HTTP exporter passes on to an address, and returns its own.
func collector(t *testing.T, to string) string {
	t.Helper()
	address := built.FreeAddress(t)
	collectorAt(t, address, to)
	return "http://" + address
}

// collectorAt runs one at an address. stop ends it before the test does.
func collectorAt(t *testing.T, address, to string) (stop func()) {
	t.Helper()
	exporters := otlphttpexporter.NewFactory().(xexporter.Factory)
	settings := exporters.CreateDefaultConfig()
	configure(t, settings, map[string]any{"endpoint": to, "sending_queue": map[string]any{"enabled": false}})
	exporter, err := exporters.CreateProfiles(t.Context(), exportertest.NewNopSettings(exporters.Type()), settings)
	if err != nil {
		t.Fatal(err)
	}
	run(t, exporter)
	receivers := otlpreceiver.NewFactory().(xreceiver.Factory)
	settings = receivers.CreateDefaultConfig()
	configure(t, settings, map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": address}}})
	receiver, err := receivers.CreateProfiles(t.Context(), receivertest.NewNopSettings(receivers.Type()), settings, exporter)
	if err != nil {
		t.Fatal(err)
	}
	run(t, receiver)
	return func() { _ = receiver.Shutdown(context.Background()) }
}

func configure(t *testing.T, settings component.Config, values map[string]any) {
	t.Helper()
	if err := confmap.NewFromStringMap(values).Unmarshal(settings); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, c component.Component) {
	t.Helper()
	if err := c.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Shutdown(context.Background()) })
}

type upload struct {
	ID                              int64
	Service, Env, Version, Language string
	Start, End                      time.Time
	Tags                            []string
	Attachments                     []struct{ Name string }
}

func (u upload) files() (names []string) {
	for _, a := range u.Attachments {
		names = append(names, a.Name)
	}
	return names
}

func get(t *testing.T, address string, answer any) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", address, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

// firstUpload waits for the first upload of the service.
func firstUpload(t *testing.T, receiver, service string) upload {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var list struct{ Uploads []upload }
		get(t, receiver+"/api/uploads?order=asc&service="+service, &list)
		if len(list.Uploads) > 0 {
			return list.Uploads[0]
		}
	}
	t.Fatal("no upload came")
	return upload{}
}

// wantPeriod checks that the heap profile, which has no duration of its own, is of the whole batch.
func wantPeriod(t *testing.T, receiver string, u upload) {
	t.Helper()
	response, err := http.Get(fmt.Sprintf("%s/api/uploads/%d/attachments/delta-heap.pprof", receiver, u.ID))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	p, err := profile.Parse(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	start, end := time.Unix(0, p.TimeNanos), time.Unix(0, p.TimeNanos+p.DurationNanos)
	if p.DurationNanos <= 0 || !start.Truncate(time.Millisecond).Equal(u.Start) || end.After(u.End.Add(time.Millisecond)) {
		t.Errorf("%s: the heap is from %s to %s, all from %s to %s", u.Service, start, end, u.Start, u.End)
	}
}

var kept [][]byte

// A service's profiles arrive at the receiver directly and through a collector, as what they were.
func TestAServiceIsSeenThroughACollector(t *testing.T) {
	receiver := built.Receiver(t)
	for _, c := range []struct{ service, address string }{{"direct", receiver}, {"collected", collector(t, receiver)}} {
		begin := time.Now().Truncate(time.Millisecond) // as the receiver tells times
		err := profiler.Start(profiler.WithOTLP(c.address), profiler.WithService(c.service), profiler.WithEnv("test"), profiler.WithVersion("1.2"),
			profiler.WithTags("team:a"), profiler.WithPeriod(300*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		for range 64 {
			kept = append(kept, make([]byte, 1<<20))
		}
		got := firstUpload(t, receiver, c.service)
		profiler.Stop()
		if got.Env != "test" || got.Version != "1.2" || got.Language != "go" || !slices.Contains(got.Tags, "team:a") {
			t.Errorf("%s: %+v", c.service, got)
		}
		if got.Start.Before(begin) || !got.End.After(got.Start) || got.End.After(time.Now()) {
			t.Errorf("%s: from %s to %s, begun %s", c.service, got.Start, got.End, begin)
		}
		wantPeriod(t, receiver, got)
		for _, file := range []string{"cpu.pprof", "delta-heap.pprof"} {
			if !slices.Contains(got.files(), file) {
				t.Errorf("%s: %s is not among %v", c.service, file, got.files())
			}
		}
		var types struct {
			Types []struct {
				Type, Unit string
				Total      float64
			}
		}
		get(t, fmt.Sprintf("%s/api/uploads/%d/attachments/delta-heap.pprof/types", receiver, got.ID), &types)
		var names []string
		for _, one := range types.Types {
			names = append(names, one.Type+"/"+one.Unit)
			if one.Type == "inuse_space" && one.Total < 1<<20 { // Go reports what was in use at its last collection
				t.Errorf("%s: %.0f bytes in use", c.service, one.Total)
			}
		}
		for _, name := range []string{"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"} {
			if !slices.Contains(names, name) {
				t.Errorf("%s: no %s among %v", c.service, name, names)
			}
		}
	}
}
