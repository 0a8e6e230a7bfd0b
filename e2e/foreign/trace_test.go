package foreign

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

// Everything that goroutines wait for: the network, channels, locks, system calls, a timer.
func wait(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			connection, err := server.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(connection, connection)
				connection.Close()
			}()
		}
	}()
	var lock sync.Mutex
	var all sync.WaitGroup
	done := make(chan bool)
	for range 8 {
		all.Go(func() {
			connection, err := net.Dial("tcp", server.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer connection.Close()
			message := make([]byte, 100)
			for range 30 {
				_, _ = connection.Write(message)
				_, _ = io.ReadFull(connection, message)
				lock.Lock()
				_, _ = os.ReadFile("/proc/self/status")
				for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
				}
				lock.Unlock()
				go func() { done <- true }()
				<-done
			}
		})
	}
	all.Wait()
	time.Sleep(1200 * time.Millisecond) // a generation of the trace lasts a second
}

func traced(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	sampled := pprof.StartCPUProfile(io.Discard) == nil // not if another test does
	if err := trace.Start(&b); err != nil {
		t.Skip(err)
	}
	wait(t)
	trace.Stop()
	if sampled {
		pprof.StopCPUProfile()
	}
	return b.Bytes()
}

// Counts and times by stack, of two sample types.
func waits(p *profile.Profile, count, delay int) (stacks map[string][2]int64, total [2]int64) {
	stacks = map[string][2]int64{}
	for _, sample := range p.Sample {
		var key strings.Builder
		for _, location := range sample.Location {
			for _, line := range location.Line {
				if line.Function.Name == "" {
					continue // an address of 0, which go tool trace takes for no frame, but does not always leave out
				}
				fmt.Fprintf(&key, "%s %s:%d\n", line.Function.Name, line.Function.Filename, line.Line)
			}
		}
		values := [2]int64{sample.Value[count], sample.Value[delay]}
		sum := stacks[key.String()]
		for i := range values {
			sum[i] += values[i]
			total[i] += values[i]
		}
		if sum != [2]int64{} {
			stacks[key.String()] = sum
		}
	}
	return stacks, total
}

func typeOf(t *testing.T, p *profile.Profile, name string) int {
	t.Helper()
	for i, of := range p.SampleType {
		if of.Type == name {
			return i
		}
	}
	t.Fatalf("no sample type %s in %v", name, p.SampleType)
	return -1
}

// Events of equal times may come in another order: each wait is a nanosecond longer or shorter then.
func sameWaits(a, b [2]int64) bool {
	return a[0] == b[0] && max(a[1]-b[1], b[1]-a[1]) <= a[0]
}

// The profiles that go tool trace makes, by stack; and its counts of events.
func TestGoTrace(t *testing.T) {
	content := traced(t)
	file := write(t, "trace", content)
	ours := converted(t, file)
	for kind, name := range map[string]string{"net": "net_waits", "sync": "sync_waits", "syscall": "syscalls", "sched": "sched_waits"} {
		out, err := exec.Command("go", "tool", "trace", "-pprof="+kind, file).Output()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := profile.ParseData(out)
		if err != nil {
			t.Fatal(err)
		}
		theirs, total := waits(parsed, 0, 1)
		stacks, sum := waits(ours, typeOf(t, ours, name), typeOf(t, ours, kind+"_delay"))
		t.Logf("%s: %d stacks, %v", kind, len(stacks), sum)
		if total[0] == 0 || !sameWaits(sum, total) || len(stacks) != len(theirs) {
			t.Errorf("%s: %d stacks, %v; go tool trace has %d, %v", kind, len(stacks), sum, len(theirs), total)
		}
		for stack, have := range stacks {
			if _, there := theirs[stack]; !there {
				t.Errorf("%s: go tool trace does not have %v:\n%s", kind, have, stack)
			}
		}
		for stack, want := range theirs {
			if !sameWaits(stacks[stack], want) {
				t.Errorf("%s: %v, go tool trace has %v:\n%s", kind, stacks[stack], want, stack)
			}
		}
	}
	events := "\n" + run(t, nil, "go", "tool", "trace", "-d=wire", file)
	for event, name := range map[string]string{"GoCreate": "goroutines_created", "CPUSample": "cpu_samples"} {
		if counted, want := sums(ours)[name], strings.Count(events, "\n"+event+" "); counted != int64(want) {
			t.Errorf("%s: %d, go tool trace has %d events", name, counted, want)
		}
	}

	// The receiver stores it as that profile.
	receiver := built.Keep(t)
	receiver.Import("service=shop&name=go.trace", content)
	response, err := http.Get(receiver.URL + "/api/tree?id=1&attachment=go.trace.pprof&type=net_delay")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	tree, _ := io.ReadAll(response.Body)
	if want := fmt.Sprintf(`"total":%d`, sums(ours)["net_delay"]); !strings.Contains(string(tree), want) {
		t.Errorf("the receiver has %.300s, not %s", tree, want)
	}
}

// What a crash leaves: the last generation is cut off. Those before it are read, and it is said.
func TestGoTraceIsCutOff(t *testing.T) {
	content := traced(t)
	result := filepath.Join(t.TempDir(), "result.pprof")
	out, err := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "-o", result, write(t, "cut", content[:len(content)-100])).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "bytes at the end: a batch of events is damaged or cut off") {
		t.Errorf("%v: %s", err, out)
	}
	out, err = exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "top", write(t, "old", []byte("go 1.21 trace\x00\x00\x00"))).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "go tool trace") {
		t.Errorf("%v: %s", err, out)
	}
}
