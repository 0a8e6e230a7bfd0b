package receiver

// The clients of today, from their registries, in programs that work until they are told to end: what they send arrives, is found under the
// right facets and says what pprof and the JDK read from it, and no client has anything to complain of.

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/testdata/profiles"
)

// wire stands between a client and the receiver, and notes what is asked and answered.
type wire struct {
	*httptest.Server
	mutex  sync.Mutex
	counts map[string]int // "POST /info 200"
}

func newWire(t *testing.T, r *receiver) *wire {
	t.Helper()
	target, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{counts: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(response *http.Response) error {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.counts[fmt.Sprintf("%s %s %d", response.Request.Method, response.Request.URL.Path, response.StatusCode)]++
		return nil
	}
	w.Server = httptest.NewServer(proxy)
	t.Cleanup(w.Close)
	return w
}

// count adds up the requests whose line matches.
func (w *wire) count(pattern string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	sum := 0
	for line, count := range w.counts {
		if regexp.MustCompile(pattern).MatchString(line) {
			sum += count
		}
	}
	return sum
}

// installed makes build/clients/NAME with these commands unless it is there from the same sources, and returns it. The commands run in it.
func installed(t *testing.T, name string, commands ...[]string) string {
	t.Helper()
	sum := sha256.New()
	sources, err := filepath.Abs(filepath.Join("clients", name))
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(sources)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(sum, commands)
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(sources, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(sum, file.Name(), len(content))
		sum.Write(content)
	}
	directory, err := filepath.Abs(filepath.Join("..", "..", "build", "clients", name))
	if err != nil {
		t.Fatal(err)
	}
	stamp, want := filepath.Join(directory, ".installed"), fmt.Sprintf("%x", sum.Sum(nil))
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return directory
	}
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(directory, os.DirFS(sources)); err != nil {
		t.Fatal(err)
	}
	for _, command := range commands {
		install := exec.Command(command[0], command[1:]...)
		install.Dir = directory
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(stamp, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory
}

// client is a program and what is expected of it.
type client struct {
	service      string
	command      []string
	directory    string
	environment  []string
	facets       [5]string // env, version, host or "*" for whichever it is, runtime, language
	attachments  []string
	traces       string // the request that brings them
	doesNotTrace bool
	quiet        *regexp.Regexp // lines of its log that are no complaint
}

// uploads it has to make, the first of which may be of a time in which nothing happened.
const uploadsAwaited = 2

func (c client) run(t *testing.T, r *receiver) []row {
	t.Helper()
	w := newWire(t, r)
	command := exec.Command(c.command[0], c.command[1:]...)
	command.Dir = c.directory
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "DD_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "DD_TRACE_AGENT_URL="+w.URL, "DD_SERVICE="+c.service, "DD_ENV=study", "DD_VERSION=1.2.3", "DD_TAGS=rack:12",
		"DD_PROFILING_ENABLED=true", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"DD_AGENT_HOST=127.0.0.1") // else metrics go to "localhost", which not every machine can resolve
	command.Env = append(command.Env, c.environment...)
	var output, log bytes.Buffer
	command.Stdout, command.Stderr = &output, &log
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	const stored = `^POST /profiling/v1/input 200$`
	for end := time.Now().Add(patience); w.count(stored) < uploadsAwaited || !c.doesNotTrace && w.count(c.traces) == 0; time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("the client has ended: %v\n%s%s", err, &output, &log)
		default:
		}
		if time.Now().After(end) {
			_ = command.Process.Kill()
			<-ended
			t.Fatalf("after %v there are only %v\n%s%s", patience, w.counts, &output, &log)
		}
	}
	_ = stdin.Close()
	select {
	case err = <-ended:
	case <-time.After(patience):
		_ = command.Process.Kill()
		<-ended
		err = fmt.Errorf("it does not end")
	}
	if err != nil {
		t.Fatalf("the client: %v\n%s%s", err, &output, &log)
	}
	for _, line := range strings.Split(output.String()+log.String(), "\n") {
		if line != "" && (c.quiet == nil || !c.quiet.MatchString(line)) {
			t.Errorf("the client says: %s", line)
		}
	}
	// An Agent without remote configuration says 404, too, and clients know it.
	if w.count(` 2\d\d$`)+w.count(` /v0\.7/config 404$`) != w.count("") {
		t.Errorf("not all was accepted: %v", w.counts)
	}
	rows := r.list(t, "&service="+c.service)
	if len(rows) < w.count(stored) {
		t.Errorf("%d uploads are listed, %d were answered 200", len(rows), w.count(stored))
	}
	t.Logf("%v", w.counts)
	return rows
}

