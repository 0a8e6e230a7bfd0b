package receiver

// Released clients of several years, in programs that work until they are told to end: their uploads arrive, have the right facets and the values
// that pprof and the JDK read from them, and no client logs an error. docs/compatibility.md lists the form of their uploads. The oldest and the
// newest of each language always run, those between and all of Java's only in make stress.

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/java"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// installed returns build/clients/LANGUAGE-VERSION, made from clients/LANGUAGE, clients/LANGUAGE/VERSION and these commands, which run in it. It
// is reused if it was made from the same sources.
func installed(t *testing.T, language, version string, commands ...[]string) string {
	t.Helper()
	sum := sha256.New()
	fmt.Fprintln(sum, commands)
	sources := map[string][]byte{}
	for _, folder := range []string{filepath.Join("clients", language), filepath.Join("clients", language, version)} {
		files, err := filepath.Glob(filepath.Join(folder, "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if content, err := os.ReadFile(file); err == nil { // else it is a folder
				sources[filepath.Base(file)] = content
				fmt.Fprintln(sum, file, len(content))
				sum.Write(content)
			}
		}
	}
	directory, err := filepath.Abs(filepath.Join("..", "..", "build", "clients", language+"-"+version))
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
	if err := os.MkdirAll(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range sources {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range commands {
		install := exec.Command(command[0], command[1:]...)
		install.Dir = directory
		out, err := install.CombinedOutput()
		if bytes.Contains(out, []byte("No matching distribution found for ddtrace")) && version != pythonVersions[len(pythonVersions)-1] {
			t.Skipf("it is not built for this Python: %s", out)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(stamp, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory
}

// client is a program and its expected uploads.
type client struct {
	name, version string // as docs/compatibility.md has them
	command       []string
	directory     string
	environment   []string
	facets        [2]string // runtime, language
	attachments   []string  // of each upload
	measures      []string  // that some upload has
	live          string    // the attachment that shows live memory before all else
	token         string    // path, key, or none where it cannot send one
	doesNotTrace  bool
	quiet         *regexp.Regexp // lines of its log that are no complaint
}

const (
	clientToken = "a-token-of-clients"
	traces      = `^(POST|PUT) /v0\.\d/traces 200$`
	stored      = `^POST /profiling/v1/input 200$`
	// With the token in the path of DD_TRACE_AGENT_URL, these clients omit it for their telemetry, and log the 401.
	noTelemetry = "DD_INSTRUMENTATION_TELEMETRY_ENABLED=false"
	// Required number of uploads, the first of which may be empty.
	uploadsAwaited = 2
)

// start runs a receiver, which requires a token if the client can send one.
func (c client) start(t *testing.T) *receiver {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(clientToken), 0o600); err != nil {
		t.Fatal(err)
	}
	option := "--token-file"
	if c.token == "none" {
		option = "--read-token-file"
	}
	return startWith(t, t.TempDir(), []string{option, file}, plain(t))
}

// run ends the client when it has sent enough.
func (c client) run(t *testing.T, w *wire) {
	t.Helper()
	command := exec.Command(c.command[0], c.command[1:]...)
	command.Dir = c.directory
	address, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	command.Env = built.Environment("DD_SERVICE="+c.service(), "DD_ENV=study", "DD_VERSION=1.2.3", "DD_TAGS=rack:12",
		"DD_PROFILING_ENABLED=true", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"DD_AGENT_HOST="+address.Hostname(), "DD_TRACE_AGENT_PORT="+address.Port())
	if c.token == "key" {
		command.Env = append(command.Env, "DD_API_KEY="+clientToken)
	} else {
		command.Env = append(command.Env, "DD_TRACE_AGENT_URL="+w.URL+"/t/"+clientToken+"/")
	}
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
	for end := time.Now().Add(patience); w.count(stored) < uploadsAwaited || !c.doesNotTrace && w.count(traces) == 0; time.Sleep(20 * time.Millisecond) {
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
	// An Agent without remote configuration also answers 404, which clients handle.
	if w.count(` 2\d\d$`)+w.count(` /v0\.7/config 404$`) != w.count("") {
		t.Errorf("not all was accepted: %v", w.counts)
	}
	t.Logf("%v", w.counts)
}

func (c client) service() string { return c.name + "-" + c.version }

// check checks facets, attachments and measures of all uploads.
func (c client) check(t *testing.T, rows []row, host string) {
	t.Helper()
	measured := map[string]bool{}
	for _, upload := range rows {
		got := [5]string{text(upload.Env), text(upload.Version), text(upload.Host), text(upload.Runtime), text(upload.Language)}
		if want := [5]string{"study", "1.2.3", host, c.facets[0], c.facets[1]}; got != want {
			t.Errorf("upload %d: the facets are %q, not %q", upload.ID, got, want)
		}
		if !slices.Contains(upload.Tags, "rack:12") {
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
		for name, value := range upload.Measures {
			measured[name] = measured[name] || value != nil
		}
	}
	for _, name := range c.measures {
		if !measured[name] {
			t.Errorf("no upload has %s: %v", name, measured)
		}
	}
}

// stored writes an attachment, inflated, to a file.
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

// compareWithPprof compares one sample type of each profile in these uploads, the first with values, and logs how many functions agree.
func (r *receiver) compareWithPprof(t *testing.T, rows []row) (agreed int) {
	t.Helper()
	for _, upload := range rows {
		for _, attachment := range upload.Attachments {
			// Node's events have labels and no functions.
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

// measured is list once all uploads have their measures.
func (r *receiver) measured(t *testing.T, parameters string) []row {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		rows := r.list(t, parameters)
		if !slices.ContainsFunc(rows, func(upload row) bool { return upload.Measures == nil }) {
			return rows
		}
		if time.Now().After(end) {
			t.Fatal("uploads without measures")
		}
	}
}

// sends runs the client and checks its uploads.
func (c client) sends(t *testing.T, look func(r *receiver, rows []row)) {
	t.Helper()
	r := c.start(t)
	defer r.stop(t)
	w := newWire(t, r)
	c.run(t, w)
	r.url += "/t/" + clientToken
	rows := r.measured(t, "&service="+c.service())
	if len(rows) < w.count(stored) {
		t.Errorf("%d uploads are listed, %d were answered 200", len(rows), w.count(stored))
	}
	facts := w.facts(t)
	c.check(t, rows, facts.hostName)
	facts.compareWithTable(t, c.name, c.version)
	if c.live != "" {
		r.showsLive(t, rows[0], c.live, facts.live)
	}
	look(r, rows)
}

// showsLive checks that the default sample type is memory in use.
func (r *receiver) showsLive(t *testing.T, upload row, attachment string, live map[string]bool) {
	t.Helper()
	var tree struct{ Type string }
	status, body := r.get(t, fmt.Sprintf("/api/uploads/%d/attachments/%s/tree", upload.ID, attachment))
	if err := json.Unmarshal(body, &tree); err != nil || status != http.StatusOK || !live[tree.Type] {
		t.Errorf("%s is shown by %q, not by one of %v: %d %v", attachment, tree.Type, live, status, err)
	}
}

func (c client) sendsProfiles(t *testing.T) {
	t.Helper()
	c.sends(t, func(r *receiver, rows []row) {
		// Later periods would only repeat the first.
		if agreed := r.compareWithPprof(t, rows[:min(uploadsAwaited, len(rows))]); agreed < 5 {
			t.Errorf("only %d functions were compared", agreed)
		} else {
			t.Logf("%d functions compared", agreed)
		}
	})
}

// each runs a test for the versions, oldest first; the oldest and the newest always.
func each(t *testing.T, versions []string, test func(t *testing.T, version string)) {
	for i, version := range versions {
		t.Run(version, func(t *testing.T) {
			if i > 0 && i < len(versions)-1 && os.Getenv("CMEMPROF_STRESS") != "full" {
				t.Skip("only with CMEMPROF_STRESS=full")
			}
			t.Parallel()
			test(t, version)
		})
	}
}

var (
	goVersions     = []string{"1.43.1", "1.74.8", "2.0.0", "2.12.0"}
	pythonVersions = []string{"1.7.0", "1.20.19", "2.21.12", "3.0.0", "3.10.4", "3.14.4", "3.19.9", "4.8.13", "4.16.0"}
	nodeVersions   = []string{"2.46.0", "3.58.0", "4.55.0", "5.40.0", "5.132.0"}
	javaVersions   = []string{"1.0.0", "1.34.0", "1.40.0", "1.68.1"}
)

func TestGoClient(t *testing.T) {
	t.Parallel()
	each(t, goVersions, func(t *testing.T, version string) {
		build := [][]string{{"go", "build", "-buildvcs=false", "-o", "client", "client.go", "tracer.go"}}
		if strings.HasPrefix(version, "1.") {
			build = slices.Insert(build, 0, []string{"sed", "-i", "s#github.com/DataDog/dd-trace-go/v2#gopkg.in/DataDog/dd-trace-go.v1#", "client.go", "tracer.go"})
		}
		directory := installed(t, "go", version, build...)
		c := client{
			name: "dd-trace-go", version: version, command: []string{filepath.Join(directory, "client")},
			environment: []string{noTelemetry},
			facets:      [2]string{"go", "go"},
			attachments: []string{"cpu.pprof", "delta-heap.pprof", "metrics.json"},
			measures:    []string{"cpu_cores", "alloc_bytes_per_s", "heap_live_bytes"},
			live:        "delta-heap.pprof",
			token:       "path",
			// It logs an upload that Stop interrupts as an error.
			quiet: regexp.MustCompile(`^\S+ \S+ Datadog Tracer \S+ (INFO: |ERROR: Uploading profile failed: .*: context canceled)`),
		}
		if version == "1.43.1" {
			c.token, c.doesNotTrace = "key", true
			c.quiet = regexp.MustCompile(c.quiet.String() + `|as of dd-trace-go v1\.30\.0 this value is getting ignored`) // and sends it all the same
		}
		c.sendsProfiles(t)
	})
}

func TestPythonClient(t *testing.T) {
	t.Parallel()
	each(t, pythonVersions, func(t *testing.T, version string) {
		directory := installed(t, "python", version, []string{"/usr/bin/python3", "-m", "venv", "venv"},
			[]string{"venv/bin/python3", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement", "requirements.txt"})
		c := client{
			name: "ddtrace", version: version, command: []string{"venv/bin/ddtrace-run", "venv/bin/python3", "client.py"}, directory: directory,
			// It caches its list of installed files, an attachment, in the temporary directory, which would change later runs.
			environment: []string{"DD_PROFILING_UPLOAD_INTERVAL=2", "TMPDIR=" + t.TempDir()},
			facets:      [2]string{"CPython", "python"},
			attachments: []string{"profile.pprof", "code-provenance.json"},
			measures:    []string{"cpu_cores", "alloc_bytes_per_s", "heap_live_bytes"},
			token:       "path",
		}
		if strings.HasPrefix(version, "1.") || strings.HasPrefix(version, "2.") || version == "3.0.0" {
			c.attachments[0] = "auto.pprof"
		}
		if version == "1.7.0" {
			c.attachments = c.attachments[:1]
		}
		if strings.HasPrefix(version, "3.19.") || strings.HasPrefix(version, "4.") {
			c.environment = append(c.environment, noTelemetry)
		}
		c.sendsProfiles(t)
	})
}

func TestNodeClient(t *testing.T) {
	t.Parallel()
	each(t, nodeVersions, func(t *testing.T, version string) {
		directory := installed(t, "node", version, []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"})
		if newest := nodeVersions[len(nodeVersions)-1]; version != newest && !nodeProfiles(t, directory) {
			t.Skip("it has no profiler for this Node")
		}
		c := client{
			name: "dd-trace", version: version, command: []string{"node", "client.js"}, directory: directory,
			environment: []string{"DD_PROFILING_UPLOAD_PERIOD=2"},
			facets:      [2]string{"nodejs", "javascript"},
			attachments: []string{"space.pprof", "wall.pprof"},
			measures:    []string{"cpu_cores", "heap_live_bytes"},
			live:        "space.pprof",
			token:       "none",
		}
		if version == "2.46.0" {
			c.measures = c.measures[1:]
			c.quiet = regexp.MustCompile(`release line reached end of life|--trace-warnings`)
		}
		c.sendsProfiles(t)
	})
}

// nodeProfiles reports whether the package has a native part for this Node; each version is built for the Nodes of its time.
func nodeProfiles(t *testing.T, directory string) bool {
	t.Helper()
	out, err := exec.Command("node", "--print", "process.versions.modules").Output()
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(directory, "node_modules", "@datadog", "pprof", "prebuilds", "*", "*node*"+strings.TrimSpace(string(out))+".node"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found) > 0
}

// A JDK and Maven are large, so this one runs only in make stress.
func TestJavaClient(t *testing.T) {
	if os.Getenv("CMEMPROF_STRESS") != "full" {
		t.Skip("only with CMEMPROF_STRESS=full")
	}
	t.Parallel()
	each(t, javaVersions, func(t *testing.T, version string) {
		jar := "dd-java-agent-" + version + ".jar"
		directory := installed(t, "java", version, []string{"mvn", "--quiet", "--batch-mode", "dependency:copy",
			"-Dartifact=com.datadoghq:dd-java-agent:" + version, "-DoutputDirectory=."}, []string{"sha256sum", "--check", "--quiet", "sum.txt"},
			[]string{"javac", "Client.java", "Count.java"})
		c := client{
			name: "dd-java-agent", version: version, command: []string{"java", "-Xshare:off", "-javaagent:" + jar, "Client"}, directory: directory,
			// Starting the tracer takes longer than everything else, and there is nothing to trace.
			environment:  []string{"DD_TRACE_ENABLED=false", "DD_PROFILING_UPLOAD_PERIOD=3", "DD_PROFILING_START_DELAY=0", "DD_PROFILING_START_FORCE_FIRST=true"},
			facets:       [2]string{"JVM", "jvm"},
			attachments:  []string{"main.jfr"},
			token:        "path",
			doesNotTrace: true,
			// Log lines of JDKs without some of its features, and of an upload that the program's end interrupts.
			quiet: regexp.MustCompile(`^\[dd\.trace .*\] (INFO |WARN .*\.(SmapEntryFactory|StatsDAccessor|PerSpanTracingContextTrackerFactory) - |.*\.ProfileUploader - Failed to upload profile to \S+ java\.n?io\.)`),
		}
		unread := 0
		if version != "1.68.1" {
			c.token = "none"
		}
		if version == "1.34.0" || version == "1.40.0" {
			unread = 1
		}
		c.sends(t, func(r *receiver, rows []row) {
			compareWithJDK(t, r, fmt.Sprintf("/api/uploads/%d/attachments/main.jfr", rows[0].ID), directory, unread)
		})
	})
}

// compareWithJDK compares the counts of events with the JDK's, chunk by chunk. It cannot read some chunks of older agents.
func compareWithJDK(t *testing.T, r *receiver, path, classes string, unreadMax int) {
	t.Helper()
	_, raw := r.stored(t, path)
	want, unread := map[string]int64{}, 0
	for i, chunk := range java.Chunks(t, raw) {
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.jfr", i))
		if err := os.WriteFile(file, chunk, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("java", "-cp", classes, "Count", file).CombinedOutput()
		if bytes.Contains(out, []byte("Pool java.lang.String must contain at least one element")) {
			unread++
			continue
		}
		if err != nil {
			t.Fatalf("Count: %v\n%s", err, out)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			var name string
			var count int64
			if _, err := fmt.Sscan(line, &name, &count); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			want[name] += count
		}
	}
	if unread > unreadMax {
		t.Errorf("the JDK cannot read %d chunks, more than %d", unread, unreadMax)
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
	got := map[string]int64{}
	for _, event := range answer.Events {
		// Internal events of the file format, which the JDK's reader does not return.
		if event.Type != "jdk.Metadata" && event.Type != "jdk.CheckPoint" {
			got[event.Type] = event.Count
		}
	}
	for name, count := range want {
		if got[name] < count || unread == 0 && got[name] > count {
			t.Errorf("%d events %s, the JDK says %d", got[name], name, count)
		}
	}
	if len(want) < 10 || len(got) < len(want) || unread == 0 && len(got) > len(want) {
		t.Errorf("the events are\n%v\nthe JDK says\n%v", got, want)
	}
}
