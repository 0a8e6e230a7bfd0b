// Program functions makes SQLite call functions that are registered in Go, from several connections at once. In them the goroutine's stack grows
// and shrinks, and other goroutines reuse its old memory. Every allocation of SQLite must have a goroutine of this program on its stack, or belong
// to the start of a thread.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
	"github.com/mattn/go-sqlite3"
)

// deep makes the stack n half KiB deeper before its call.
//
//go:noinline
func deep(n int64, there func()) int64 {
	var frame [512]byte
	if n > 0 {
		frame[0] = byte(deep(n-1, there))
	} else {
		there()
	}
	return n + int64(frame[n%512])
}

// occupy starts goroutines whose stacks, of all sizes, reuse freed stacks.
func occupy() {
	const goroutines = 8
	var begun, done sync.WaitGroup
	stop := make(chan struct{})
	begun.Add(goroutines)
	for i := range goroutines {
		done.Go(func() {
			deep(1<<i, func() {
				begun.Done()
				<-stop
			})
		})
	}
	begun.Wait()
	close(stop)
	done.Wait()
}

var calls atomic.Int64

// grow makes the stack temporarily n half KiB deeper, and sometimes shrinks it to the minimum.
//
//go:noinline
func grow(n int64) int64 {
	call := calls.Add(1)
	if call%64 == 0 {
		runtime.GC()
		runtime.GC() // the first one may have marked before this goroutine was here
	}
	n = deep(n, func() {})
	if call%4 == 0 {
		occupy()
	}
	return n
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "functions:", err)
		os.Exit(1)
	}
}

//go:noinline
func query(connection int) {
	db, err := sql.Open("with_functions", ":memory:")
	must(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for i := range 30 {
		rows, err := db.Query(`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 60)
			SELECT hex(zeroblob(200 + go_grow(i * ?))) || replace('abc', 'b', i) FROM n ORDER BY 1`, 1+(i+connection)%7)
		must(err)
		for rows.Next() {
			var text string
			must(rows.Scan(&text))
		}
		must(rows.Err())
	}
}

func main() {
	sql.Register("with_functions", &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		return c.RegisterFunc("go_grow", grow, false)
	}})
	must(cmemprof.Start(1))
	var all sync.WaitGroup
	for connection := range 8 {
		all.Add(1)
		go func() { // on a new stack, which is small
			defer all.Done()
			query(connection)
		}()
	}
	all.Wait()
	stats := cmemprof.GetStats()
	data, err := cmemprof.Profile()
	must(err)
	p, err := profile.ParseData(data)
	must(err)
	compared, unended := int64(0), int64(0)
	for _, sample := range p.Sample {
		var names []string
		for _, location := range sample.Location {
			for _, line := range location.Line {
				names = append(names, line.Function.Name)
			}
		}
		if names[len(names)-1] == "runtime.mstart" && strings.HasPrefix(runtime.Version(), "go1.25") {
			unended += sample.Value[0] // the frame pointer of a thread's first Go function leads nowhere until Go 1.25
		}
		inSQLite := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "sqlite3") })
		if !inSQLite {
			continue
		}
		compared += sample.Value[0]
		last := names[len(names)-1]
		ofProgram := slices.Contains(names, "main.query") && strings.HasPrefix(last, "main.main.func") || last == "database/sql.(*DB).connectionOpener"
		if !ofProgram || slices.Contains(names, "main.grow") || slices.Contains(names, "main.deep") {
			must(fmt.Errorf("%d allocations at a wrong stack: %s", sample.Value[0], strings.Join(names, " ")))
		}
	}
	cut := stats.CutUnreadable + stats.CutDepth + stats.CutUnsupported + stats.LostStacks + stats.LostShards
	if compared == 0 || cut > uint64(unended) {
		must(fmt.Errorf("%d allocations compared: %+v", compared, stats))
	}
	fmt.Println(compared, "allocations")
}
