//go:build linux && amd64 && cgo

package profiler_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/merge"
)

// What the process knows and nobody who reads profiles should: it is in no byte of a batch, packed or not, nor in a header.
func TestNoSecretIsSent(t *testing.T) {
	const secret = "zzPlantedSecret"
	a := newAgent(t)
	planted := 0
	plant := func() string { planted++; return fmt.Sprintf("%s%d", secret, planted) }
	t.Setenv("DATABASE_PASSWORD", plant())
	t.Setenv("DD_APP_KEY", plant())
	t.Setenv("DD_GIT_REPOSITORY_URL", "https://user:"+plant()+"@example.com/repository.git")
	t.Setenv("DD_GIT_COMMIT_SHA", "0123456789012345678901234567890123456789")
	t.Setenv("HTTPS_PROXY", "http://user:"+plant()+"@127.0.0.1:9")
	t.Setenv("HOME", filepath.Join(t.TempDir(), plant()))
	t.Setenv("DD_PROFILING_SPOOL_DIR", filepath.Join(t.TempDir(), plant()))
	t.Setenv("DD_PROFILING_CONTROL_FILE", filepath.Join(t.TempDir(), plant()))
	arguments := os.Args
	defer func() { os.Args = arguments }()
	os.Args = append(os.Args[:1:1], "--password="+plant())
	start(t, a, wholePeriod, profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.BlockProfile,
		profiler.MutexProfile, profiler.GoroutineProfile))
	allocate(t, 5)
	profiler.Stop()
	b := a.next(t)
	for name, values := range b.headers {
		for _, value := range values {
			if bytes.Contains([]byte(name+value), []byte(secret)) {
				t.Errorf("header %s: %s", name, value)
			}
		}
	}
	if bytes.Contains(b.body, []byte(secret)) {
		t.Errorf("in the body: %q", around(b.body, secret))
	}
	for name, packed := range b.attachments {
		raw, err := merge.Inflate(packed, nil)
		if err != nil {
			raw = packed
		}
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("in %s: %q", name, around(raw, secret))
		}
	}
}

func around(text []byte, what string) []byte {
	at := bytes.Index(text, []byte(what))
	return text[max(0, at-40):min(len(text), at+40)]
}
