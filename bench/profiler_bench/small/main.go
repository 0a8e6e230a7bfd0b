// Command small is a small service: 3,000 rows written and 300 read with SQLite, then idle, with a heap profile a second that it sends to itself
// by a Unix socket. It prints, in kB, "file-off", the memory of files before the profiler starts, and "peak"; and "idle", the CPU time in
// microseconds of a second in which nothing happens. Built without the profiler, and with -tags ours.
package main

import (
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

const (
	rows, reads  = 3000, 300
	settle, idle = 3, 5 // periods
	period       = time.Second
)

func main() {
	folder, err := os.MkdirTemp("", "small")
	check(err)
	defer os.RemoveAll(folder)
	socket := filepath.Join(folder, "socket")
	listener, err := net.Listen("unix", socket)
	check(err)
	go func() { _ = http.Serve(listener, http.HandlerFunc(take)) }()
	db, err := sql.Open("sqlite3", ":memory:")
	check(err)
	db.SetMaxOpenConns(1)
	fmt.Println("file-off", status("RssFile:"))
	stop, err := start(socket, period)
	check(err)
	work(db)
	time.Sleep(settle * period)
	before := cpu()
	time.Sleep(idle * period)
	fmt.Println("idle", (cpu()-before).Microseconds()/idle)
	stop()
	fmt.Println("peak", status("VmHWM:"))
}

func take(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusAccepted)
}

func work(db *sql.DB) {
	_, err := db.Exec("CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT, price REAL)")
	check(err)
	for i := range rows {
		_, err := db.Exec("INSERT INTO shop (name, price) VALUES (?, ?)", "thing "+strconv.Itoa(i), float64(i)/7)
		check(err)
	}
	for i := range reads {
		var sum float64
		check(db.QueryRow("SELECT sum(price) FROM shop WHERE name LIKE ?", "%"+strconv.Itoa(i)+"%").Scan(&sum))
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func status(key string) int {
	text, err := os.ReadFile("/proc/self/status")
	check(err)
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, key); found {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			check(err)
			return kb
		}
	}
	return 0
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
