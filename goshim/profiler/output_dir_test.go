//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Every batch is on disk with the files that were sent, and batches of the same second do not overwrite each other.
func TestOutputDir(t *testing.T) {
	a, dir := newAgent(t), filepath.Join(t.TempDir(), "not", "yet", "there")
	t.Setenv("DD_PROFILING_OUTPUT_DIR", dir)
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	var batches []*received
	for range 3 {
		batches = append(batches, a.period(t))
	}
	profiler.Stop()
	err := filepath.Walk(filepath.Dir(filepath.Dir(dir)), func(path string, info os.FileInfo, err error) error {
		if err == nil && strings.HasPrefix(path, dir) && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is for others, too: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		paths, err := filepath.Glob(filepath.Join(dir, b.event.End.UTC().Format("20060102T150405Z")+"*", "delta-heap.pprof"))
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(paths, func(path string) bool {
			bytes1, err1 := os.ReadFile(path)
			_, err2 := os.Stat(filepath.Join(filepath.Dir(path), "metrics.json"))
			event, err3 := os.ReadFile(filepath.Join(filepath.Dir(path), "event.json"))
			return err1 == nil && err2 == nil && err3 == nil && bytes.Equal(bytes1, b.attachments["delta-heap.pprof"]) &&
				bytes.Contains(event, []byte("profile_seq:"+b.tags("profile_seq")[0]+","))
		})
		if !found {
			t.Errorf("batch %s is not in any of %q", b.tags("profile_seq"), paths)
		}
	}
}

func TestOutputDirCannotBeWritten(t *testing.T) {
	a, log, base := newAgent(t), captureLog(t), profiler.Stats()
	t.Setenv("DD_PROFILING_OUTPUT_DIR", "/dev/null/folder")
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes())
	for range 3 {
		a.period(t)
	}
	profiler.Stop()
	if got := since(base); got.OutputsFailed < 3 || got.BatchesFailed+got.BatchesDropped+got.ProfilesFailed != 0 {
		t.Errorf("%+v", got)
	}
	log.wantOnly(t, "cannot be written to DD_PROFILING_OUTPUT_DIR")
}
