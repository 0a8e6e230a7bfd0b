package merge_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// FuzzDecode: any input gives an error or a profile that google/pprof reads; inputs accepted here are accepted by google/pprof, with the same result.
func FuzzDecode(f *testing.F) {
	for seed := range int64(40) {
		f.Add(encode(f, newWorld(seed).profile()))
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(encode(f, newWorld(3).profile()))
	z.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		got, err := merge.Merge(data, data)
		if err != nil {
			return
		}
		ours, err := profile.ParseData(got)
		if err != nil {
			t.Fatalf("google/pprof does not read the result: %v", err)
		}
		theirs, err := profile.ParseData(data)
		if err != nil || unlike(theirs) {
			return
		}
		merged, err := profile.Merge([]*profile.Profile{theirs, theirs})
		if err != nil {
			t.Fatalf("we merge what google/pprof does not: %v", err)
		}
		if text := difference(canonOf(ours), canonOf(merged)); text != "" {
			t.Fatalf("differs from google/pprof\n%s", text)
		}
	})
}

// unlike reports intended differences: google/pprof merges similar mappings of one process, and its sums wrap around.
func unlike(p *profile.Profile) bool {
	seen := map[string]bool{}
	for _, m := range p.Mapping {
		key := canonMapping(m)
		if seen[key] {
			return true
		}
		seen[key] = true
	}
	const limit = 1 << 40
	for _, s := range p.Sample {
		for _, v := range s.Value {
			if v > limit || v < -limit {
				return true
			}
		}
	}
	return p.DurationNanos > limit || p.DurationNanos < -limit
}
