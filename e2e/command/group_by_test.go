package command

// Grouped by a label: go tool pprof -tagroot is the oracle of tables by function, line and file; sums of samples that of the values.

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// requests is a profile whose samples have a tenant, a size in bytes, both or neither.
func requests(t *testing.T) *profile.Profile {
	p := newService(11).next()
	for i, s := range p.Sample {
		if i%4 != 0 {
			if s.Label == nil {
				s.Label = map[string][]string{}
			}
			s.Label["tenant"] = []string{fmt.Sprintf("tenant/%d", i%3)}
		}
		if i%5 != 0 {
			s.NumLabel, s.NumUnit = map[string][]int64{"size": {int64(i%2) * 100}}, map[string][]string{"size": {"bytes"}}
		}
	}
	return p
}

// asPprof renames the row without the label: pprof has no name for it, and prints its file, the key.
func asPprof(text string) string { return strings.ReplaceAll(text, "  (no label) tenant", "  tenant") }

func TestTagRootAgreesWithPprof(t *testing.T) {
	p := requests(t)
	path, st := write(t, p), p.SampleType[3]
	for by, granularity := range map[string]string{"function": "-filefunctions", "line": "-lines"} {
		for _, filter := range []string{"", "focus=tenant/1", "ignore=f7$", "tagfocus=tenant=tenant/2"} {
			ours, theirs := []string{"--tagroot", "tenant", "--cum", "--by", by}, []string{granularity, "-tagroot=tenant", "-cum"}
			if filter != "" {
				ours, theirs = append(ours, "--"+filter), append(theirs, "-"+filter)
			}
			compare(t, by+" "+filter, asPprof(top(t, append(ours, path)...)), goPprof(t, st, append(theirs, path)...))
		}
	}
}

var valueRow = regexp.MustCompile(`(?m)^ *(-?\d+) +[-\d.]+% +-?\d+  (.*)$`)

func TestGroupByHasARowForEachValue(t *testing.T) {
	p := requests(t)
	path := write(t, p)
	for _, key := range []string{"tenant", "size", "thread", "nobody"} {
		want := map[string]int64{}
		for _, s := range p.Sample {
			name := "(no label)"
			if text := s.Label[key]; len(text) > 0 {
				name = text[0]
			} else if numbers := s.NumLabel[key]; len(numbers) > 0 {
				name = fmt.Sprintf("%d %s", numbers[0], s.NumUnit[key][0])
			}
			want[name+" "+key] += s.Value[3]
		}
		maps.DeleteFunc(want, func(_ string, value int64) bool { return value == 0 })
		got := map[string]int64{}
		text := succeed(t, "top", "--group-by", key, "--type", p.SampleType[3].Type, "--exact", "--lines", "1000", path)
		for _, m := range valueRow.FindAllStringSubmatch(text, -1) {
			got[m[2]] = number(t, m[1])
		}
		if !maps.Equal(got, want) {
			t.Errorf("by %s: %v, want %v:\n%s", key, got, want, text)
		}
	}
}

// Other reports have the values as roots, and people read them with their key.
func TestGroupByInOtherReports(t *testing.T) {
	path := write(t, requests(t))
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"top", "--group-by", "tenant"}, "all memory by tenant"},
		{[]string{"top", "--group-by", "tenant", "--by", "file", "--cum", "--lines", "100"}, "tenant/1  tenant"},
		{[]string{"top", "--group-by", "tenant", "--by", "stack", "--lines", "100"}, "<- tenant/1"},
		{[]string{"top", "--group-by", "tenant", "--tree"}, "tenant/1"},
		{[]string{"top", "--group-by", "tenant", "--peek", "tenant/1"}, "tenant/1"},
		{[]string{"top", "--group-by", "tenant", "--traces"}, "tenant/1"},
	} {
		if text := succeed(t, append(c.arguments, path)...); !strings.Contains(text, c.want) {
			t.Errorf("%v has no %q:\n%.2000s", c.arguments, c.want, text)
		}
	}
	if text := succeed(t, "diff", "--group-by", "tenant", path, path); !strings.Contains(text, "none") {
		t.Errorf("a difference of the same:\n%s", text)
	}
}
