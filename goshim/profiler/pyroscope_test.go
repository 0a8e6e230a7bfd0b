//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/pyroscope"
	"github.com/cmemprof/cmemprof/upload"
)

// series is what a push has, read by field numbers alone: labels are fields 1 of fields 1, the profile is field 1 of field 2.
type series struct {
	labels  map[string]string
	id      string
	profile []byte
}

// fields calls take with each field of a message, all of which are bytes.
func fields(t *testing.T, message []byte, take func(number uint64, bytes []byte)) {
	t.Helper()
	varint := func() (value uint64) {
		for shift := 0; ; shift += 7 {
			if len(message) == 0 {
				t.Fatal("a cut message")
			}
			b := message[0]
			message = message[1:]
			if value |= uint64(b&0x7f) << shift; b < 0x80 {
				return value
			}
		}
	}
	for len(message) > 0 {
		tag := varint()
		if tag&7 != 2 {
			t.Fatalf("field %d is of type %d", tag>>3, tag&7)
		}
		size := varint()
		if size > uint64(len(message)) {
			t.Fatal("a cut field")
		}
		take(tag>>3, message[:size])
		message = message[size:]
	}
}

func seriesOf(t *testing.T, push []byte) (all []series) {
	t.Helper()
	fields(t, push, func(_ uint64, bytes []byte) {
		s := series{labels: map[string]string{}}
		fields(t, bytes, func(number uint64, bytes []byte) {
			var texts [3]string
			fields(t, bytes, func(number uint64, bytes []byte) { texts[number] = string(bytes) })
			if number == 2 {
				s.profile, s.id = []byte(texts[1]), texts[2]
			} else if _, twice := s.labels[texts[1]]; twice {
				t.Errorf("the label %s twice", texts[1])
			} else {
				s.labels[texts[1]] = texts[2]
			}
		})
		all = append(all, s)
	})
	return all
}

