package java

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// Works are all of program/Load.java.
var Works = []string{"cpu", "alloc", "sleep", "park", "classes", "exceptions", "files", "lock", "socket", "leak"}

// Recorded is a recording by the JDK itself. settings: default, profile, all.
func Recorded(t testing.TB, j JDK, settings string, seconds float64, work ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording.jfr")
	command := j.Command(append([]string{"-Xmx128m", "-cp", Classes(t), "Recorded", file, settings, fmt.Sprint(seconds)}, work...)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return read(t, file)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// ByAsyncProfiler is a recording by async-profiler. options: of its agent.
func ByAsyncProfiler(t testing.TB, j JDK, version, options string, seconds float64) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording.jfr")
	command := j.Command("-Xmx128m", "-agentpath:"+asyncProfiler(t, version)+"=start,"+options+",jfr,file="+file, "-cp", Classes(t), "Load", fmt.Sprint(seconds))
	command.Args = append(command.Args, Works...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return read(t, file)
}

func asyncProfiler(t testing.TB, version string) string {
	t.Helper()
	folder := kept(t, "async-profiler-"+version)
	library := filepath.Join(folder, "linux-x64", "libasyncProfiler.so")
	if _, err := os.Stat(library); err != nil {
		AnyJDK(t)
		run(t, folder, "jar", "xf", Jar(t, "tools.profiler:async-profiler:"+version), "linux-x64/libasyncProfiler.so")
	}
	return library
}

// agentLog are lines of dd-java-agent's and the JVM's output that are no complaint.
var agentLog = regexp.MustCompile(`(?m)^(\[dd\.trace .*\] INFO .*|OpenJDK 64-Bit Server VM warning: Sharing is only .*|WARNING: .*|)\n`)

// ByAgent is what dd-java-agent uploads: all recordings after the first, which has the start of the JVM.
func ByAgent(t testing.TB, j JDK, version string, native bool) [][]byte {
	t.Helper()
	url := built.Receiver(t)
	command := j.Command("-Xmx256m", "-javaagent:"+Jar(t, "com.datadoghq:dd-java-agent:"+version), "-cp", Classes(t), "Load", "0")
	command.Args = append(command.Args, Works...)
	command.Env = built.Environment("DD_TRACE_AGENT_URL="+url, "DD_SERVICE=load", "DD_TRACE_ENABLED=false", "DD_PROFILING_ENABLED=true",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED=false", "DD_PROFILING_UPLOAD_PERIOD=3", "DD_PROFILING_START_DELAY=0", "DD_PROFILING_START_FORCE_FIRST=true",
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", fmt.Sprintf("DD_PROFILING_DDPROF_ENABLED=%v", native), "DD_PROFILING_DDPROF_WALL_ENABLED=true",
		"DD_PROFILING_DDPROF_WALL_CONTEXT_FILTER=false", "DD_PROFILING_DDPROF_ALLOC_ENABLED=true", "DD_PROFILING_DDPROF_LIVEHEAP_ENABLED=true",
		"DD_PROFILING_DDPROF_LIVEHEAP_TRACK_SIZE_ENABLED=true", "DD_PROFILING_HEAP_ENABLED=true")
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	const patience = 2 * time.Minute
	for end := time.Now().Add(patience); len(Uploads(t, url)) < 2; time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("it has ended: %v\n%s", err, &log)
		default:
		}
		if time.Now().After(end) {
			_ = command.Process.Kill()
			<-ended
			t.Fatalf("no two uploads in %v\n%s", patience, &log)
		}
	}
	_ = stdin.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("%v\n%s", err, &log)
		}
	case <-time.After(patience):
		_ = command.Process.Kill()
		<-ended
		t.Fatalf("it does not end\n%s", &log)
	}
	if complaints := agentLog.ReplaceAll(log.Bytes(), nil); len(complaints) > 0 {
		t.Logf("the agent says: %s", complaints)
	}
	var recordings [][]byte
	for _, id := range Uploads(t, url)[1:] {
		raw, err := profiles.Inflate(Get(t, fmt.Sprintf("%s/api/uploads/%d/attachments/main.jfr/raw", url, id)))
		if err != nil {
			t.Fatal(err)
		}
		recordings = append(recordings, raw)
	}
	return recordings
}

// ---- The receiver ----

// Get returns the body of an address, whose status must be 200.
func Get(t testing.TB, address string) []byte {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v %.300s", address, response.Status, err, body)
	}
	return body
}

// GetJSON decodes the answer of an address; numbers stay as they are written.
func GetJSON(t testing.TB, address string, answer any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(Get(t, address)))
	decoder.UseNumber()
	if err := decoder.Decode(answer); err != nil {
		t.Fatalf("GET %s: %v", address, err)
	}
}

// Uploads are the ids, oldest first.
func Uploads(t testing.TB, url string) (ids []int64) {
	t.Helper()
	var answer struct{ Uploads []struct{ ID int64 } }
	GetJSON(t, url+"/api/uploads?limit=1000&sort=received&order=asc", &answer)
	for _, upload := range answer.Uploads {
		ids = append(ids, upload.ID)
	}
	return ids
}

// Import sends a recording as main.jfr and returns the address of the attachment.
func Import(t testing.TB, url string, recording []byte) string {
	t.Helper()
	response, err := http.Post(url+"/api/import?name=main.jfr&service=load&family=java", "application/octet-stream", bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %v %s", response.Status, err, body)
	}
	ids := Uploads(t, url)
	return fmt.Sprintf("%s/api/uploads/%d/attachments/main.jfr", url, ids[len(ids)-1])
}

// Chunks splits a recording.
func Chunks(t testing.TB, recording []byte) (all [][]byte) {
	t.Helper()
	for len(recording) > 0 {
		if len(recording) < 68 || string(recording[:4]) != "FLR\x00" {
			t.Fatalf("no chunk begins with %.8q", recording)
		}
		size := binary.BigEndian.Uint64(recording[8:16])
		if size < 68 || size > uint64(len(recording)) {
			t.Fatalf("a chunk of %d bytes in %d", size, len(recording))
		}
		all, recording = append(all, recording[:size]), recording[size:]
	}
	return all
}

// Series are recordings of one process, one after the other, of so many seconds each.
func Series(t testing.TB, j JDK, count int, seconds float64, work ...string) (recordings [][]byte) {
	t.Helper()
	folder := t.TempDir()
	command := j.Command(append([]string{"-Xmx2g", "-cp", Classes(t), "Series", folder, fmt.Sprint(count), fmt.Sprint(seconds)}, work...)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i := range count {
		recordings = append(recordings, read(t, filepath.Join(folder, fmt.Sprintf("%d.jfr", i))))
	}
	return recordings
}
