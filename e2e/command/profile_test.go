package command

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
)

// merged returns google/pprof's merge of the files.
func merged(t *testing.T, paths ...string) *profile.Profile {
	t.Helper()
	var all []*profile.Profile
	for _, path := range paths {
		all = append(all, profiles.Read(t, path))
	}
	p, err := profile.Merge(all)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantSame checks that ours minus theirs leaves no samples.
func wantSame(t *testing.T, what string, got, want *profile.Profile) {
	t.Helper()
	if len(want.Sample) == 0 {
		t.Fatalf("%s: there is nothing to compare", what)
	}
	want = want.Copy()
	want.Scale(-1)
	rest, err := profile.Merge([]*profile.Profile{got, want})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if len(rest.Sample) != 0 {
		t.Fatalf("%s: %d samples differ, the first by %v", what, len(rest.Sample), rest.Sample[0].Value)
	}
}

func TestMerge(t *testing.T) {
	s := newService(1)
	paths := []string{write(t, s.next()), write(t, s.next()), write(t, s.next())}
	out := filepath.Join(t.TempDir(), "out")
	for _, compression := range []string{"gzip", "none", "zstd"} {
		succeed(t, append([]string{"merge", "--gauges", "sum", "--compression", compression, "--output", out}, paths...)...)
		result := out
		if compression == "zstd" { // google/pprof does not read it, cmemprof does
			result += ".gz"
			succeed(t, "merge", "-o", result, out)
		}
		wantSame(t, compression, profiles.Read(t, result), merged(t, paths...))
	}
}

func TestMergeOfCaptures(t *testing.T) {
	compared := 0
	for name, p := range captured(t) {
		path, out := write(t, p), filepath.Join(t.TempDir(), "out")
		succeed(t, "merge", "--gauges", "sum", "-o", out, path, path)
		if want := merged(t, path, path); len(want.Sample) > 0 { // some have nothing but zeros
			wantSame(t, name, profiles.Read(t, out), want)
			compared++
		}
	}
	if compared < 8 {
		t.Fatalf("only %d were compared", compared)
	}
}

// Through standard input and standard output.
func TestPipe(t *testing.T) {
	p := newService(2).next()
	path := write(t, p)
	command := exec.Command("sh", "-c", `"$0" merge - <"$1" | "$0" merge --compression none - | cat`, program(t), path)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	result, err := profile.Parse(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "pipe", result, p)
}

// golden defines deltas: before times -1 for counters and 0 for other types, plus after.
func golden(t *testing.T, before, after *profile.Profile) *profile.Profile {
	t.Helper()
	before = before.Copy()
	if err := before.ScaleN([]float64{-1, -1, 0, 0}); err != nil {
		t.Fatal(err)
	}
	p, err := profile.Merge([]*profile.Profile{before, after})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDelta(t *testing.T) {
	s := newService(3)
	before, after := s.next(), s.next()
	out := filepath.Join(t.TempDir(), "out")
	succeed(t, "delta", "-o", out, write(t, before), write(t, after))
	wantSame(t, "delta", profiles.Read(t, out), golden(t, before, after))
	if d := profiles.Read(t, out).DurationNanos; d != 60e9 {
		t.Errorf("duration %d", d)
	}
}

// With resets and vanished stacks: --compat pprof equals google/pprof, and the default never goes below zero.
func TestDeltaWithResets(t *testing.T) {
	s := newService(6)
	before, after := s.next(), s.next()
	for i, sample := range after.Sample {
		if i%3 == 0 {
			sample.Value[0], sample.Value[1] = sample.Value[0]/4, sample.Value[1]/4
		}
	}
	after.Sample = after.Sample[:150]
	out, beforePath, afterPath := filepath.Join(t.TempDir(), "out"), write(t, before), write(t, after)
	succeed(t, "delta", "--compat", "pprof", "-o", out, beforePath, afterPath)
	wantSame(t, "compat pprof", profiles.Read(t, out), golden(t, before, after))
	succeed(t, "delta", "-o", out, beforePath, afterPath)
	p := profiles.Read(t, out)
	for _, sample := range p.Sample {
		if sample.Value[0] < 0 || sample.Value[1] < 0 {
			t.Fatalf("a negative delta: %v", sample.Value)
		}
	}
	if len(p.Sample) < 100 {
		t.Fatalf("%d samples", len(p.Sample))
	}
}

func TestDeltaOfASeries(t *testing.T) {
	s := newService(4)
	var all []*profile.Profile
	arguments := []string{"delta", "--output", t.TempDir()}
	for range 4 {
		all = append(all, s.next())
		arguments = append(arguments, write(t, all[len(all)-1]))
	}
	succeed(t, arguments...)
	for i := 1; i < len(all); i++ {
		wantSame(t, "delta of a series", profiles.Read(t, filepath.Join(arguments[2], filepath.Base(arguments[3+i]))), golden(t, all[i-1], all[i]))
	}
}

// ---- Errors ----

func TestErrors(t *testing.T) {
	good := write(t, newService(5).next())
	directory := t.TempDir()
	out := filepath.Join(directory, "out")
	cut := filepath.Join(directory, "cut")
	data, _ := os.ReadFile(good)
	if err := os.WriteFile(cut, data[:len(data)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status    int
		text      string
		arguments []string
	}{
		{2, "unknown command mrege", []string{"mrege", good}},
		{2, "a file is needed", []string{"merge", "-o", out}},
		{2, "unknown option --compressed", []string{"merge", "--compressed", good}},
		{2, "unknown option --listne", []string{"receiver", "--listne"}},
		{2, "--data needs a value", []string{"receiver", "--data"}},
		{2, "--port-file does not apply to --listen unix:PATH", []string{"receiver", "--listen", "unix:" + out, "--port-file", out}},
		{125, "unknown option --outptu", []string{"run", "--outptu", "true"}},
		{125, "--rate needs a value", []string{"run", "--rate"}},
		{1, "none: No such file or directory", []string{"merge", "-o", out, filepath.Join(directory, "none")}},
		{1, directory + ": Is a directory", []string{"top", directory}},
		{1, "is empty", []string{"diff", "/dev/null", good}},
		{1, cut + ": damaged or truncated: ", []string{"merge", "-o", out, good, cut}},
		{1, "standard output: No space left on device", []string{"merge", good}},
		{1, "/dev/full: No space left on device", []string{"merge", "-o", "/dev/full", good}},
		{1, "not a pprof profile", []string{"top", "command_test.go"}},
	} {
		complaint, status := "", 0
		if strings.HasPrefix(c.text, "standard output") {
			complaint, status = runFull(t, c.arguments...)
		} else {
			_, complaint, status = run(t, c.arguments...)
		}
		if status != c.status || !strings.Contains(complaint, c.text) || !strings.HasPrefix(complaint, "cmemprof") {
			t.Errorf("%v: status %d, %q; want %d, %q", c.arguments, status, complaint, c.status, c.text)
		}
	}
	left, err := os.ReadDir(directory)
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v %v", left, err)
	}
}

// runFull is run with a full disk for standard output.
func runFull(t *testing.T, arguments ...string) (complaint string, status int) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	command := exec.Command(program(t), arguments...)
	var stderr bytes.Buffer
	command.Stdout, command.Stderr = full, &stderr
	_ = command.Run()
	return stderr.String(), command.ProcessState.ExitCode()
}

// 6,500 samples of a few bytes each stand for 65 million frames. Tables need memory only for distinct functions.
func TestTopOfManyFramesNeedsLittleMemory(t *testing.T) {
	f := &profile.Function{ID: 1, Name: "f", Filename: "f.c"}
	l := &profile.Location{ID: 1}
	for i := range 10000 {
		l.Line = append(l.Line, profile.Line{Function: f, Line: int64(i % 100)})
	}
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}}, Function: []*profile.Function{f}, Location: []*profile.Location{l}}
	for i := range 6500 {
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{l}, Value: []int64{1}, NumLabel: map[string][]int64{"i": {int64(i + 1)}}})
	}
	path := write(t, p)
	for _, by := range []string{"stack", "line"} {
		command := exec.Command("sh", "-c", `ulimit -v 300000 && exec "$0" top --exact --by "$1" "$2"`, program(t), by, path)
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), " 6500 ") {
			t.Fatalf("by %s: %v\n%s", by, err, out)
		}
	}
}

