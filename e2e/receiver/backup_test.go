package receiver

// Backups of a receiver that runs, under load, and in a fresh directory.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// answers are those of the JSON interface about everything that is stored.
func (r *receiver) answers(t *testing.T, ids []int64) map[string]string {
	t.Helper()
	all := map[string]string{}
	paths := []string{"/api/facets", "/api/histogram?from=0&to=4000000000000&buckets=20", "/api/uploads?limit=1000&sort=received&order=asc&to=1767323104999"}
	for _, id := range ids {
		paths = append(paths, fmt.Sprint("/api/uploads/", id), fmt.Sprintf("/api/uploads/%d/archive", id), fmt.Sprintf("/api/uploads/%d/event", id))
	}
	for _, service := range []string{"go-v1-svc", "go-v2-svc"} {
		for _, view := range []string{"/api/tree?attachment=delta-heap.pprof&service=", "/api/types?service=", "/api/metrics?service="} {
			paths = append(paths, view+service)
		}
	}
	for _, path := range paths {
		status, body := r.get(t, path)
		all[path] = fmt.Sprint(status, " ", string(body))
	}
	return all
}

// All that was answered with 200 before an export began is in it, whatever comes meanwhile, and all answers about it are the same from a store
// that it was imported into.
func TestBackupUnderLoad(t *testing.T) {
	data, file, other := t.TempDir(), filepath.Join(t.TempDir(), "all.tar"), filepath.Join(t.TempDir(), "fresh")
	r := startWith(t, data, []string{"--retention", "100000d"}, plain(t))
	all := captures(t)
	post := func(n int) (id int64) {
		c := all[n%len(all)]
		status, text, err := r.post(http.DefaultClient, c.contentType, c.body)
		var answer struct{ ID int64 }
		if err != nil || status != http.StatusOK || json.Unmarshal([]byte(text), &answer) != nil {
			t.Errorf("%d %s %v", status, text, err)
		}
		return answer.ID
	}
	const before = 40
	var ids []int64
	for n := range before {
		ids = append(ids, post(n))
	}
	for _, change := range [][2]string{{"PUT", "/api/uploads/3/pin"}, {"PUT", "/api/uploads/9/note"}, {"DELETE", "/api/uploads/5"}} {
		if status, text := r.change(t, change[0], change[1], "", "a note"); status != http.StatusOK {
			t.Fatal(status, text)
		}
	}
	var stop atomic.Bool
	var clients sync.WaitGroup
	for client := range 3 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for n := client; !stop.Load(); n++ {
				post(n)
			}
		}()
	}
	export := func(to string) {
		t.Helper()
		var said bytes.Buffer
		command := exec.Command(plain(t), "receiver", "export", "--data", data, to)
		command.Stderr = &said
		if err := command.Run(); err != nil {
			t.Errorf("%v: %s", err, said.String())
		}
	}
	export(file)
	stop.Store(true)
	clients.Wait()
	listed, err := exec.Command("tar", "tf", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if has := strings.Contains(string(listed), fmt.Sprintf("uploads/%d/event.json\n", id)); has != (id != 5) {
			t.Errorf("upload %d: in the backup: %v", id, has)
		}
	}
	// Of a store that rests: its answers are those of its copy.
	later := file + ".later"
	export(later)
	var kept []int64
	for _, upload := range r.measured(t, "") {
		kept = append(kept, upload.ID)
	}
	want := r.answers(t, kept)
	r.stop(t)
	for _, expected := range []string{"", " uploads were there already"} {
		said, err := exec.Command(plain(t), "receiver", "import", "--data", other, later).CombinedOutput()
		if err != nil || !strings.Contains(string(said), expected) {
			t.Fatalf("%v: %s", err, said)
		}
	}
	r = startWith(t, other, []string{"--retention", "100000d"}, plain(t))
	defer r.stop(t)
	r.measured(t, "")
	for path, got := range r.answers(t, kept) {
		if got != want[path] {
			t.Errorf("%s: %.2000s, it was %.2000s", path, got, want[path])
		}
	}
	if pinned := r.list(t, "&pinned=1"); len(pinned) != 1 || pinned[0].ID != 3 {
		t.Errorf("pinned: %v", pinned)
	}
	// While it runs, nothing is imported.
	if said, err := exec.Command(plain(t), "receiver", "import", "--data", other, file).CombinedOutput(); err == nil || !strings.Contains(string(said), "used by another receiver") {
		t.Errorf("%v: %s", err, said)
	}
	if _, err := os.Stat(file + ".part"); err == nil {
		t.Error("a part of the file is left")
	}
}
