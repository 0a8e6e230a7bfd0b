//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const (
	secretValue = "zzLabelValue"
	secretKey   = "zzLabelKey"
	secretPath  = "zzFolder"
	secretHost  = "zzHost"
	emptyKey    = "zzEmptyKey" // of a label without a value

	plantedCgroup = 7777777
)

// planted returns a profile of which a sample has a secret label beside others, in a file in a secret folder.
func planted(types ...string) []byte {
	function := &profile.Function{ID: 1, Name: "example.org/store.Get", Filename: "/home/" + secretPath + "/store/get.go"}
	file := &profile.Function{ID: 2, Name: "/home/" + secretPath + "/data.db"} // as in a memory profile
	mapping := &profile.Mapping{ID: 1, File: "/home/" + secretPath + "/server"}
	locations := []*profile.Location{{ID: 1, Mapping: mapping, Address: 0x1000, Line: []profile.Line{{Function: function}}},
		{ID: 2, Mapping: mapping, Address: 0x2000, Line: []profile.Line{{Function: file}}}}
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Mapping: []*profile.Mapping{mapping},
		Function: []*profile.Function{function, file}, Location: locations,
		Comments: []string{"cmemprof: labels: left out, as asked for: " + secretKey, "cmemprof: warning: kept"},
		Sample: []*profile.Sample{{Location: locations, Value: make([]int64, len(types)),
			Label: map[string][]string{secretKey: {secretValue}, "tenant": {"acme"}, "memory": {"C"}}, NumLabel: map[string][]int64{"bytes": {8}}}}}
	for i, name := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
		p.Sample[0].Value[i] = 5
	}
	var buffer bytes.Buffer
	if err := p.WriteUncompressed(&buffer); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

var plantedHeapTypes = []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}

// plantedFakes plant the same secrets in each profile.
func plantedFakes(a *agent) profiler.Fakes {
	fakes := a.steps()
	var cpu io.Writer
	fakes.StartC = func(int64) error { return nil }
	fakes.ProfileC = func() ([]byte, error) { return planted(plantedHeapTypes...), nil }
	fakes.PeaksC = func() ([]byte, error) { return planted("peak_objects"), nil }
	fakes.GetPeaksC = func() (live, rss cmemprof.Peak) { live.Time = live.Time.AddDate(1, 0, 0); return live, rss }
	fakes.Memory = func([]byte, *cmemprof.AllocatorStats) (cmemprof.MemoryFigures, []byte, error) {
		return cmemprof.MemoryFigures{HasParts: true, IsComplete: true,
			Cgroup: cmemprof.CgroupMemory{Version: 2, ID: plantedCgroup, Bytes: 1}}, planted("resident_space"), nil
	}
	fakes.StartCPU = func(w io.Writer) error { cpu = w; return nil }
	fakes.StopCPU = func() uint64 { _, _ = cpu.Write(planted("cpu")); return 0 }
	fakes.Lookup = func(name string, w io.Writer) error {
		types := map[string][]string{"heap": plantedHeapTypes, "block": {"contentions", "delay"}, "mutex": {"contentions", "delay"}}[name]
		if types == nil {
			types = []string{name}
		}
		_, err := w.Write(planted(types...))
		return err
	}
	fakes.ListGoroutines = func(w io.Writer) error {
		_, err := io.WriteString(w, "goroutine 7 [select, 3 minutes]:\nexample.org/store.Get(0x1)\n\t/home/"+secretPath+"/store/get.go:12 +0x1d\n\n")
		return err
	}
	return fakes
}

// plantedBatch is a batch of all types of profiles, each with each secret.
func plantedBatch(t *testing.T, options ...profiler.Option) *received {
	t.Helper()
	t.Setenv("DD_PROFILING_WAIT_PROFILE", "true")
	t.Setenv("DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES", "100000")
	t.Setenv("DD_PROFILING_ENDPOINT_COUNT_ENABLED", "true")
	a := newAgent(t)
	defer profiler.SetFakes(plantedFakes(a))()
	start(t, a, append([]profiler.Option{wholePeriod, profiler.WithHostname(secretHost), profiler.WithCustomProfilerLabelKeys(secretKey, "tenant"),
		profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.BlockProfile, profiler.MutexProfile, profiler.GoroutineProfile)}, options...)...)
	profiler.CountEndpoint("GET /" + secretValue)
	b := a.period(t)
	profiler.Stop()
	return b
}

var withLabels = []string{"cpu.pprof", "delta-heap.pprof", "peak.pprof", "memory.pprof", "delta-block.pprof", "delta-mutex.pprof", "goroutines.pprof"}

