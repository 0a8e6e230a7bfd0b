package main

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"encoding/json"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/otlp"
	"github.com/cmemprof/cmemprof/pyroscope"
)

// ---- Three protocols ----

// message is one POST, which the receiver keeps as one upload.
type message struct {
	path, contentType, encoding string
	body                        []byte
}

// captured returns the parts of a batch that was recorded from a real client (testdata/captures).
func captured(directory string) map[string][]byte {
	var request struct{ Headers [][2]string }
	text, err := os.ReadFile(filepath.Join(directory, "request.json"))
	check(err)
	check(json.Unmarshal(text, &request))
	body, err := os.ReadFile(filepath.Join(directory, "body.bin"))
	check(err)
	files := map[string][]byte{}
	for _, header := range request.Headers {
		if header[0] != "Content-Type" {
			continue
		}
		_, parameters, err := mime.ParseMediaType(header[1])
		check(err)
		parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
		for part, err := parts.NextPart(); err != io.EOF; part, err = parts.NextPart() {
			check(err)
			content, err := io.ReadAll(part)
			check(err)
			if part.FormName() != "event" {
				files[part.FormName()] = content
			}
		}
	}
	return files
}

// The batch as an Agent takes it.
func datadogMessages(host string, files map[string][]byte) []message {
	contentType, body := form(event(host, "shop", 0, time.Now()), files)
	return []message{{"/profiling/v1/input", contentType, "", body}}
}

func profilesOf(files map[string][]byte) []string {
	var names []string
	for name := range files {
		if strings.HasSuffix(name, ".pprof") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// All profiles of the batch in one request, as the Go profiler sends them.
func otlpMessages(host string, files map[string][]byte) []message {
	var list []otlp.File
	for _, name := range profilesOf(files) {
		list = append(list, otlp.File{Name: name, Profile: files[name], Start: time.Now(), Duration: time.Minute})
	}
	body, err := otlp.Encode([]otlp.Attribute{{Key: "service.name", Text: "shop"}, {Key: "host.name", Text: host}, {Key: "service.version", Text: "1.7"}}, list)
	check(err)
	body, err = merge.Compress(body, merge.Output{Compression: merge.Gzip})
	check(err)
	return []message{{"/v1development/profiles", "application/x-protobuf", "gzip", body}}
}

// A push of each profile of the batch, as Pyroscope's clients and the Go profiler send them.
func pyroscopeMessages(host string, files map[string][]byte) []message {
	var all []message
	for _, name := range profilesOf(files) {
		profile, err := pyroscope.SentProfile(files[name])
		check(err)
		profile, err = merge.Compress(profile, merge.Output{Compression: merge.Gzip})
		check(err)
		metric, _ := pyroscope.MetricOfFile(name)
		labels := []pyroscope.Label{{Name: "__name__", Value: metric}, {Name: "service_name", Value: "shop"}, {Name: "host", Value: host}}
		body, err := pyroscope.Push([]pyroscope.Series{{Labels: labels, ID: "00000000-0000-8000-8000-000000000001", Profile: profile}})
		check(err)
		all = append(all, message{"/push.v1.PusherService/Push", "application/proto", "", body})
	}
	return all
}

var kindsOfMessages = map[string]func(host string, files map[string][]byte) []message{
	"datadog": datadogMessages, "otlp": otlpMessages, "pyroscope": pyroscopeMessages,
}

func post(client *http.Client, url string, m message) bool {
	request, err := http.NewRequest(http.MethodPost, url+m.path, bytes.NewReader(m.body))
	check(err)
	request.Header.Set("Content-Type", m.contentType)
	if m.encoding != "" {
		request.Header.Set("Content-Encoding", m.encoding)
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func ownProcessorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// kinds uploads in the protocols named, in turn; each client sends as fast as it is answered. What it prints begins with name.
func kinds(url, pid string, seconds int, capture, heap, name string, protocols []string) {
	const clients = 16
	files := captured(capture)
	if heap != "-" {
		content, err := os.ReadFile(heap)
		check(err)
		files["delta-heap.pprof"] = content
	}
	var lock sync.Mutex
	var times []time.Duration
	var group sync.WaitGroup
	var sizes, sent int
	failed, stored := 0, total(url)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}, Timeout: time.Minute}
	var messages [clients][][]message // by client and protocol, made before the time begins
	for i := range clients {
		for _, protocol := range protocols {
			messages[i] = append(messages[i], kindsOfMessages[protocol](fmt.Sprintf("host-%d", i), files))
		}
	}
	begin, own, its := time.Now(), ownProcessorTime(), processorTime(pid)
	for i := range clients {
		group.Go(func() {
			for turn := i; time.Since(begin) < time.Duration(seconds)*time.Second; turn++ {
				of := messages[i][turn%len(protocols)]
				m := of[turn/len(protocols)%len(of)]
				asked := time.Now()
				ok := post(client, url, m)
				took := time.Since(asked)
				lock.Lock()
				sent++
				sizes += len(m.body)
				if ok {
					times = append(times, took)
				} else {
					failed++
				}
				lock.Unlock()
			}
		})
	}
	group.Wait()
	elapsed, own, its := time.Since(begin), ownProcessorTime()-own, processorTime(pid)-its
	perUpload := func(spent time.Duration) float64 { return float64(spent.Microseconds()) / 1000 / float64(len(times)) }
	fmt.Printf("%[1]s_per_s %.0[2]f\n%[1]s_p50_ms %.1[3]f\n%[1]s_p99_ms %.1[4]f\n%[1]s_failed %[5]d\n%[1]s_lost %[6]d\n", name,
		float64(len(times))/elapsed.Seconds(), quantile(times, 0.5), quantile(times, 0.99), failed, len(times)-(total(url)-stored))
	fmt.Printf("%[1]s_kb %.1[2]f\n%[1]s_cpu_ms %.2[3]f\n%[1]s_client_cpu_ms %.2[4]f\n", name, float64(sizes)/float64(sent)/1000, perUpload(its), perUpload(own))
}
