//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	if found := b.where(secret); len(found) > 0 {
		t.Errorf("sent: %q", found)
	}
}

// where returns the places of a batch that have the text: headers, the body as it was sent, attachments unpacked, each with what is around it.
func (b *received) where(text string) map[string]string {
	found := map[string]string{}
	look := func(name string, in []byte) {
		if bytes.Contains(in, []byte(text)) {
			found[name] = string(around(in, text))
		}
	}
	for name, values := range b.headers {
		look(name, []byte(name+": "+strings.Join(values, " ")))
	}
	look("body", b.body)
	for name, packed := range b.attachments {
		raw, err := merge.Inflate(packed, nil)
		if err != nil {
			raw = packed
		}
		look(name, raw)
	}
	return found
}

func around(text []byte, what string) []byte {
	at := bytes.Index(text, []byte(what))
	return text[max(0, at-40):min(len(text), at+40)]
}
