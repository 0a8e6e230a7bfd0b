package receiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// A CPU profile whose stacks are partly its own, with a label of three values and one of as many as samples.
func numberedProfile(number int) *profile.Profile {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000, TimeNanos: 1, DurationNanos: 60_000_000_000}
	for i := range 40 {
		function := &profile.Function{ID: uint64(i + 1), Name: fmt.Sprintf("main.f%d", i), Filename: "/f.go"}
		if i == 0 {
			function.Name = fmt.Sprintf("main.only%d", number)
		}
		location := &profile.Location{ID: uint64(i + 1), Line: []profile.Line{{Function: function, Line: int64(i)}}}
		p.Function, p.Location = append(p.Function, function), append(p.Location, location)
		p.Sample = append(p.Sample, &profile.Sample{Location: p.Location[max(0, i-5) : i+1], Value: []int64{int64(1 + number), int64(1+i) * 10_000_000},
			Label: map[string][]string{"tenant": {strconv.Itoa((number + i) % 3)}, "span id": {fmt.Sprintf("%d-%d", number, i)}}})
	}
	return p
}

// Sums by stack and by the labels of the keys.
func sumsOf(p *profile.Profile, keys ...string) map[string]string {
	sums := map[string][]int64{}
	for _, s := range p.Sample {
		var key strings.Builder
		for _, l := range s.Location {
			for _, line := range l.Line {
				fmt.Fprintf(&key, "%s:%d ", line.Function.Name, line.Line)
			}
		}
		for _, k := range keys {
			fmt.Fprint(&key, k, s.Label[k])
		}
		if sums[key.String()] == nil {
			sums[key.String()] = make([]int64, len(s.Value))
		}
		for i, value := range s.Value {
			sums[key.String()][i] += value
		}
	}
	texts := map[string]string{}
	for key, values := range sums {
		texts[key] = fmt.Sprint(values)
	}
	return texts
}

// More uploads than a view reads files: with roll-ups it has them all, as google/pprof merges them. They are made while the receiver is
// killed again and again.
func TestRollups(t *testing.T) {
	t.Parallel()
	const days, hosts, kinds = 2, 2, 24
	data := t.TempDir()
	var contents [kinds][]byte
	var times [kinds]int64
	for i := range contents {
		var out bytes.Buffer
		if err := numberedProfile(i).Write(&out); err != nil {
			t.Fatal(err)
		}
		contents[i] = out.Bytes()
	}
	begin := time.Now().UTC().Truncate(24 * time.Hour).Add(-days * 24 * time.Hour)
	id := 0
	for minute := range days * 24 * 60 {
		for host := range hosts {
			id++
			upload := filepath.Join(data, "uploads", strconv.Itoa(id))
			if err := os.MkdirAll(upload, 0o700); err != nil {
				t.Fatal(err)
			}
			at := begin.Add(time.Duration(minute) * time.Minute)
			event := fmt.Sprintf(`{"start":%q,"end":%q,"family":"go","version":"4","tags_profiler":"service:shop,host:host-%d,profile_seq:%d"}`,
				at.Format(time.RFC3339), at.Add(time.Minute).Format(time.RFC3339), host, id)
			kind := id * 7 % kinds
			times[kind]++
			for name, content := range map[string][]byte{"event.json": []byte(event), "0-cpu.pprof": contents[kind]} {
				if err := os.WriteFile(filepath.Join(upload, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var all []*profile.Profile
	for kind, count := range times {
		p := numberedProfile(kind)
		p.Scale(float64(count))
		all = append(all, p)
	}
	expected, err := profile.Merge(all)
	if err != nil {
		t.Fatal(err)
	}

	killed, _ := kills(t)
	random := rand.New(rand.NewSource(1))
	for range killed {
		r := start(t, data, plain(t))
		time.Sleep(time.Duration(random.Intn(1500)) * time.Millisecond)
		r.kill()
	}
	r := start(t, data, plain(t))
	defer func() { r.stop(t) }()
	if strings.Contains(r.output.String(), "roll-ups") {
		t.Errorf("after it was killed: %s", r.output.String())
	}
	var tree struct {
		Uploads int
		LeftOut int `json:"uploads_left_out"`
		Seconds float64
		Total   int64
	}
	for begin := time.Now(); time.Since(begin) < 2*patience; time.Sleep(200 * time.Millisecond) {
		status, body := r.get(t, "/api/tree?service=shop&attachment=cpu.pprof&type=samples")
		if err := json.Unmarshal(body, &tree); err != nil || status != 200 {
			t.Fatalf("%d %s: %v", status, body, err)
		}
		if tree.Uploads+tree.LeftOut != id {
			t.Fatalf("%d uploads and %d left out of %d", tree.Uploads, tree.LeftOut, id)
		}
		if tree.LeftOut == 0 {
			break
		}
	}
	if tree.LeftOut != 0 || tree.Seconds != float64(id)*60 {
		t.Fatalf("%d uploads left out, %g s of %d", tree.LeftOut, tree.Seconds, id*60)
	}
	for _, keys := range [][]string{nil, {"tenant"}} {
		path := "/api/profile?service=shop&attachment=cpu.pprof"
		for _, key := range keys {
			path += "&label=" + key + ":0"
		}
		status, body := r.get(t, path)
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		merged, err := profile.ParseData(body)
		if err != nil {
			t.Fatal(err)
		}
		got, want := sumsOf(merged, keys...), sumsOf(expected, keys...)
		if !maps.Equal(got, want) {
			var differ []string
			for key := range want {
				if got[key] != want[key] {
					differ = append(differ, fmt.Sprintf("%s: %s, by google/pprof %s", key, got[key], want[key]))
				}
			}
			sort.Strings(differ)
			t.Errorf("%v: %d of %d stacks, %d differ: %.500s", keys, len(got), len(want), len(differ), strings.Join(differ, "\n"))
		}
	}
	// Of a key with too many values the files are read.
	status, body := r.get(t, "/api/tree?service=shop&attachment=cpu.pprof&type=samples&group_by=span+id")
	if err := json.Unmarshal(body, &tree); err != nil || status != 200 || tree.Uploads != 5000 || tree.LeftOut != id-5000 {
		t.Errorf("by a label that roll-ups lack: %d, %d uploads, %d left out", status, tree.Uploads, tree.LeftOut)
	}
}
