package profiles

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
	"github.com/klauspost/compress/zstd"
)

// small is a real heap profile of a few samples.
func small(t *testing.T) []byte {
	p := parse(t, fastDelta(t)["heap.pprof"].Raw)
	p.Sample = p.Sample[:4]
	p.Comments = []string{"a comment"}
	return encode(t, p.Compact())
}

// try gives the bytes to the merger and to a delta: both must accept them, or neither. nil: refused.
func try(t *testing.T, data []byte) []byte {
	t.Helper()
	d := merge.NewDelta("alloc_space")
	defer d.Close()
	out, err := merge.Merge(data)
	second, deltaErr := d.Next(data)
	if (err == nil) != (deltaErr == nil) || (err != nil) != (out == nil) || (deltaErr != nil) != (second == nil) {
		var e *merge.Error
		if errors.As(deltaErr, &e) && e.Code == merge.NotFound {
			return out // damage to the name of the type
		}
		t.Fatalf("merge: %d bytes, %v; delta: %d bytes, %v", len(out), err, len(second), deltaErr)
	}
	if err != nil {
		return nil
	}
	if _, err := profile.ParseData(out); err != nil {
		t.Fatalf("google/pprof does not read the result: %v", err)
	}
	return out
}

// A truncated compressed profile is an error at every length.
func TestCutCompressedFiles(t *testing.T) {
	raw := small(t)
	for name, data := range map[string][]byte{"gzip": gzipOf(t, raw), "zstd": zstdOf(t, raw)} {
		if try(t, data) == nil {
			t.Fatalf("%s: the whole file is refused", name)
		}
		for size := range len(data) {
			if try(t, data[:size]) != nil {
				t.Fatalf("%s: a profile cut at byte %d of %d is taken for whole", name, size, len(data))
			}
		}
	}
}

// A raw one that is truncated between two fields can be a valid profile. Then no sample may be missing: the string table comes after them.
func TestCutRawFiles(t *testing.T) {
	raw := small(t)
	whole := parse(t, raw)
	taken := 0
	for size := range len(raw) {
		out := try(t, raw[:size])
		if out == nil {
			continue
		}
		taken++
		if _, err := profile.ParseData(raw[:size]); err != nil {
			t.Fatalf("cut at byte %d of %d: google/pprof says %v, we take it", size, len(raw), err)
		}
		whole.PeriodType = parse(t, out).PeriodType
		wantSame(t, "cut at "+strconv.Itoa(size), out, whole)
	}
	if taken > 16 { // between the fields of the header at the end
		t.Errorf("%d cuts of %d are taken for whole", taken, len(raw))
	}
}

// Any damaged byte: an error or a profile. A gzip or zstd stream with a checksum: an error, or the same profile.
func TestDamagedBytes(t *testing.T) {
	raw := small(t)
	for _, test := range []struct {
		name    string
		data    []byte
		checked bool
	}{{"raw", raw, false}, {"gzip", gzipOf(t, raw), true}, {"zstd", zstdOf(t, raw), true}} {
		whole := try(t, test.data)
		for at := range test.data {
			for _, flip := range []byte{1, 0x80, 0xff} {
				damaged := bytes.Clone(test.data)
				damaged[at] ^= flip
				if out := try(t, damaged); out != nil && test.checked && !bytes.Equal(out, whole) {
					t.Fatalf("%s: byte %d changed by %#x gives another profile", test.name, at, flip)
				}
			}
		}
	}
}

// ---- Bombs ----

// Runs in a process of its own, whose memory is measured: the bomb's path, "merge" or "delta".
func TestMain(m *testing.M) {
	if path := os.Getenv("BOMB"); path != "" {
		bombed(path)
		return
	}
	os.Exit(m.Run())
}

func bombed(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	if os.Getenv("BOMB_TO") == "delta" {
		_, err = merge.NewDelta("alloc_space").Next(data)
	} else {
		_, err = merge.Merge(data)
	}
	status, statusErr := os.ReadFile("/proc/self/status")
	if statusErr != nil {
		panic(statusErr)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var e *merge.Error
	if !errors.As(err, &e) {
		e = &merge.Error{}
	}
	os.Stdout.WriteString(strings.Fields(peak)[0] + " " + strconv.Itoa(int(e.Code)) + " " + e.Text)
}

const limitKiB = 256 << 10 // of merge_default_limits.input_bytes

// bomb compresses 1 GiB: an unknown field of that length, so it would be a valid profile if inflated.
func bomb(t *testing.T, newWriter func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var b bytes.Buffer
	z := newWriter(&b)
	chunk := make([]byte, 1<<20)
	copy(chunk, []byte{0x82, 0x01, 0xf9, 0xff, 0xff, 0xff, 0x03}) // field 16, 1 GiB less these 7 bytes
	for range 1024 {
		if _, err := z.Write(chunk); err != nil {
			t.Fatal(err)
		}
		clear(chunk[:8])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipWriter(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func zstdWriter(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w)
	if err != nil {
		panic(err)
	}
	return z
}

func TestBombCostsNoMoreThanTheLimit(t *testing.T) {
	for name, data := range map[string][]byte{"gzip": bomb(t, gzipWriter), "zstd": bomb(t, zstdWriter)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"merge", "delta"} {
			checkBomb(t, name+" to "+to, path, to, len(data)>>10)
		}
	}
}

func checkBomb(t *testing.T, name, path, to string, sizeKiB int) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "BOMB="+path, "BOMB_TO="+to)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.SplitN(string(out), " ", 3)
	peak, err := strconv.Atoi(words[0])
	if err != nil {
		t.Fatalf("%s", out)
	}
	if words[1] != strconv.Itoa(int(merge.TooLarge)) {
		t.Errorf("%s: code %s: %s", name, words[1], words[2])
	}
	// On top of the limit: the input, about 20 MB of Go's own, and zstd's memory.
	if most := limitKiB + 48<<10 + sizeKiB; peak > most {
		t.Errorf("%s: %d KiB of memory, want at most %d", name, peak, most)
	}
	t.Logf("%s: %d KiB, %s", name, peak, words[2])
}
