// Command receiver_bench measures the receiver over HTTP, and its disk. bench/receiver runs it; docs/bench.md explains the results.
//
//	receiver_bench limit DIR                     the limit of the disk: 100 KB appended and synced; 8 files of an upload synced one by one
//	receiver_bench uploads URL PID SECONDS       16 clients upload batches of 100 KB as fast as they are answered
//	receiver_bench kinds URL PID SECONDS CAPTURE HEAP NAME PROTOCOL...
//	                                             the same with a captured batch, in the protocols in turn: datadog, otlp, pyroscope;
//	                                             HEAP: a file in the place of its heap profile, or -
//	receiver_bench fill DIR N                    creates N small uploads as files for a receiver
//	receiver_bench start PROGRAM DIR             time from start to first answer, five times
//	receiver_bench search URL                    a search page with 3 facets: list, facets, histogram
//	receiver_bench hour URL PROFILES             960 profiles of 16 hosts, merged into one flame graph: cold, and again
//	receiver_bench fleet DIR PROFILES            creates an hour of 200 services with 5 processes each as files
//	receiver_bench analysis URL PID              the Analysis of all of them
//	receiver_bench week DIR PROFILES HOSTS MINUTES FIGURES
//	                                             creates an upload a minute of each host as files, with so many figures in metrics.json
//	receiver_bench ask URL PID NAME=PATH...      the time of each request, at first and again, and then the memory of the receiver
//
// Each prints lines "KEY VALUE".
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Go client's batch of one minute, 100 KB in total.
var sizes = map[string]int{"cpu.pprof": 30_000, "delta-heap.pprof": 40_000, "delta-block.pprof": 7_000, "delta-mutex.pprof": 3_000, "goroutines.pprof": 15_000, "go.trace": 4_000, "metrics.json": 200}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func event(host, service string, seq int, start time.Time) string {
	return fmt.Sprintf(`{"start":%q,"end":%q,"family":"go","version":"4","tags_profiler":"service:%s,env:%s,version:1.%d,host:%s,runtime:go,runtime-id:%s-%d,process_id:7,profile_seq:%d,region:eu-%d,team:t%d,runtime_os:linux,runtime_arch:amd64"}`,
		start.Format(time.RFC3339Nano), start.Add(time.Minute).Format(time.RFC3339Nano), service, []string{"prod", "test", "dev"}[seq%3], seq%20, host, host, seq/500, seq%500, seq%4, seq%12)
}

func form(event string, files map[string][]byte) (string, []byte) {
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	for name, content := range files {
		part, err := writer.CreateFormFile(name, name)
		check(err)
		_, _ = part.Write(content)
	}
	part, err := writer.CreateFormFile("event", "event.json")
	check(err)
	_, _ = part.Write([]byte(event))
	check(writer.Close())
	return writer.FormDataContentType(), out.Bytes()
}

func randomFiles() map[string][]byte {
	files := map[string][]byte{}
	for name, size := range sizes {
		files[name] = make([]byte, size)
		_, _ = rand.Read(files[name])
	}
	return files
}

func quantile(times []time.Duration, q float64) float64 {
	slices.Sort(times)
	return float64(times[min(len(times)-1, int(q*float64(len(times))))].Microseconds()) / 1000
}

// ---- The limit ----

// Files are kept: ext4 avoids recently freed inodes, and the search for others would slow down the next measurement.
func limit(directory string) {
	content := make([]byte, 100_000)
	_, _ = rand.Read(content)
	check(os.MkdirAll(directory, 0o700))
	file, err := os.Create(filepath.Join(directory, "limit"))
	check(err)
	begin, count := time.Now(), 0
	for ; time.Since(begin) < 2*time.Second; count++ {
		_, err := file.Write(content)
		check(err)
		check(syscall.Fdatasync(int(file.Fd())))
	}
	fmt.Printf("append_sync_per_s %.0f\n", float64(count)/time.Since(begin).Seconds())
	files := randomFiles()
	begin, count = time.Now(), 0
	for ; time.Since(begin) < 2*time.Second; count++ {
		upload := filepath.Join(directory, fmt.Sprintf("limit-%d", count))
		check(os.Mkdir(upload, 0o700))
		for name, content := range files {
			file, err := os.Create(filepath.Join(upload, name))
			check(err)
			_, err = file.Write(content)
			check(err)
			check(file.Sync())
			check(file.Close())
		}
	}
	fmt.Printf("files_sync_per_s %.0f\n", float64(count)/time.Since(begin).Seconds())
}

// ---- Uploads ----

