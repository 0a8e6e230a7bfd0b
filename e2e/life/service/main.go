// Program service is a Go service with C in it: SQLite in some goroutines, the profiler with all profile types, and requests to its debug pages in
// a loop. Its stdout is the same in every run; other counts go into the file LIFE_FIGURES, if set.
//
// LIFE_AGENT: host:port of an Agent; "": no profiler. LIFE_PERIODS: minimum running time in periods; LIFE_BATCHES: minimum number of batches.
// LIFE_GOROUTINES: number of workers (8), which pause for LIFE_PAUSE between two rounds (0s).
package main

/*
#include <stdbool.h>
#include <stdlib.h>
// Whether glibc maps blocks of 200 KiB: a bit in the word before one tells. The first may come from free memory at the end of a heap.
static bool is_mapped(void) {
	enum { BLOCKS = 64 };
	size_t *volatile blocks[BLOCKS];
	bool mapped = false;
	int count = 0;
	while (!mapped && count < BLOCKS && (blocks[count] = malloc(200 * 1024))) {
		mapped = (blocks[count++][-1] & 2) != 0;
	}
	while (count > 0) {
		free(blocks[--count]);
	}
	return mapped;
}
*/
import "C"

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const period = 40 * time.Millisecond

// figures is the content of LIFE_FIGURES.
type figures struct {
	Threads  int // at the end
	Stats    profiler.Counters
	Answered int  // of the pages: profiles
	Mapped   bool // at the end: a large block of glibc's
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// work returns a digest of SQLite's results, which is the same each time.
func work(seed int) [sha256.Size]byte {
	db, err := sql.Open("sqlite3", ":memory:")
	must(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE item(id INTEGER PRIMARY KEY, kind INTEGER, name TEXT);
		WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO item SELECT i, i % 7, printf('item %d', i * ?) FROM n;
		CREATE INDEX by_kind ON item(kind, name)`, seed)
	must(err)
	rows, err := db.Query(`SELECT kind, count(*), min(name), group_concat(id) FROM item GROUP BY kind ORDER BY kind`)
	must(err)
	defer rows.Close()
	digest := sha256.New()
	for rows.Next() {
		var kind, count int
		var first, all string
		must(rows.Scan(&kind, &count, &first, &all))
		fmt.Fprintln(digest, kind, count, first, all)
	}
	must(rows.Err())
	return [sha256.Size]byte(digest.Sum(nil))
}

// ask requests the profiler's debug pages, which may answer that there is no memory.
func ask(stop *atomic.Bool) int {
	pages, answered := debug.Handler(), 0
	for !stop.Load() {
		for _, path := range []string{"heap", "alloc", "status", "heap?seconds=0.01"} {
			answer := httptest.NewRecorder()
			pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/cmemprof/"+path, nil))
			if answer.Code == http.StatusOK {
				answered++
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return answered
}

func threads() int {
	tasks, err := os.ReadDir("/proc/self/task")
	must(err)
	return len(tasks)
}

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	agent := os.Getenv("LIFE_AGENT")
	periods, err := strconv.Atoi(os.Getenv("LIFE_PERIODS"))
	must(err)
	if agent != "" {
		_ = profiler.Start(profiler.WithAgentAddr(agent), profiler.WithPeriod(period), profiler.CPUProfileRate(100), profiler.CPUDuration(period/2),
			profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.BlockProfile, profiler.MutexProfile,
				profiler.GoroutineProfile))
	}
	pause, _ := time.ParseDuration(os.Getenv("LIFE_PAUSE"))
	goroutines, err := strconv.Atoi(os.Getenv("LIFE_GOROUTINES"))
	if err != nil {
		goroutines = 8
	}
	batches, _ := strconv.Atoi(os.Getenv("LIFE_BATCHES"))
	end, latest := time.Now().Add(time.Duration(periods)*period), time.Now().Add(2*time.Minute)
	running := func() bool {
		now := time.Now()
		return now.Before(end) || profiler.Stats().BatchesSent < uint64(batches) && now.Before(latest)
	}
	var stop atomic.Bool
	var all, asking sync.WaitGroup
	var f figures
	if agent != "" {
		asking.Go(func() { f.Answered = ask(&stop) })
	}
	digests := make([][sha256.Size]byte, goroutines)
	for i := range digests {
		all.Go(func() {
			digests[i] = work(i)
			for running() {
				time.Sleep(pause)
				if work(i) != digests[i] {
					must(fmt.Errorf("SQLite says something else than before"))
				}
			}
		})
	}
	all.Wait()
	f.Threads = threads()
	f.Mapped = bool(C.is_mapped())
	stop.Store(true)
	asking.Wait()
	profiler.Stop()
	f.Stats = profiler.Stats()
	for _, digest := range digests {
		fmt.Printf("%x\n", digest)
	}
	if file := os.Getenv("LIFE_FIGURES"); file != "" {
		text, err := json.Marshal(f)
		must(err)
		must(os.WriteFile(file, text, 0o600))
	}
}
