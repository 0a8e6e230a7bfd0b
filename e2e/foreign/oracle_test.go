// Package foreign compares what is read of other tools' files with what these tools, or google/pprof, say of them.
package foreign

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

// The profile that cmemprof convert makes of a file.
func converted(t *testing.T, file string) *profile.Profile {
	t.Helper()
	result := filepath.Join(t.TempDir(), "result.pprof")
	if out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "-o", result, file).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", file, err, out)
	}
	content, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(content)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// The sum of each sample type.
func sums(p *profile.Profile) map[string]int64 {
	all := map[string]int64{}
	for i, of := range p.SampleType {
		all[of.Type] = 0
		for _, sample := range p.Sample {
			all[of.Type] += sample.Value[i]
		}
	}
	return all
}

// Values by stack, as file and offset of each address, so that it does not matter where mappings begin.
func stacks(p *profile.Profile) map[string]string {
	values := map[string][]int64{}
	for _, sample := range p.Sample {
		var key strings.Builder
		for _, location := range sample.Location {
			m := location.Mapping
			if m == nil || m.File == "" {
				fmt.Fprintf(&key, "%#x ", location.Address)
			} else {
				fmt.Fprintf(&key, "%s+%#x ", m.File, location.Address-m.Start+m.Offset)
			}
		}
		fmt.Fprintf(&key, "%v", sample.NumLabel)
		if values[key.String()] == nil {
			values[key.String()] = make([]int64, len(sample.Value))
		}
		for i, value := range sample.Value {
			values[key.String()][i] += value
		}
	}
	texts := map[string]string{}
	for key, of := range values {
		texts[key] = fmt.Sprint(of)
		if strings.Trim(texts[key], "[0 ]") == "" {
			delete(texts, key) // samples of zeros are not written
		}
	}
	return texts
}

func compare(t *testing.T, name string, content []byte) *profile.Profile {
	t.Helper()
	theirs, err := profile.ParseData(content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ours := converted(t, write(t, name, content))
	if len(ours.SampleType) != len(theirs.SampleType) || ours.Period != theirs.Period || ours.DurationNanos != theirs.DurationNanos {
		t.Errorf("%s: types %v, google/pprof has %v", name, ours.SampleType, theirs.SampleType)
	}
	if !maps.Equal(sums(ours), sums(theirs)) {
		t.Errorf("%s: %v, google/pprof has %v", name, sums(ours), sums(theirs))
	}
	a, b := stacks(ours), stacks(theirs)
	if !maps.Equal(a, b) {
		shown := 0
		for key, value := range b {
			if a[key] != value && shown < 3 {
				t.Errorf("%s: %s: %q, google/pprof has %s", name, key, a[key], value)
				shown++
			}
		}
		t.Errorf("%s: %d stacks, google/pprof has %d", name, len(a), len(b))
	}
	t.Logf("%s: %d stacks, %v", name, len(a), sums(ours))
	return ours
}

// The files that google/pprof tests its own reader with.
func TestFilesOfGooglePprof(t *testing.T) {
	t.Parallel()
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/pprof").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "profile", "testdata", "*.*"))
	count := 0
	for _, file := range files {
		if name := filepath.Base(file); !strings.HasSuffix(name, ".string") && !strings.HasPrefix(name, "java.") {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name, content)
			count++
		}
	}
	if count < 10 {
		t.Errorf("only %d files", count)
	}
}

var kept [][]byte

// What Go itself writes as text, with the names that it writes below each stack.
func TestGosTexts(t *testing.T) {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	var lock sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 20 {
				lock.Lock()
				time.Sleep(100 * time.Microsecond)
				lock.Unlock()
			}
		}()
	}
	for range 2000 {
		kept = append(kept, make([]byte, 10_000))
	}
	all.Wait()
	for _, name := range []string{"heap", "allocs", "goroutine", "threadcreate", "mutex", "block"} {
		var text bytes.Buffer
		if err := pprof.Lookup(name).WriteTo(&text, 1); err != nil {
			t.Fatal(err)
		}
		ours := compare(t, name+".txt", text.Bytes())
		named := 0
		for _, location := range ours.Location {
			if len(location.Line) > 0 && strings.Contains(text.String(), location.Line[0].Function.Name) {
				named++
			}
		}
		if named == 0 && name != "threadcreate" {
			t.Errorf("%s: no names", name)
		}
	}
}