func uploads(url, pid string, seconds int) {
	const clients = 16
	var lock sync.Mutex
	var times []time.Duration
	var group sync.WaitGroup
	failed := 0
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}
	begin := time.Now()
	for i := 0; i < clients; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			contentType, body := form(event(fmt.Sprintf("host-%d", i), "shop", i, time.Now()), randomFiles())
			for time.Since(begin) < time.Duration(seconds)*time.Second {
				sent := time.Now()
				response, err := client.Post(url+"/profiling/v1/input", contentType, bytes.NewReader(body))
				ok := err == nil && response.StatusCode == http.StatusOK
				if err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
				took := time.Since(sent)
				lock.Lock()
				if ok {
					times = append(times, took)
				} else {
					failed++
				}
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	elapsed := time.Since(begin)
	fmt.Printf("uploads_per_s %.0f\nuploads_p50_ms %.1f\nuploads_p99_ms %.1f\nuploads_failed %d\n", float64(len(times))/elapsed.Seconds(), quantile(times, 0.5), quantile(times, 0.99), failed)
	fmt.Printf("uploads_lost %d\n", len(times)-total(url))
	status, err := os.ReadFile("/proc/" + pid + "/status")
	check(err)
	for _, line := range strings.Split(string(status), "\n") {
		var kB int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kB); n == 1 {
			fmt.Printf("uploads_peak_mb %.1f\n", float64(kB)/1000)
		}
	}
}

func get(url string) (time.Duration, []byte) {
	begin := time.Now()
	response, err := http.Get(url)
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	check(response.Body.Close())
	if response.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s %s", url, response.Status, body)
	}
	return time.Since(begin), body
}

func total(url string) int {
	_, body := get(url + "/api/uploads?limit=1")
	_, rest, _ := strings.Cut(string(body), `"total":`)
	count, err := strconv.Atoi(rest[:strings.IndexByte(rest, ',')])
	check(err)
	return count
}

// ---- Many stored profiles ----

func fill(directory string, count int) {
	start := time.Now().Add(-24 * time.Hour)
	for i := 0; i < count; i++ {
		upload := filepath.Join(directory, "uploads", strconv.Itoa(i+1))
		check(os.MkdirAll(upload, 0o700))
		text := event(fmt.Sprintf("host-%d", i%50), fmt.Sprintf("service-%d", i%40), i, start.Add(time.Duration(i)*800*time.Millisecond))
		check(os.WriteFile(filepath.Join(upload, "event.json"), []byte(text), 0o600))
		check(os.WriteFile(filepath.Join(upload, "0-metrics.json"), []byte("[]"), 0o600))
	}
}

func start(program, directory string) {
	var times []time.Duration
	for i := 0; i < 5; i++ {
		portFile := filepath.Join(directory, "port")
		_ = os.Remove(portFile)
		command := exec.Command(program, "receiver", "--listen", "127.0.0.1:0", "--data", directory, "--port-file", portFile)
		begin := time.Now()
		check(command.Start())
		var port []byte
		for len(port) == 0 {
			time.Sleep(time.Millisecond)
			port, _ = os.ReadFile(portFile)
		}
		if total("http://127.0.0.1:"+strings.TrimSpace(string(port))) == 0 {
			log.Fatal("nothing is stored")
		}
		times = append(times, time.Since(begin))
		check(command.Process.Signal(syscall.SIGTERM))
		check(command.Wait())
	}
	fmt.Printf("start_best_ms %.0f\nstart_worst_ms %.0f\n", quantile(times, 0), quantile(times, 1))
}

func search(url string) {
	from := time.Now().Add(-20 * time.Hour).UTC().Format(time.RFC3339)
	query := "service=service-7&env=test&version=1.7&from=" + from
	for name, path := range map[string]string{
		"list": "/api/uploads?limit=100&" + query, "facets": "/api/facets?" + query, "histogram": "/api/histogram?measure=cpu_cores&" + query,
		"text": "/api/uploads?limit=100&q=host-3&" + query, "sorted": "/api/uploads?limit=100&sort=host&order=asc",
	} {
		var times []time.Duration
		for i := 0; i < 50; i++ {
			took, _ := get(url + path)
			times = append(times, took)
		}
		fmt.Printf("search_%s_p50_ms %.1f\nsearch_%s_p99_ms %.1f\n", name, quantile(times, 0.5), name, quantile(times, 0.99))
	}
	var times []time.Duration
	for i := 0; i < 50; i++ {
		begin := time.Now()
		get(url + "/api/uploads?limit=100&" + query)
		get(url + "/api/facets?" + query)
		get(url + "/api/histogram?measure=cpu_cores&" + query)
		times = append(times, time.Since(begin))
	}
	fmt.Printf("search_page_p50_ms %.1f\nsearch_page_p99_ms %.1f\n", quantile(times, 0.5), quantile(times, 0.99))
}

// ---- An hour of 16 hosts ----

