package receiver

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// kills is how often the receiver is killed: CMEMPROF_KILLS, by default 4 times; and after how many uploads, at most.
func kills(t *testing.T) (times, uploads int) {
	t.Helper()
	text := os.Getenv("CMEMPROF_KILLS")
	if text == "" {
		return 4, 200
	}
	times, err := strconv.Atoi(text)
	if err != nil || times < 4 {
		t.Fatalf("CMEMPROF_KILLS=%s is not a number from 4 on", text)
	}
	return times, 50
}

// Killed at random moments during uploads: all uploads that were answered with 200 are complete, and there are no incomplete ones.
func TestKilledWhileUploading(t *testing.T) {
	times, uploads := kills(t)
	data := t.TempDir()
	content := bytes.Repeat([]byte("0123456789abcdef"), 1000)
	answered := map[int64]string{}
	random := rand.New(rand.NewSource(1))
	for round := range times {
		r := start(t, data, plain(t))
		var lock sync.Mutex
		var sent atomic.Int64
		var clients sync.WaitGroup
		deadly := int64(uploads/4 + random.Intn(uploads*3/4))
		for client := 0; client < 8; client++ {
			clients.Add(1)
			go func() {
				defer clients.Done()
				for {
					number := sent.Add(1)
					if number > int64(uploads)+50 {
						return
					}
					name := fmt.Sprintf("%d-%d", round, number)
					contentType, body := form("service:shop,number:"+name, attachment{"a.bin", append([]byte(name), content...)}, attachment{"b.bin", content})
					status, text, err := r.post(http.DefaultClient, contentType, body)
					if err != nil {
						return // killed
					}
					var answer struct{ ID int64 }
					if status != http.StatusOK || json.Unmarshal([]byte(text), &answer) != nil {
						t.Errorf("%d %s", status, text)
						return
					}
					lock.Lock()
					answered[answer.ID] = name
					lock.Unlock()
					if number == deadly {
						_ = r.command.Process.Kill()
					}
				}
			}()
		}
		clients.Wait()
		r.kill()
	}
	r := start(t, data, plain(t))
	defer r.stop(t)
	rows := r.list(t, "")
	found := map[int64]bool{}
	for _, row := range rows {
		found[row.ID] = true
		name := answered[row.ID]
		for _, tag := range row.Tags {
			if number, ok := strings.CutPrefix(tag, "number:"); ok && name == "" {
				name = number // committed, and killed before the answer
			}
		}
		for file, want := range map[string][]byte{"a.bin": append([]byte(name), content...), "b.bin": content} {
			if status, got := r.get(t, fmt.Sprintf("/api/uploads/%d/attachments/%s", row.ID, file)); status != http.StatusOK || !bytes.Equal(got, want) {
				t.Errorf("upload %d: %s: %d, %d bytes", row.ID, file, status, len(got))
			}
		}
	}
	for id := range answered {
		if !found[id] {
			t.Errorf("upload %d was answered with 200 and is gone", id)
		}
	}
	left, _ := os.ReadDir(filepath.Join(data, "incoming"))
	if len(answered) < 100 || len(left) != 0 {
		t.Errorf("%d uploads were answered, %d are left in incoming/", len(answered), len(left))
	}
	t.Logf("%d times killed: %d answered, %d stored", times, len(answered), len(rows))
}

// A file system of 4 MB: 507 when it is full, reads continue, and a restart finds all acknowledged uploads.
func TestFullDisk(t *testing.T) {
	mount := t.TempDir()
	script := `mount -t tmpfs -o size=4m none "$0" && exec "$@"`
	wrapped := []string{"unshare", "-rm", "sh", "-c", script, mount, plain(t)}
	if output, err := exec.Command("unshare", "-rm", "sh", "-c", script, mount, "true").CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here (%v: %s): user namespaces are switched off", err, output)
	}
	r := start(t, filepath.Join(mount, "data"), wrapped...)
	defer r.stop(t)
	content := make([]byte, 200_000)
	_, _ = rand.New(rand.NewSource(1)).Read(content)
	contentType, body := form("service:shop", attachment{"a.bin", content})
	kept, full := 0, 0
	for i := 0; i < 40; i++ {
		status, text, err := r.post(http.DefaultClient, contentType, body)
		switch {
		case err != nil:
			t.Fatal(err)
		case status == http.StatusOK:
			kept++
		case status == http.StatusInsufficientStorage && strings.Contains(text, "disk full"):
			full++
		default:
			t.Fatalf("%d %s", status, text)
		}
	}
	if kept < 5 || full < 5 {
		t.Errorf("%d kept, %d refused", kept, full)
	}
	rows := r.list(t, "")
	if len(rows) != kept {
		t.Errorf("%d kept, %d listed", kept, len(rows))
	}
	for _, row := range rows {
		if status, got := r.get(t, fmt.Sprintf("/api/uploads/%d/attachments/a.bin", row.ID)); status != http.StatusOK || !bytes.Equal(got, content) {
			t.Errorf("upload %d: %d", row.ID, status)
		}
	}
}