// check looks at facets and attachments of all uploads.
func (c client) check(t *testing.T, rows []row) {
	t.Helper()
	for _, upload := range rows {
		got := [5]string{text(upload.Env), text(upload.Version), text(upload.Host), text(upload.Runtime), text(upload.Language)}
		if c.facets[2] == "*" && got[2] != "" {
			got[2] = "*"
		}
		if got != c.facets {
			t.Errorf("upload %d: the facets are %q, not %q", upload.ID, got, c.facets)
		}
		if !strings.Contains(","+strings.Join(upload.Tags, ",")+",", ",rack:12,") {
			t.Errorf("upload %d: no tag rack:12 in %q", upload.ID, upload.Tags)
		}
		if len(upload.Refused) > 0 {
			t.Errorf("upload %d: %v", upload.ID, upload.Refused)
		}
		names := map[string]bool{}
		for _, attachment := range upload.Attachments {
			names[attachment.Name] = true
		}
		for _, name := range c.attachments {
			if !names[name] {
				t.Errorf("upload %d: no %s in %v", upload.ID, name, names)
			}
		}
	}
}

// stored is an attachment, inflated, in a file.
func (r *receiver) stored(t *testing.T, path string) (file string, raw []byte) {
	t.Helper()
	status, content := r.get(t, path)
	raw, err := profiles.Inflate(content)
	if status != http.StatusOK || err != nil {
		t.Fatalf("%s: %d %v", path, status, err)
	}
	file = filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return file, raw
}

// compareWithPprof compares one sample type of each profile in these uploads, the first that has values, and says how many functions agree.
func (r *receiver) compareWithPprof(t *testing.T, rows []row) (agreed int) {
	t.Helper()
	for _, upload := range rows {
		for _, attachment := range upload.Attachments {
			// Node's events have labels and no functions, so there is nothing to name.
			if !strings.HasSuffix(attachment.Name, ".pprof") || attachment.Name == "events.pprof" {
				continue
			}
			path := fmt.Sprintf("/api/uploads/%d/attachments/%s", upload.ID, attachment.Name)
			file, raw := r.stored(t, path)
			parsed, err := profile.ParseData(raw)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			sampleType := firstWithValues(parsed)
			if sampleType == nil {
				continue
			}
			status, body := r.get(t, path+"/tree?type="+url.QueryEscape(sampleType.Type))
			var tree profiles.Tree
			if err := json.Unmarshal(body, &tree); status != http.StatusOK || err != nil {
				t.Fatalf("%s: %d %v", path, status, err)
			}
			want, err := profiles.Top(file, sampleType)
			if err != nil {
				t.Fatal(err)
			}
			differences := profiles.Differences(tree.Sums(), want)
			for _, difference := range differences {
				t.Errorf("%s %s: %s", path, sampleType.Type, difference)
			}
			if len(differences) == 0 {
				agreed += len(want)
			}
		}
	}
	return agreed
}

func firstWithValues(p *profile.Profile) *profile.ValueType {
	for i, sampleType := range p.SampleType {
		for _, sample := range p.Sample {
			if sample.Value[i] != 0 {
				return sampleType
			}
		}
	}
	return nil
}

func (c client) sendsProfiles(t *testing.T) {
	t.Helper()
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	rows := c.run(t, r)
	c.check(t, rows)
	// All of a period and some of the last one would be the same again.
	if agreed := r.compareWithPprof(t, rows[:min(uploadsAwaited, len(rows))]); agreed < 5 {
		t.Errorf("only %d functions were compared", agreed)
	} else {
		t.Logf("%d functions compared", agreed)
	}
}

func TestGoClient(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "client")
	build := exec.Command("go", "build", "-o", program, "./client")
	build.Dir = filepath.Join("..", "datadog")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	client{
		service: "go-client", command: []string{program},
		facets:      [5]string{"study", "1.2.3", "*", "go", "go"},
		attachments: []string{"cpu.pprof", "delta-heap.pprof", "metrics.json"},
		traces:      `^(POST|PUT) /v0\.\d/traces 200$`,
		quiet:       regexp.MustCompile(`^\S+ \S+ Datadog Tracer \S+ INFO: `),
	}.sendsProfiles(t)
}

