// Command rollups_bench stores a fleet for the receiver and measures views of it. bench/rollups runs it; docs/bench.md explains the results.
//
//	rollups_bench fill DIR PROFILES HOSTS DAYS SERVICES   an upload a minute and host of one service, and 100 of each of other services
//	rollups_bench made PID DIR                            waits until all roll-ups are made
//	rollups_bench view URL NAME DAYS MINUTES              the flame graph of the newest days: cold, again. MINUTES not 0: of a range that begins and
//	                                                      ends so many minutes after whole hours
//
// Each prints lines "KEY VALUE".
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Whole days that are over.
func end() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) }

// Profiles are hard links to a few dozen files: what is read is what would be read, without the disk of all.
type filling struct {
	directory string
	profiles  []string
	id        int
	bytes     int64
}

func (f *filling) add(service, host string, start time.Time) {
	f.id++
	upload := filepath.Join(f.directory, "uploads", strconv.Itoa(f.id))
	check(os.Mkdir(upload, 0o700))
	event := fmt.Sprintf(`{"start":%q,"end":%q,"family":"go","version":"4","tags_profiler":"service:%s,env:prod,version:1.4,host:%s,runtime:go,language:go,runtime-id:%s-%s,process_id:7,profile_seq:%d"}`,
		start.Format(time.RFC3339Nano), start.Add(time.Minute).Format(time.RFC3339Nano), service, host, service, host, f.id)
	check(os.WriteFile(filepath.Join(upload, "event.json"), []byte(event), 0o600))
	profile := f.profiles[f.id%len(f.profiles)]
	check(os.Link(profile, filepath.Join(upload, "0-heap.pprof")))
	about, err := os.Stat(profile)
	check(err)
	f.bytes += about.Size()
}

func fill(directory, profiles string, hosts, days, services int) {
	check(os.MkdirAll(filepath.Join(directory, "uploads"), 0o700))
	found, err := filepath.Glob(filepath.Join(profiles, "*.pb.gz"))
	check(err)
	f := filling{directory: directory, profiles: found}
	begin := end().Add(-time.Duration(days) * 24 * time.Hour)
	for minute := range days * 24 * 60 {
		for host := range hosts {
			f.add("shop", fmt.Sprintf("host-%d", host), begin.Add(time.Duration(minute)*time.Minute+time.Duration(host)*3*time.Second))
		}
		for service := range services {
			if every := days * 24 * 60 / 100; minute%every == service%every {
				f.add(fmt.Sprintf("service-%d", service), "host-a", begin.Add(time.Duration(minute)*time.Minute))
			}
		}
	}
	fmt.Printf("uploads %d\nfile_bytes %d\n", f.id, f.bytes)
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

// User and system time of a process.
func cpu(pid string) time.Duration {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	check(err)
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	user, err := strconv.Atoi(fields[11])
	check(err)
	system, err := strconv.Atoi(fields[12])
	check(err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

func peak(pid string) int {
	text, err := os.ReadFile("/proc/" + pid + "/status")
	check(err)
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kB int
	_, err = fmt.Sscan(rest, &kB)
	check(err)
	return kB / 1000
}

func size(directory string) (bytes int64) {
	for _, ending := range []string{"", "-wal"} {
		if about, err := os.Stat(filepath.Join(directory, "rollups.sqlite"+ending)); err == nil {
			bytes += about.Size()
		}
	}
	return bytes
}

// All are made once the receiver has not worked for half a minute: its passes are a minute apart.
func made(pid, directory string) {
	begin, from := time.Now(), cpu(pid)
	last, since := from, time.Now()
	for time.Since(since) < 30*time.Second {
		time.Sleep(time.Second)
		if now := cpu(pid); now-last > 100*time.Millisecond {
			last, since = now, time.Now()
		}
	}
	fmt.Printf("made_s %.0f\nmade_cpu_s %.1f\nrollup_bytes %d\nmade_peak_mb %d\n", (time.Since(begin) - time.Since(since)).Seconds(), (last - from).Seconds(), size(directory), peak(pid))
}

func view(url, name string, days, minutes int) {
	shift := time.Duration(minutes) * time.Minute
	to := end().Add(shift - map[bool]time.Duration{true: time.Hour}[minutes > 0])
	from := to.Add(-time.Duration(days) * 24 * time.Hour)
	path := fmt.Sprintf("%s/api/tree?service=shop&attachment=heap.pprof&type=alloc_space&from=%d&to=%d", url, from.UnixMilli(), to.UnixMilli())
	cold, body := get(path)
	var again time.Duration
	for range 5 {
		if took, _ := get(path); again == 0 || took < again {
			again = took
		}
	}
	var answer struct {
		Uploads, Processes int
		LeftOut            int `json:"uploads_left_out"`
		Total              json.Number
	}
	check(json.Unmarshal(body, &answer))
	fmt.Printf("%s_cold_ms %.0f\n%s_again_ms %.0f\n%s_uploads %d\n%s_left_out %d\n%s_total %s\n", name, float64(cold.Microseconds())/1000, name, float64(again.Microseconds())/1000, name, answer.Uploads, name, answer.LeftOut, name, answer.Total)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func main() {
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 6 && arguments[0] == "fill":
		fill(arguments[1], arguments[2], number(arguments[3]), number(arguments[4]), number(arguments[5]))
	case len(arguments) == 3 && arguments[0] == "made":
		made(arguments[1], arguments[2])
	case len(arguments) == 5 && arguments[0] == "view":
		view(arguments[1], arguments[2], number(arguments[3]), number(arguments[4]))
	default:
		log.Fatal("usage: see the comment in rollups_bench/main.go")
	}
}
