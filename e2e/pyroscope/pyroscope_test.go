package pyroscope

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	client "github.com/grafana/pyroscope-go"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"google.golang.org/protobuf/proto"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const patience = 2 * time.Minute

var kept [][]byte

func startProfiler(t *testing.T, address string) {
	t.Helper()
	err := profiler.Start(profiler.WithPyroscope(address), profiler.WithService("shop"), profiler.WithEnv("test"), profiler.WithVersion("1.2"),
		profiler.WithPeriod(time.Second), profiler.WithTags("k8s.pod:web-1"),
		profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.GoroutineProfile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(profiler.Stop)
	kept = append(kept, make([]byte, 1<<20))
}

// What the profiler pushes is read by the server's own messages.
func TestPushIsTheServersMessage(t *testing.T) {
	pushes := make(chan *pushv1.PushRequest, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		push := new(pushv1.PushRequest)
		if err := proto.Unmarshal(body, push); err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
		if unknown := push.ProtoReflect().GetUnknown(); len(unknown) > 0 {
			t.Errorf("%d bytes of fields that are not known", len(unknown))
		}
		select {
		case pushes <- push:
		default:
		}
	}))
	defer server.Close()
	startProfiler(t, server.URL)
	defer profiler.Stop()
	found := map[string]bool{}
	for end := time.After(patience); !found["process_cpu"] || !found["memory"] || !found["goroutine"]; {
		select {
		case push := <-pushes:
			for _, series := range push.Series {
				found[check(t, series)] = true
			}
		case <-end:
			t.Fatalf("found %v", found)
		}
	}
}

// check returns the series' name.
func check(t *testing.T, series *pushv1.RawProfileSeries) string {
	t.Helper()
	labels := map[string]string{}
	for _, label := range series.Labels {
		labels[label.Name] = label.Value
	}
	if labels["service_name"] != "shop" || labels["env"] != "test" || labels["version"] != "1.2" || labels["k8s_pod"] != "web-1" {
		t.Errorf("labels %v", labels)
	}
	if len(series.Samples) != 1 || series.Samples[0].ID == "" {
		t.Fatalf("%d samples", len(series.Samples))
	}
	if p, err := profile.ParseData(series.Samples[0].RawProfile); err != nil || p.CheckValid() != nil {
		t.Errorf("%v: %v", labels, err)
	}
	return labels["__name__"]
}

type upload struct {
	ID                              int64
	Service, Env, Version, Language string
	Tags                            []string
	Attachments                     []struct{ Name string }
}

// uploads waits until the service's uploads have all files.
func uploads(t *testing.T, receiver, service string, files ...string) (all []upload) {
	t.Helper()
	missing := files
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(receiver + "/api/uploads?service=" + service)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Uploads []upload }
		err = json.NewDecoder(response.Body).Decode(&list)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		missing = slices.DeleteFunc(slices.Clone(files), func(file string) bool {
			return slices.ContainsFunc(list.Uploads, func(u upload) bool { return u.Attachments[0].Name == file })
		})
		if len(missing) == 0 {
			return list.Uploads
		}
	}
	t.Fatalf("%s did not come", missing)
	return nil
}

// The profiler pushes to a receiver, and what arrives has the names and tags that an upload to it has.
func TestProfilerAndReceiver(t *testing.T) {
	receiver := built.Receiver(t)
	startProfiler(t, receiver)
	for _, u := range uploads(t, receiver, "shop", "cpu.pprof", "delta-heap.pprof", "goroutines.pprof") {
		if u.Env != "test" || u.Version != "1.2" || u.Language != "go" || !slices.Contains(u.Tags, "k8s_pod:web-1") {
			t.Errorf("%+v", u)
		}
	}
	wantTotal(t, receiver, "shop", "delta-heap.pprof", "inuse_space")
}

// wantTotal checks that the receiver shows the file: the type is not empty.
func wantTotal(t *testing.T, receiver, service, file, kind string) {
	t.Helper()
	for _, u := range uploads(t, receiver, service, file) {
		if u.Attachments[0].Name != file {
			continue
		}
		response, err := http.Get(fmt.Sprintf("%s/api/uploads/%d/attachments/%s/types", receiver, u.ID, file))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.Contains(string(text), `"type":"`+kind+`"`) {
			t.Errorf("%s: %s %s", file, response.Status, text)
		}
	}
}

// Pyroscope's own client for Go sends to the receiver.
func TestTheClientForGo(t *testing.T) {
	receiver := built.Receiver(t)
	runtime.SetMutexProfileFraction(1)
	defer runtime.SetMutexProfileFraction(0)
	p, err := client.Start(client.Config{ApplicationName: "till", ServerAddress: receiver, UploadRate: time.Second, TenantID: "team-a",
		Tags: map[string]string{"region": "eu"}, ProfileTypes: []client.ProfileType{client.ProfileCPU, client.ProfileAllocObjects, client.ProfileAllocSpace,
			client.ProfileInuseObjects, client.ProfileInuseSpace, client.ProfileGoroutines, client.ProfileMutexCount, client.ProfileMutexDuration}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	for _, u := range uploads(t, receiver, "till", "cpu.pprof", "delta-heap.pprof", "goroutines.pprof", "delta-mutex.pprof") {
		if u.Language != "go" || !slices.Contains(u.Tags, "region:eu") || !slices.Contains(u.Tags, "tenant:team-a") {
			t.Errorf("%+v", u)
		}
	}
	wantTotal(t, receiver, "till", "delta-heap.pprof", "alloc_space")
}
