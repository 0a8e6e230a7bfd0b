//go:build cmemprof_corpus

package merge_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFuzzedCorpus compares the corpora of merge/fuzz, in the directory CMEMPROF_CORPUS. make test-fuzz and make fuzz run it, with its build tag.
func TestFuzzedCorpus(t *testing.T) {
	folder := os.Getenv("CMEMPROF_CORPUS")
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	compared := 0
	var last []byte
	for i, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2][]byte{{data, data}, {last, data}} {
			ok := t.Run(filepath.Base(path), func(t *testing.T) {
				if compareMerge(t, pair[0], pair[1]) {
					compared++
				}
				if compareDelta(t, pair[0], pair[1], uint8(i)) {
					compared++
				}
			})
			if !ok {
				t.Logf("last was %s", paths[max(i-1, 0)])
			}
		}
		last = data
	}
	t.Logf("%d comparisons from %d files", compared, len(paths))
}