// An LZ4 attachment of a client decodes to the profile.
func TestLZ4(t *testing.T) {
	t.Parallel()
	files, err := profiles.CapturesInLZ4("../..")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d captures in LZ4: %v", len(files), err)
	}
	for _, file := range files {
		folder := t.TempDir()
		as, plain := filepath.Join(folder, "as.pprof"), filepath.Join(folder, "plain.pprof")
		for path, content := range map[string][]byte{as: file.Data, plain: file.Raw} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		top := succeed(t, "top", "--by", "function", "-nodecount", "0", as)
		if want := succeed(t, "top", "--by", "function", "-nodecount", "0", plain); top != want || !strings.Contains(top, ".py") {
			t.Errorf("%s: top of LZ4:\n%s\nof what it holds:\n%s", file.Name, top, want)
		}
		if succeed(t, "merge", as) != succeed(t, "merge", plain) {
			t.Errorf("%s: merge of LZ4 differs from that of what it holds", file.Name)
		}
	}
}

// A URL is read like a file, as with `go tool pprof`, by every command; what the server answers to other paths is the error.
func TestURLs(t *testing.T) {
	s := newService(1)
	first, second := s.next(), s.next()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/t/secret") {
		case "/first":
			_ = first.Write(w)
		case "/second":
			_ = second.Write(w)
		default:
			http.Error(w, "no profile of that name", http.StatusNotFound)
		}
	}))
	defer server.Close()
	files := []string{write(t, first), write(t, second)}
	for _, arguments := range [][]string{{"top"}, {"diff"}, {"merge"}, {"delta"}, {"convert", "--to", "folded"}} {
		from := func(a, b string) string {
			out := filepath.Join(t.TempDir(), "out")
			command := append(append([]string{}, arguments...), a)
			if arguments[0] == "diff" || arguments[0] == "delta" {
				command = append(command, b)
			}
			if arguments[0] != "top" && arguments[0] != "diff" {
				command = append(command, "-o", out)
			}
			text := succeed(t, command...)
			if content, err := os.ReadFile(out); err == nil {
				text += string(content)
			}
			return text
		}
		if got, want := from(server.URL+"/first", server.URL+"/second"), from(files[0], files[1]); got != want || want == "" {
			t.Errorf("%v: by URLs and by files differ:\n%s\n%s", arguments, got, want)
		}
	}
	if _, complaint, status := run(t, "top", server.URL+"/t/secret/none"); status != 1 || !strings.Contains(complaint, "/t/xxxxx/none: HTTP 404: no profile of that name\n") {
		t.Errorf("status %d: %s", status, complaint)
	}
	// Nor are secrets in summaries, which pipelines publish.
	withSecret := strings.Replace(server.URL, "http://", "http://secret@", 1) + "/t/secret"
	rule := first.SampleType[0].Type + ">0"
	for _, format := range []string{"markdown", "junit", "sarif"} {
		out, complaint, status := run(t, "diff", "--fail-if", rule, "--summary", format+":-", withSecret+"/first", withSecret+"/second")
		if status != 3 || strings.Contains(out+complaint, "secret") || !strings.Contains(out, "/first") || !strings.Contains(out, "/second") {
			t.Errorf("%s: status %d: %s%s", format, status, out, complaint)
		}
	}
	if _, complaint, status := run(t, "top", "--type", "none", withSecret+"/first"); status != 1 || strings.Contains(complaint, "secret") || !strings.Contains(complaint, "/first: the profile has no such sample type") {
		t.Errorf("status %d: %s", status, complaint)
	}
	if _, complaint, status := run(t, "symbolize", "--binary", "/bin/true", server.URL+"/first"); status != 2 || !strings.Contains(complaint, "a URL cannot be rewritten in place") {
		t.Errorf("status %d: %s", status, complaint)
	}
}