func TestPythonClient(t *testing.T) {
	t.Parallel()
	directory := installed(t, "python", []string{"/usr/bin/python3", "-m", "venv", "venv"},
		[]string{"venv/bin/python3", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement", "requirements.txt"})
	client{
		service: "python-client", command: []string{"venv/bin/ddtrace-run", "venv/bin/python3", "client.py"}, directory: directory,
		// Its list of installed files, an attachment, would be kept in the machine's directory for temporary files, so that later runs differ.
		environment: []string{"DD_PROFILING_UPLOAD_INTERVAL=2", "TMPDIR=" + t.TempDir()},
		facets:      [5]string{"study", "1.2.3", "", "CPython", "python"},
		attachments: []string{"code-provenance.json", "profile.pprof"},
		traces:      `^(POST|PUT) /v0\.\d/traces 200$`,
	}.sendsProfiles(t)
}

func TestNodeClient(t *testing.T) {
	t.Parallel()
	directory := installed(t, "node", []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"})
	client{
		service: "node-client", command: []string{"node", "client.js"}, directory: directory,
		environment: []string{"DD_PROFILING_UPLOAD_PERIOD=2"},
		facets:      [5]string{"study", "1.2.3", "", "nodejs", "javascript"},
		attachments: []string{"space.pprof", "wall.pprof"},
		traces:      `^(POST|PUT) /v0\.\d/traces 200$`,
	}.sendsProfiles(t)
}

// A Java machine and Maven are large, so this one is left to make stress.
func TestJavaClient(t *testing.T) {
	if os.Getenv("CMEMPROF_STRESS") != "full" {
		t.Skip("only with CMEMPROF_STRESS=full")
	}
	t.Parallel()
	const jar, jarSum = "dd-java-agent-1.68.1.jar", "86c97c1348277bb024f6185c4fd15a5567c50ab648f88277dffc429adb4bf927"
	directory := installed(t, "java", []string{"mvn", "--quiet", "--batch-mode", "dependency:copy",
		"-Dartifact=com.datadoghq:dd-java-agent:1.68.1", "-DoutputDirectory=."})
	content, err := os.ReadFile(filepath.Join(directory, jar))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(content)); sum != jarSum {
		t.Fatalf("%s has the sum %s, want %s", jar, sum, jarSum)
	}
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	c := client{
		service: "java-client", command: []string{"java", "-Xshare:off", "-javaagent:" + jar, "Client.java"}, directory: directory,
		environment:  []string{"DD_PROFILING_UPLOAD_PERIOD=3", "DD_PROFILING_START_DELAY=0", "DD_PROFILING_START_FORCE_FIRST=true"},
		facets:       [5]string{"study", "1.2.3", "*", "", "jvm"},
		attachments:  []string{"main.jfr"},
		doesNotTrace: true,
		quiet:        regexp.MustCompile(`^\[dd\.trace .*\] INFO `),
	}
	rows := c.run(t, r)
	c.check(t, rows)
	path := fmt.Sprintf("/api/uploads/%d/attachments/main.jfr", rows[0].ID)
	file, _ := r.stored(t, path)
	compareWithJDK(t, r, path, filepath.Join(directory, "Count.java"), file)
}

// compareWithJDK compares the counts of events with what the JDK reads from the recording.
func compareWithJDK(t *testing.T, r *receiver, path, program, file string) {
	t.Helper()
	out, err := exec.Command("java", program, file).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	var answer struct {
		Events []struct {
			Type  string
			Count int64
		}
	}
	status, body := r.get(t, path+"/jfr")
	if err := json.Unmarshal(body, &answer); status != http.StatusOK || err != nil {
		t.Fatalf("%d %v", status, err)
	}
	var got []string
	for _, event := range answer.Events {
		if event.Type == "jdk.Metadata" || event.Type == "jdk.CheckPoint" {
			continue // part of the file's format; the JDK's reader keeps them to itself
		}
		got = append(got, fmt.Sprintf("%s %d", event.Type, event.Count))
	}
	want := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if len(got) < 10 || !slices.Equal(got, want) {
		t.Errorf("the events are\n%q\nthe JDK says\n%q", got, want)
	}
}
