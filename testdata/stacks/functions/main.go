// Program functions lets SQLite call functions that are registered in Go, from several connections at once. Whatever SQLite allocates must have been
// asked for by one of this program's goroutines, or belong to a thread's start.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
	"github.com/mattn/go-sqlite3"
)

//go:noinline
func grow(n int64) int64 {
	var frame [512]byte
	if n > 0 {
		frame[0] = byte(grow(n - 1))
	}
	return n + int64(frame[n%512])
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
	compared := int64(0)
	for _, sample := range p.Sample {
		var names []string
		for _, location := range sample.Location {
			for _, line := range location.Line {
				names = append(names, line.Function.Name)
			}
		}
		inSQLite := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "sqlite3") })
		if !inSQLite {
			continue
		}
		compared += sample.Value[0]
		last := names[len(names)-1]
		ofProgram := slices.Contains(names, "main.query") && strings.HasPrefix(last, "main.main.func") || last == "database/sql.(*DB).connectionOpener"
		if !ofProgram || slices.Index(names, "main.grow") >= 0 {
			must(fmt.Errorf("%d allocations at a wrong stack: %s", sample.Value[0], strings.Join(names, " ")))
		}
	}
	if compared == 0 || stats.CutUnreadable+stats.CutDepth+stats.CutUnsupported+stats.LostStacks+stats.LostShards != 0 {
		must(fmt.Errorf("%d allocations compared: %+v", compared, stats))
	}
	fmt.Println(compared, "allocations")
}