// A damaged index is set aside and rebuilt; a damaged file is answered with 422 and affects no other.
func TestDamagedIndexAndFiles(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, plain(t))
	for i := 0; i < 5; i++ {
		contentType, body := form(fmt.Sprintf("service:shop,number:%d", i), attachment{"a.pprof", []byte("no profile")})
		if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
	}
	r.stop(t)
	index := filepath.Join(data, "index.sqlite")
	whole, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)/2] },
		func(b []byte) []byte { return bytes.Repeat([]byte("x"), len(b)) },
		func(b []byte) []byte { copy(b[4096:], bytes.Repeat([]byte{0xA5}, 4096)); return b },
		func([]byte) []byte { return nil },
	} {
		if err := os.WriteFile(index, damage(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		r = start(t, data, plain(t))
		if rows := r.list(t, ""); len(rows) != 5 || text(rows[0].Service) != "shop" {
			t.Errorf("%d uploads after the index was damaged: %s", len(rows), r.output.String())
		}
		r.stop(t)
	}
	r = start(t, data, plain(t))
	defer r.stop(t)
	if err := os.Truncate(filepath.Join(data, "uploads", "2", "0-a.pprof"), 3); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, "uploads", "3", "0-a.pprof")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/api/uploads/1/attachments/a.pprof": 200, "/api/uploads/1/attachments/a.pprof/tree": 422, "/api/uploads/2/attachments/a.pprof": 422,
		"/api/uploads/2/attachments/a.pprof/tree": 422, "/api/uploads/3/attachments/a.pprof": 422, "/api/uploads/3/archive": 422, "/api/uploads/1/archive": 200, "/api/uploads": 200} {
		if status, body := r.get(t, path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// 500 clients that send a byte now and then do not delay others.
func TestSlowClients(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	contentType, body := form("service:shop", attachment{"a.bin", []byte("x")})
	starts := []string{"", "POST /profiling/v1/input HTTP/1.1\r\nHost: loc",
		"POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + contentType + "\r\nContent-Length: 100000\r\n\r\n" + string(body[:100])}
	var slow []net.Conn
	defer func() {
		for _, connection := range slow {
			_ = connection.Close()
		}
	}()
	for i := 0; i < 500; i++ {
		connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, connection)
		_, _ = connection.Write([]byte(starts[i%3]))
	}
	client := &http.Client{Timeout: 20 * time.Second}
	for i := 0; i < 20; i++ {
		for _, connection := range slow[:50] {
			_, _ = connection.Write([]byte("x"))
		}
		if status, text, err := r.post(client, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
	}
	if rows := r.list(t, ""); len(rows) != 20 {
		t.Errorf("%d uploads", len(rows))
	}
}

// More half uploads than there may be connections: others are served at once, since the half ones give way.
func TestHalfUploadsGiveWay(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	contentType, body := form("service:shop", attachment{"a.bin", []byte("x")})
	half := "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + contentType + "\r\nContent-Length: 100000\r\n\r\n" + string(body[:100])
	for range 2300 {
		connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_, _ = connection.Write([]byte(half))
	}
	// Without them, the first half upload ends after 20 s, since it is too slow.
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		if status, text, err := r.post(client, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
	}
}

// A gigabyte compressed to a megabyte is stored unchanged, and refused where it would be inflated.
func TestZipBomb(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	var bomb bytes.Buffer
	writer := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for i := 0; i < 1024; i++ {
		_, _ = writer.Write(zeros)
	}
	_ = writer.Close()
	contentType, body := form("service:shop", attachment{"heap.pprof", bomb.Bytes()}, attachment{"metrics.json", bomb.Bytes()}, attachment{"main.jfr", bomb.Bytes()})
	if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, text, err)
	}
	for _, path := range []string{"heap.pprof/types", "heap.pprof/tree", "main.jfr/jfr"} {
		if status, text := r.get(t, "/api/uploads/1/attachments/"+path); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var peak int
	for _, line := range strings.Split(string(status), "\n") {
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	if peak == 0 || peak > 700_000 {
		t.Errorf("it took %d kB at its peak", peak)
	}
}

// unread requests a path and does not read the answer.
func (r *receiver) unread(t *testing.T, path string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err == nil {
		_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

// Unread answers of 40 MB: three are kept, further ones are refused meanwhile; uploads and small answers are not.
func TestAnswersThatNobodyReads(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	random := rand.New(rand.NewSource(1))
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}, TimeNanos: 1}
	for i := uint64(1); i <= 1000; i++ {
		piece := make([]byte, 1000) // not so alike that it looks like a bomb
		for k := range piece {
			piece[k] = byte('a' + random.Intn(26))
		}
		function := &profile.Function{ID: i, Name: strings.Repeat(string(piece), 40) + fmt.Sprint(i)}
		location := &profile.Location{ID: i, Address: i, Line: []profile.Line{{Function: function}}}
		p.Function, p.Location = append(p.Function, function), append(p.Location, location)
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{location}, Value: []int64{1}})
	}
	var large bytes.Buffer
	if err := p.Write(&large); err != nil {
		t.Fatal(err)
	}
	contentType, body := form("service:shop", attachment{"cpu.pprof", large.Bytes()})
	if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, text, err)
	}
	const tree = "/api/uploads/1/attachments/cpu.pprof/tree"
	statuses := map[string]int{}
	var slow []net.Conn
	for range 6 {
		connection := r.unread(t, tree)
		slow = append(slow, connection)
		head := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(connection, head); err != nil {
			t.Fatal(err)
		}
		statuses[string(head)]++
	}
	if statuses["HTTP/1.1 200"] != 3 || statuses["HTTP/1.1 503"] != 3 {
		t.Errorf("%v", statuses)
	}
	asItIs := &http.Client{Transport: &http.Transport{DisableCompression: true}} // compressed there is room for it
	ask := func() *http.Response {
		response, err := asItIs.Get(r.url + tree)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response
	}
	if response := ask(); response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("%v", response)
	}
	small, body := form("service:shop", attachment{"a.bin", []byte("x")})
	if status, text, err := r.post(http.DefaultClient, small, body); err != nil || status != http.StatusOK {
		t.Errorf("%d %s %v", status, text, err)
	}
	if status, text := r.get(t, "/api/uploads"); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	for _, connection := range slow {
		_ = connection.Close()
	}
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if ask().StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatal("there is no room although nobody waits any more")
		}
	}
}