// Without switches each secret is sent, or the tests below would find nothing.
func TestPlantedSecretsAreSent(t *testing.T) {
	b := plantedBatch(t)
	for _, secret := range []string{secretKey, secretValue, secretPath} {
		found := b.where(secret)
		for _, name := range withLabels {
			if found[name] == "" {
				t.Errorf("%s is not in %s of %q", secret, name, b.order)
			}
		}
	}
	if b.where(secretPath)["goroutineswait.pprof"] == "" || b.where(secretHost)["body"] == "" || b.where("process_id:")["body"] == "" {
		t.Errorf("not sent: %q", b.order)
	}
	if b.event.Endpoints["GET /"+secretValue] != 1 {
		t.Errorf("endpoints %v", b.event.Endpoints)
	}
}

func wantUnsent(t *testing.T, b *received, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if found := b.where(secret); len(found) > 0 {
			t.Errorf("%s is sent: %q", secret, found)
		}
	}
	for _, name := range append(withLabels, "goroutineswait.pprof") {
		if p := b.profile(t, name); len(p.Sample) == 0 {
			t.Errorf("%s has no samples", name)
		}
	}
}

func TestLabelFilter(t *testing.T) {
	for _, rule := range []string{"allow:tenant", "allow: tenant ,other", "allow:", "deny:" + secretKey + ",trace endpoint"} {
		b := plantedBatch(t, profiler.WithLabelFilter(rule))
		wantUnsent(t, b, secretKey, secretValue)
		for _, name := range withLabels {
			p := b.profile(t, name)
			s := p.Sample[0]
			if got, want := s.Label["tenant"] != nil, rule != "allow:"; got != want {
				t.Errorf("%s: %s has the labels %v", rule, name, s.Label)
			}
			ofC := name == "delta-heap.pprof" || name == "peak.pprof" || name == "memory.pprof" // where memory=C is no goroutine's
			if got, want := s.Label["memory"] != nil, ofC || strings.HasPrefix(rule, "deny"); got != want {
				t.Errorf("%s: %s has the labels %v", rule, name, s.Label)
			}
			if !slices.Equal(s.NumLabel["bytes"], []int64{8}) || name != "delta-heap.pprof" && s.Value[0] != 5 {
				t.Errorf("%s: %s has %v, %v", rule, name, s.NumLabel, s.Value)
			}
			if !slices.Contains(p.Comments, "cmemprof: warning: kept") {
				t.Errorf("%s: %s has the comments %q", rule, name, p.Comments)
			}
		}
		if p := b.profile(t, "goroutineswait.pprof"); p.Sample[0].Label["state"] == nil || p.Sample[0].NumLabel["goid"] == nil {
			t.Errorf("labels of the wait profile: %v, %v", p.Sample[0].Label, p.Sample[0].NumLabel)
		}
		if b.event.Info.Profiler.Settings["cmemprof_labels_filtered"] != true {
			t.Errorf("settings %v", b.event.Info.Profiler.Settings)
		}
	}
	wantError(t, `"tenant" is neither allow:KEY,KEY nor deny:KEY,KEY`, profiler.WithLabelFilter("tenant"))
	wantError(t, "names no key", profiler.WithLabelFilter("deny: ,"))
	t.Setenv("DD_PROFILING_LABELS", "only:tenant")
	wantError(t, "DD_PROFILING_LABELS: ")
	t.Setenv("DD_PROFILING_LABELS", "allow:tenant")
	wantUnsent(t, plantedBatch(t), secretKey, secretValue)
}

// A profile that cannot be read is not sent as it is.
func TestWhatCannotBeRedactedIsNotSent(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	fakes := plantedFakes(a)
	fakes.PeaksC = func() ([]byte, error) { return append([]byte{0xff}, planted("peak_objects")...), nil }
	defer profiler.SetFakes(fakes)()
	start(t, a, wholePeriod, profiler.WithLabelFilter("allow:tenant"))
	b := a.period(t)
	if b.attachments["peak.pprof"] != nil || b.attachments["memory.pprof"] == nil || since(base).ProfilesFailed != 1 {
		t.Errorf("attachments %q, counters %+v", b.order, since(base))
	}
}

func TestReportSwitches(t *testing.T) {
	for name, c := range map[string]struct {
		what   profiler.Reported
		secret string
	}{
		"DD_PROFILING_REPORT_HOSTNAME":     {profiler.ReportHostname, "host:"},
		"DD_PROFILING_REPORT_PROCESS_ID":   {profiler.ReportProcessID, "process_id:"},
		"DD_PROFILING_REPORT_SOURCE_PATHS": {profiler.ReportSourcePaths, secretPath},
		"DD_PROFILING_REPORT_CONTAINER":    {profiler.ReportContainer, strconv.Itoa(plantedCgroup)},
	} {
		wantUnsent(t, plantedBatch(t, profiler.WithReport(c.what, false)), c.secret)
		t.Setenv(name, "false")
		wantUnsent(t, plantedBatch(t), c.secret)
		if b := plantedBatch(t, profiler.WithReport(c.what, true)); len(b.where(c.secret)) == 0 {
			t.Errorf("%s is not sent", c.secret)
		}
		t.Setenv(name, "maybe")
		wantError(t, name+": ")
		t.Setenv(name, "")
	}
	t.Setenv("DD_PROFILING_REPORT_API_KEY", "maybe")
	wantError(t, "DD_PROFILING_REPORT_API_KEY: ")
	t.Setenv("DD_PROFILING_REPORT_API_KEY", "")
	wantError(t, "99 is not among what is reported", profiler.WithReport(99, false))
}

