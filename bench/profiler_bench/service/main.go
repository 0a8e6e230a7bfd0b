// Command service generates requests and answers them as fast as it can: JSON in, SQLite, JSON out. After REQUESTS it prints
// "cpu MICROSECONDS" per request (user and system time of the whole process), the final "rss KIB", "anonymous KIB", its part
// not backed by files, and "peak KIB"; with BENCH_IDLE_PERIODS also what periods cost without requests. With REQUESTS 0 it is idle from the
// start, and prints that alone. It is built without a profiler, with -tags v2 and with -tags ours.
//
// usage: service ADDRESS PERIOD REQUESTS
package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

const workers = 4

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: service ADDRESS PERIOD REQUESTS")
	}
	period, err := time.ParseDuration(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	requests, err := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	began, first := time.Now(), cpu()
	stop, err := start(os.Args[1], period)
	if err != nil {
		log.Fatal(err)
	}
	begin := cpu()
	if requests == 0 {
		idle(period, began, first)
		stop()
		return
	}
	serve(requests)
	used := cpu() - begin
	rss, anonymous, peak := status("VmRSS:"), status("RssAnon:"), status("VmHWM:")
	idle(period, time.Now(), cpu())
	stop()
	fmt.Printf("cpu %.3f\nrss %d\nanonymous %d\npeak %d\n", float64(used.Microseconds())/float64(requests), rss, anonymous, peak)
}

// idle prints the CPU time of periods in which nothing is asked, if BENCH_IDLE_PERIODS is set: of the first one, and the mean and the
// maximum of the others. begin is when the profiler was started, with used CPU time.
func idle(period time.Duration, begin time.Time, used time.Duration) {
	periods, err := strconv.Atoi(os.Getenv("BENCH_IDLE_PERIODS"))
	if err != nil || periods < 2 {
		return
	}
	var most, sum time.Duration
	for i := range periods {
		// The last period's batch is under way when the next one begins.
		time.Sleep(time.Until(begin.Add(time.Duration(i)*period + period*3/2)))
		now := cpu()
		if i == 0 {
			fmt.Printf("idle-first %d\n", (now - used).Microseconds())
		} else {
			sum, most = sum+now-used, max(most, now-used)
		}
		used = now
	}
	fmt.Printf("idle %d\nidle-most %d\n", sum.Microseconds()/int64(periods-1), most.Microseconds())
}

func serve(requests int64) {
	var answered atomic.Int64
	var wg sync.WaitGroup
	shop := newShop()
	for w := range workers {
		wg.Go(func() {
			db, err := sql.Open("sqlite3", ":memory:")
			if err != nil {
				log.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			handler, err := shop.handler(db)
			if err != nil {
				log.Fatal(err)
			}
			for n := w; answered.Add(1) <= requests; n += workers {
				request, err := http.NewRequest(http.MethodPost, "/orders", strings.NewReader(order(n)))
				if err != nil {
					log.Fatal(err)
				}
				var answer answer
				if handler.ServeHTTP(&answer, request); answer.status != http.StatusOK {
					log.Fatalf("status %d: %s", answer.status, answer.body.String())
				}
			}
		})
	}
	wg.Wait()
}

// answer is the ResponseWriter: no socket, whose cost would mask the profiler's.
type answer struct {
	header http.Header
	status int
	body   strings.Builder
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}
func (a *answer) WriteHeader(status int) { a.status = status }
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.body.Write(p)
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// status returns a line of /proc/self/status, in KiB.
func status(name string) (kib int64) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	return kib
}