func startPyroscope(t *testing.T, options ...profiler.Option) {
	t.Helper()
	err := profiler.Start(append([]profiler.Option{profiler.WithPeriod(200 * time.Millisecond), profiler.WithService("shop"), profiler.WithEnv("test"),
		profiler.WithTags("team:a")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(profiler.Stop)
}

func TestWithPyroscope(t *testing.T) {
	e := newEngine(t, false)
	t.Setenv("PYROSCOPE_TENANT_ID", "team-a")
	t.Setenv("DD_API_KEY", testKey)
	startPyroscope(t, profiler.WithPyroscope(strings.Replace(e.URL, "://", "://user:pass@", 1)+"/"))
	r := e.next(t)
	if r.path != "/push.v1.PusherService/Push" || r.headers.Get("Content-Type") != "application/proto" {
		t.Errorf("%s with %v", r.path, r.headers)
	}
	if r.headers.Get("Authorization") != "Basic dXNlcjpwYXNz" || r.headers.Get("X-Scope-OrgID") != "team-a" || r.headers.Get("Dd-Api-Key") != "" {
		t.Errorf("headers %v", r.headers)
	}
	found := map[string]bool{}
	for all := []string{"memory", "process_cpu", "memory_peak"}; len(all) > 0; r = e.next(t) {
		got := seriesOf(t, r.body)
		if len(got) != 1 {
			t.Fatalf("%d series in a push", len(got))
		}
		s := got[0]
		found[s.labels["__name__"]] = true
		p, err := profile.ParseData(s.profile)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.CheckValid(); err != nil {
			t.Errorf("%v: %v", s.labels, err)
		}
		want := map[string]string{"service_name": "shop", "env": "test", "team": "a", "pyroscope_spy": "gospy", "__delta__": "false"}
		for name, value := range want {
			if s.labels[name] != value {
				t.Errorf("%s is %q, want %q", name, s.labels[name], value)
			}
		}
		if len(s.labels) > 18 || len(s.labels["__session_id__"]) != 16 || s.labels["profile_seq"] != "" || len(s.id) != 36 {
			t.Errorf("labels %v, id %q", s.labels, s.id)
		}
		all = slices.DeleteFunc(all, func(name string) bool { return found[name] })
	}
}

// A profile that is refused for good is said and left out; the others of its batch are sent, and what a passing error stopped comes again, but
// nothing that was taken.
func TestPyroscopeAnswers(t *testing.T) {
	e := newEngine(t, false)
	came := make(chan string, 1000)
	tries := map[string]int{} // by one thread: the profiler sends one at a time
	e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s := seriesOf(t, body)[0]
		tries[s.id]++
		answer := "200"
		switch {
		case s.labels["__name__"] == "memory":
			answer = "400"
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"code":"invalid_argument","message":"too many samples"}`))
		case s.labels["__name__"] == "memory_peak" && tries[s.id] == 1:
			answer = "503"
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		came <- s.labels["__name__"] + " " + answer + " " + s.id
	})
	log := captureLog(t)
	startPyroscope(t, profiler.WithPyroscope(e.URL), profiler.WithPeriod(time.Second))
	count := map[string]int{}
	stopped := ""
	for end := time.After(patience); stopped == "" || count["memory_peak 200 "+stopped] == 0; {
		select {
		case text := <-came:
			count[text]++
			if id, ok := strings.CutPrefix(text, "memory_peak 503 "); ok && stopped == "" {
				stopped = id
			}
		case <-end:
			t.Fatalf("came: %v", count)
		}
	}
	cpu := 0
	for text, n := range count {
		if n > 1 {
			t.Errorf("%s came %d times", text, n)
		}
		if strings.HasPrefix(text, "process_cpu 200") {
			cpu++
		}
	}
	if text := strings.Join(log.all(), "\n"); cpu == 0 || !strings.Contains(text, "Pyroscope does not take the profile memory: ") || !strings.Contains(text, "too many samples") {
		t.Errorf("%d CPU profiles; the log: %s", cpu, text)
	}
}

func TestPyroscopeSeries(t *testing.T) {
	tags := "service:shop,service.name:twice,k8s.pod:p,k8s_pod:q,__name__:own,:x,profile_seq:7,_dd.x:y,host:h,runtime-id:r,long:" + strings.Repeat("v", 3000)
	for i := range 40 {
		tags += fmt.Sprintf(",t%d:v", i)
	}
	event, _ := json.Marshal(map[string]string{"tags_profiler": tags + ",env:late", "start": "2026-01-02T03:04:05Z"})
	var packed bytes.Buffer
	f := &profile.Function{ID: 1, Name: "f"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f}}}
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}}, Function: []*profile.Function{f}, Location: []*profile.Location{l},
		Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{5}, Label: map[string][]string{"trace endpoint": {"/buy"}, "span id": {"7"}}}}}
	if err := p.Write(&packed); err != nil {
		t.Fatal(err)
	}
	r := upload.Request{Event: event, Attachments: []upload.Attachment{{Name: "delta-heap.pprof", Bytes: packed.Bytes()}, {Name: "heap.pprof", Bytes: packed.Bytes()},
		{Name: "metrics.json", Bytes: []byte("[]")}, {Name: "cpu.pprof", Bytes: []byte{0x28, 0xb5, 0x2f, 0xfd, 1}}}}
	all, leftOut, err := profiler.PyroscopeSeries(r)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d series, %v", len(all), err)
	}
	again, _, _ := profiler.PyroscopeSeries(r)
	if all[0].ID != again[0].ID || all[0].ID == all[1].ID {
		t.Errorf("ids %q, %q, %q", all[0].ID, again[0].ID, all[1].ID)
	}
	sent, err := profile.ParseData(all[0].Profile)
	if err != nil {
		t.Fatal(err)
	}
	if got := sent.Sample[0].Label; len(got) != 1 || got["trace_endpoint"][0] != "/buy" || sent.Sample[0].Value[0] != 5 {
		t.Errorf("labels %v", got)
	}
	labels := func(s pyroscope.Series) map[string]string {
		m := map[string]string{}
		for _, l := range s.Labels {
			if _, twice := m[l.Name]; twice || l.Name == "" {
				t.Errorf("the label %q twice, or empty", l.Name)
			}
			m[l.Name] = l.Value
		}
		return m
	}
	one, two := labels(all[0]), labels(all[1])
	if _, has := two["__delta__"]; has || one["__delta__"] != "false" || one["__name__"] != "memory" || len(one) != 18 {
		t.Errorf("%d labels: %v and %v", len(one), one, two)
	}
	for name, value := range map[string]string{"service_name": "shop", "service_name_": "", "env": "late", "hostname": "h", "k8s_pod": "p", "t0": "v", "_dd_x": ""} {
		if one[name] != value {
			t.Errorf("%s is %q, want %q", name, one[name], value)
		}
	}
	if len(one["long"]) != 1024 || len(one["__session_id__"]) != 16 {
		t.Errorf("%d bytes of long, session %q", len(one["long"]), one["__session_id__"])
	}
	text := strings.Join(leftOut, "\n")
	if len(leftOut) != 2 || !strings.Contains(text, "tags are not sent") || !strings.Contains(text, "cpu.pprof cannot be sent") {
		t.Errorf("left out: %s", text)
	}
	if all, _, err := profiler.PyroscopeSeries(upload.Request{Event: event}); len(all) != 0 || err != nil {
		t.Errorf("a batch without profiles: %d series, %v", len(all), err)
	}
}

func TestPyroscopeTarget(t *testing.T) {
	const push = "/push.v1.PusherService/Push"
	for name, c := range map[string]struct {
		variable string
		options  []profiler.Option
		want     string
	}{
		"default":    {"", []profiler.Option{profiler.WithPyroscope("")}, "http://localhost:4040" + push},
		"variable":   {"https://p.example/base/", []profiler.Option{profiler.WithPyroscope("")}, "https://p.example/base" + push},
		"option":     {"http://other", []profiler.Option{profiler.WithPyroscope("http://u:p@own:1")}, "http://own:1" + push},
		"no option":  {"http://other", nil, "http://localhost:8126/profiling/v1/input"},
		"Agent last": {"", []profiler.Option{profiler.WithPyroscope(""), profiler.WithAgentAddr("a:1")}, "http://a:1/profiling/v1/input"},
		"OTLP last":  {"", []profiler.Option{profiler.WithPyroscope(""), profiler.WithOTLP("http://o:1")}, "http://o:1/v1development/profiles"},
		"last":       {"", []profiler.Option{profiler.WithOTLP("http://o:1"), profiler.WithUDS("/s"), profiler.WithPyroscope("")}, "http://localhost:4040" + push},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PYROSCOPE_SERVER_ADDRESS", c.variable)
			if got, err := profiler.Target(c.options...); err != nil || got != c.want {
				t.Errorf("%s, %v, want %s", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"p.example:4040", "http://%zz:secret@p", "/path", "ftp://h", "https://h/?x=y", "https://h/#f"} {
		if _, err := profiler.Target(profiler.WithPyroscope(bad)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	t.Setenv("PYROSCOPE_TENANT_ID", "a\nb")
	if _, err := profiler.Target(profiler.WithPyroscope("")); err == nil || !strings.Contains(err.Error(), "PYROSCOPE_TENANT_ID") {
		t.Errorf("a tenant of two lines: %v", err)
	}
}