// In an execution trace nothing is cut: none is taken if it would have what shall not be sent.
func TestNoTraceOfWhatIsLeftOut(t *testing.T) {
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	for why, option := range map[string]profiler.Option{
		"":                      profiler.WithReport(profiler.ReportHostname, false),
		"paths of source files": profiler.WithReport(profiler.ReportSourcePaths, false),
		"the process id":        profiler.WithReport(profiler.ReportProcessID, false),
		"names of tasks":        profiler.WithLabelFilter("deny:user"),
	} {
		log, a := captureLog(t), newAgent(t)
		startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile), option)
		b := a.period(t)
		profiler.Stop()
		if got := slices.Contains(b.order, "go.trace"); got != (why == "") {
			t.Errorf("%q: a trace is sent: %t", why, got)
		}
		if why != "" {
			log.wantOnly(t, "no execution trace is taken, since it would have "+why)
		}
	}
}

// Words of DD_PROFILING_CMEMPROF_LABELS name keys, too.
func TestKeysInSettingsAreFiltered(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_LABELS", "off,-"+secretKey+","+secretKey+",tenant")
	for rule, want := range map[string]string{"allow:tenant": "off,tenant", "allow:": "off", "deny:" + secretKey: "off,tenant"} {
		b := plantedBatch(t, profiler.WithLabelFilter(rule))
		if got := b.event.Info.Profiler.Settings["cmemprof_labels"]; got != want || len(b.where(secretKey)) > 0 {
			t.Errorf("%s: %v", rule, got)
		}
	}
}

// Paths of this very program, as the compiler wrote them. Those of C code may begin as -trimpath writes them (scripts/test-go-versions).
func TestSourcePathsAreCut(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	_, file, _, _ := runtime.Caller(0)
	if !filepath.IsAbs(file) {
		t.Skip("this test was built with -trimpath")
	}
	root := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	log, a := captureLog(t), newAgent(t)
	startStepped(t, a, profiler.WithReport(profiler.ReportSourcePaths, false), profiler.WithProfileTypes(profiler.HeapProfile, profiler.GoroutineProfile))
	allocate(t, 100)
	b := a.period(t)
	if found := b.where(root + "/"); len(found) > 0 {
		t.Errorf("%s is sent: %q", root, found)
	}
	var files []string
	for _, name := range []string{"goroutines.pprof", "delta-heap.pprof"} {
		for _, f := range b.profile(t, name).Function {
			files = append(files, f.Filename)
		}
	}
	for _, want := range []string{"github.com/cmemprof/cmemprof/goshim/profiler/profiler.go", "runtime/proc.go", "testing/testing.go"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is not among %q", want, files)
		}
	}
	for _, f := range files {
		if filepath.IsAbs(f) && !strings.HasPrefix(f, "/_/github.com/cmemprof/cmemprof/") {
			t.Errorf("%s is a path of this machine", f)
		}
	}
	log.wantOnly(t, "no execution trace is taken")
}

// Labels of goroutines, as the runtime and C's heap have them.
func TestLabelFilterOfRealProfiles(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	for _, rule := range []string{"", "allow:tenant"} {
		a := newAgent(t)
		var options []profiler.Option
		if rule != "" {
			options = append(options, profiler.WithLabelFilter(rule))
		}
		startStepped(t, a, append(options, profiler.WithProfileTypes(profiler.HeapProfile, profiler.GoroutineProfile))...)
		var b *received
		pprof.Do(context.Background(), pprof.Labels(secretKey, secretValue, "tenant", "acme", emptyKey, ""), func(context.Context) {
			for range 2000 { // threads adopt the interval with their next sample
				mergeInC(t)
			}
			b = a.period(t)
		})
		profiler.Stop()
		if got := b.where(emptyKey)["goroutines.pprof"]; (got != "") != (rule == "") {
			t.Errorf("%q: a label without a value: %q", rule, got)
		}
		for _, name := range []string{"goroutines.pprof", "delta-heap.pprof"} {
			if got := b.where(secretValue)[name]; (got != "") != (rule == "") {
				t.Errorf("%q: %s: %q", rule, name, got)
			}
			if b.where("acme")[name] == "" {
				t.Errorf("%q: %s lacks what is allowed", rule, name)
			}
		}
	}
}
