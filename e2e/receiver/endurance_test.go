package receiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// endurance is how long TestEndurance takes: CMEMPROF_SOAK_HOURS.
func endurance(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("CMEMPROF_SOAK_HOURS")
	if text == "" {
		t.Skip("CMEMPROF_SOAK_HOURS is not set; make soak-receiver sets it")
	}
	hours, err := strconv.ParseFloat(text, 64)
	if err != nil || hours <= 0 {
		t.Fatalf("CMEMPROF_SOAK_HOURS=%s is not a number of hours", text)
	}
	return time.Duration(hours * float64(time.Hour))
}

// life is a receiver between its start and its end: at its end it must not have more than the lives before.
type life struct {
	rss, files, wal     int64
	uploads, full       int
	answered, questions []time.Duration
}

func (l life) String() string {
	return fmt.Sprintf("%6d uploads, %4d times full; RSS %5.1f MB, %3d descriptors, WAL %4.1f MB; uploads %v, questions %v (99th of a hundred)",
		l.uploads, l.full, float64(l.rss)/1e6, l.files, float64(l.wal)/1e6, p99(l.answered), p99(l.questions))
}

func p99(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)*99/100].Round(10 * time.Microsecond)
}

func residentBytes(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}

// soak is what the lives have in common: clients that send, and ask, as long as it runs.
type soak struct {
	lock  sync.Mutex
	newer []int64 // ids of the last uploads that were answered with 200
	r     *receiver
	life  life
	ended chan struct{}
	all   sync.WaitGroup
}

const remembered = 100 // younger than all that retention removes

func (s *soak) send(t *testing.T, client int) {
	defer s.all.Done()
	random := rand.New(rand.NewSource(int64(client)))
	filler := make([]byte, 12_000)
	_, _ = random.Read(filler)
	var heap bytes.Buffer
	_ = endlessProfile().Write(&heap)
	for number := 0; ; number++ {
		select {
		case <-s.ended:
			return
		case <-time.After(200 * time.Millisecond): // 20 a second of four clients
		}
		now := time.Now()
		tags := fmt.Sprintf("service:s%d,host:h%d,runtime-id:%d-%d,version:%d", random.Intn(20), random.Intn(50), client, number, number/1000)
		contentType, body := formAt(now, tags, attachment{"delta-heap.pprof", heap.Bytes()}, attachment{"filler.bin", filler[:random.Intn(len(filler))]})
		status, text, err := s.r.post(http.DefaultClient, contentType, body)
		if err != nil {
			return // killed
		}
		var answer struct{ ID int64 }
		s.lock.Lock()
		switch {
		case status == http.StatusOK && json.Unmarshal([]byte(text), &answer) == nil:
			s.newer = append(s.newer, answer.ID)
			s.newer = s.newer[max(0, len(s.newer)-remembered):]
			s.life.uploads++
			s.life.answered = append(s.life.answered, time.Since(now))
		case status == http.StatusInsufficientStorage:
			s.life.full++
		default:
			t.Errorf("an upload: %d %s", status, text)
		}
		s.lock.Unlock()
	}
}

func (s *soak) ask(t *testing.T) {
	defer s.all.Done()
	light := []string{"/api/uploads?limit=100", "/api/uploads?service=s3&limit=10", "/api/facets?service=s1", "/api/histogram?buckets=60", "/info"}
	heavy := []string{"/api/tree?service=s5&attachment=delta-heap.pprof", "/api/metrics?service=s7", "/api/analysis?service=s9", "/api/labels?service=s5&attachment=delta-heap.pprof"}
	for number := 0; ; number++ {
		select {
		case <-s.ended:
			return
		case <-time.After(100 * time.Millisecond):
		}
		path, isLight := light[number%len(light)], true
		if number%40 == 39 {
			path, isLight = heavy[number/40%len(heavy)], false
		}
		now := time.Now()
		response, err := http.Get(s.r.url + path)
		if err != nil {
			return // killed
		}
		_ = response.Body.Close()
		if code := response.StatusCode; code != http.StatusOK && code != http.StatusNotFound && code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, code)
		}
		s.lock.Lock()
		if isLight {
			s.life.questions = append(s.life.questions, time.Since(now))
		}
		s.lock.Unlock()
	}
}