// Both files of the index are overwritten during uploads: each upload is answered with 200, finally all are listed, and the index was set aside.
func TestIndexDamagedWhileItRuns(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, plain(t))
	contentType, body := form("service:shop,host:"+strings.Repeat("h", 3000), attachment{"a.bin", []byte("x")})
	client := &http.Client{Timeout: patience}
	upload := func(count int) {
		for range count {
			if status, text, err := r.post(client, contentType, body); err != nil || status != http.StatusOK {
				t.Errorf("%d %s %v", status, text, err)
			}
		}
	}
	upload(100)
	for _, name := range []string{"index.sqlite", "index.sqlite-wal"} {
		file, err := os.OpenFile(filepath.Join(data, name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		about, err := file.Stat()
		if err == nil {
			_, err = file.Write(bytes.Repeat([]byte{0xA5}, int(about.Size())))
		}
		if err != nil || file.Close() != nil {
			t.Fatal(err)
		}
	}
	upload(100)
	listed := 0
	for end := time.Now().Add(patience); listed != 200 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var list struct{ Uploads []row }
		// Requests during the rebuild are told to retry.
		if status, answer := r.get(t, "/api/uploads?limit=1000"); status == http.StatusOK {
			if err := json.Unmarshal(answer, &list); err != nil {
				t.Fatal(err)
			}
		} else if status != http.StatusServiceUnavailable {
			t.Fatalf("%d %s", status, answer)
		}
		listed = len(list.Uploads)
	}
	if listed != 200 {
		t.Errorf("%d uploads are listed", listed)
	}
	if _, err := os.Stat(filepath.Join(data, "index.sqlite.damaged")); err != nil {
		t.Error(err)
	}
	r.stop(t)
	r = start(t, data, plain(t))
	defer r.stop(t)
	if rows := r.list(t, ""); len(rows) != 200 {
		t.Errorf("%d uploads after a restart: %s", len(rows), r.output.String())
	}
}