func hour(url, profiles string) {
	paths, err := filepath.Glob(filepath.Join(profiles, "*.pb.gz"))
	check(err)
	if len(paths) == 0 {
		log.Fatalf("no profiles in %s", profiles)
	}
	begin := time.Now().Add(-time.Hour)
	for i := 0; i < 960; i++ {
		content, err := os.ReadFile(paths[i/16%len(paths)])
		check(err)
		contentType, body := form(event(fmt.Sprintf("host-%d", i%16), "hour", i, begin.Add(time.Duration(i/16)*time.Minute)), map[string][]byte{"delta-heap.pprof": content})
		response, err := http.Post(url+"/profiling/v1/input", contentType, bytes.NewReader(body))
		check(err)
		_, _ = io.Copy(io.Discard, response.Body)
		check(response.Body.Close())
	}
	tree := url + "/api/tree?service=hour&attachment=delta-heap.pprof"
	cold, body := get(tree)
	if !bytes.Contains(body, []byte(`"uploads":960`)) {
		log.Fatalf("not of 960 profiles: %.200s", body)
	}
	again, _ := get(tree)
	fmt.Printf("hour_cold_ms %.0f\nhour_again_ms %.1f\n", float64(cold.Microseconds())/1000, float64(again.Microseconds())/1000)
}

// ---- An hour of 1,000 processes ----

// Files are hard links to a few, since they are never written.
func fleet(directory, profiles string) {
	heaps, err := filepath.Glob(filepath.Join(profiles, "*.pb.gz"))
	check(err)
	if len(heaps) == 0 {
		log.Fatalf("no profiles in %s", profiles)
	}
	goroutines := filepath.Join(directory, "goroutines")
	check(os.MkdirAll(filepath.Join(directory, "uploads"), 0o700))
	file, err := os.Create(goroutines)
	check(err)
	check(pprof.Lookup("goroutine").WriteTo(file, 0))
	check(file.Close())
	begin := time.Now().Add(-time.Hour)
	for i := range 30 * 1000 {
		upload := filepath.Join(directory, "uploads", strconv.Itoa(i+1))
		process := i % 1000
		check(os.Mkdir(upload, 0o700))
		text := event(fmt.Sprintf("host-%d", process), fmt.Sprintf("service-%d", process/5), process, begin.Add(time.Duration(i/1000)*2*time.Minute))
		check(os.WriteFile(filepath.Join(upload, "event.json"), []byte(text), 0o600))
		check(os.Link(heaps[i/1000%len(heaps)], filepath.Join(upload, "0-delta-heap.pprof")))
		check(os.Link(goroutines, filepath.Join(upload, "1-goroutines.pprof")))
	}
}

// CPU time of the receiver.
func processorTime(pid string) time.Duration {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	check(err)
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	check(err)
	system, err := strconv.Atoi(fields[12])
	check(err)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

func analysis(url, pid string) {
	before := processorTime(pid)
	cold, body := get(url + "/api/analysis")
	spent := processorTime(pid) - before
	again, _ := get(url + "/api/analysis")
	var answer struct {
		Headline                                                               string
		Uploads, Processes, Uploads_looked_at, Processes_looked_into, Profiles int
	}
	check(json.Unmarshal(body, &answer))
	if answer.Processes != 1000 || answer.Uploads_looked_at != answer.Uploads || answer.Processes_looked_into < 10 {
		log.Fatalf("not of all: %.300s", body)
	}
	fmt.Printf("analysis_again_ms %.1f\n", float64(again.Microseconds())/1000)
	fmt.Printf("analysis_cold_ms %.0f\nanalysis_cpu_ms %d\nanalysis_profiles %d\n", float64(cold.Microseconds())/1000, spent.Milliseconds(), answer.Profiles)
	fmt.Fprintf(os.Stderr, "%s; %d of %d processes looked into\n", answer.Headline, answer.Processes_looked_into, answer.Processes)
}

func main() {
	log.SetFlags(0)
	arguments := os.Args[1:]
	number := func(i int) int {
		value, err := strconv.Atoi(arguments[i])
		check(err)
		return value
	}
	switch {
	case len(arguments) == 2 && arguments[0] == "limit":
		limit(arguments[1])
	case len(arguments) == 4 && arguments[0] == "uploads":
		uploads(arguments[1], arguments[2], number(3))
	case len(arguments) > 7 && arguments[0] == "kinds":
		kinds(arguments[1], arguments[2], number(3), arguments[4], arguments[5], arguments[6], arguments[7:])
	case len(arguments) == 3 && arguments[0] == "fill":
		fill(arguments[1], number(2))
	case len(arguments) == 3 && arguments[0] == "start":
		start(arguments[1], arguments[2])
	case len(arguments) == 2 && arguments[0] == "search":
		search(arguments[1])
	case len(arguments) == 3 && arguments[0] == "hour":
		hour(arguments[1], arguments[2])
	case len(arguments) == 3 && arguments[0] == "fleet":
		fleet(arguments[1], arguments[2])
	case len(arguments) == 3 && arguments[0] == "analysis":
		analysis(arguments[1], arguments[2])
	case len(arguments) == 6 && arguments[0] == "week":
		week(arguments[1], arguments[2], number(3), number(4), number(5))
	case len(arguments) > 3 && arguments[0] == "ask":
		ask(arguments[1], arguments[2], arguments[3:])
	default:
		log.Fatal("receiver_bench: see the comment at the top of its source")
	}
}