// watch keeps the largest figures of this life.
func (s *soak) watch(data string) {
	pid := s.r.command.Process.Pid
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	s.lock.Lock()
	defer s.lock.Unlock()
	s.life.rss = max(s.life.rss, residentBytes(pid))
	s.life.files = max(s.life.files, int64(len(files)))
	if wal, err := os.Stat(filepath.Join(data, "index.sqlite-wal")); err == nil {
		s.life.wal = max(s.life.wal, wal.Size())
	}
}

// TestEndurance: hours of uploads and questions, with the store at its limit of size; the receiver is killed or stopped ten times, and where this
// user may mount file systems, the disk is full for a while in each life. Nothing that was answered is lost, and no life takes more than those before.
func TestEndurance(t *testing.T) {
	hours := endurance(t)
	data, retention := filepath.Join(t.TempDir(), "data"), "1h,60MB"
	mount, mounted := filepath.Dir(data), false
	if err := syscall.Mount("none", mount, "tmpfs", 0, "size=100m"); err == nil {
		mounted = true
		defer func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) }()
	}
	const lives = 10
	var past []life
	s := soak{}
	for number := range lives {
		s.life, s.ended = life{}, make(chan struct{})
		s.r = startWith(t, data, []string{"--retention", retention}, plain(t))
		s.present(t)
		for client := range 4 {
			s.all.Add(1)
			go s.send(t, number*4+client)
		}
		s.all.Add(1)
		go s.ask(t)
		begin, filled := time.Now(), filepath.Join(mount, "filler")
		for time.Since(begin) < hours/lives {
			time.Sleep(time.Second)
			s.watch(data)
			part := time.Since(begin) * 10 / (hours / lives)
			if _, err := os.Stat(filled); mounted && part == 5 && err != nil {
				fill(filled)
			} else if part >= 6 {
				_ = os.Remove(filled)
			}
		}
		if number%2 == 0 {
			s.r.kill()
			close(s.ended)
			s.all.Wait()
		} else {
			close(s.ended)
			s.all.Wait()
			s.r.stop(t)
		}
		t.Logf("life %2d: %s", number+1, s.life)
		past = append(past, s.life)
	}
	if !mounted {
		t.Log("no file system can be mounted by this user: the disk was never full")
	}
	verdict(t, past, mounted)
}

// fill takes all that is left.
func fill(path string) {
	file, err := os.Create(path)
	for block := make([]byte, 1<<20); err == nil; {
		_, err = file.Write(block)
	}
	_ = file.Close()
}

// present: what was answered before the end of the last life is there, whole.
func (s *soak) present(t *testing.T) {
	t.Helper()
	for _, id := range s.newer {
		if status, _ := s.r.get(t, fmt.Sprintf("/api/uploads/%d/attachments/delta-heap.pprof", id)); status != http.StatusOK {
			t.Errorf("upload %d was answered with 200, and is %d after the restart", id, status)
		}
	}
}

// The first life fills the store, and is no measure for the others.
func verdict(t *testing.T, past []life, mounted bool) {
	t.Helper()
	first := past[1]
	for number, l := range past[2:] {
		if l.rss > first.rss*5/4+16<<20 || l.files > first.files+32 || l.wal > first.wal*2+16<<20 {
			t.Errorf("life %d takes more than life 2", number+3)
		}
	}
	for number, l := range past {
		if l.uploads == 0 || len(l.questions) == 0 || (mounted && l.full == 0) {
			t.Errorf("life %d had nothing to do", number+1)
		}
	}
}

// endlessProfile is one heap profile of a service that goes on.
func endlessProfile() *profile.Profile {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}}, DurationNanos: 60e9}
	for i := range uint64(200) {
		function := &profile.Function{ID: i + 1, Name: fmt.Sprintf("main.work%d", i)}
		location := &profile.Location{ID: i + 1, Line: []profile.Line{{Function: function, Line: 1}}}
		p.Function, p.Location = append(p.Function, function), append(p.Location, location)
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{location}, Value: []int64{int64(i), int64(i) * 1000}})
	}
	return p
}
