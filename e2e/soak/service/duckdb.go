//go:build !no_duckdb

package main

import (
	"fmt"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// duckStore is a database in memory with two threads of its own.
type duckStore struct{ db duckdb.Database }

func openDuck() *duckStore {
	var s duckStore
	if duckdb.Open("", &s.db) != duckdb.StateSuccess {
		fail(fmt.Errorf("DuckDB does not open"))
	}
	s.sum("SET threads=2; SET memory_limit='256MB'; SELECT 0")
	return &s
}

// sum runs statements on a new connection and returns the one number that the last of them selects.
func (s *duckStore) sum(statements string) int64 {
	var connection duckdb.Connection
	if duckdb.Connect(s.db, &connection) != duckdb.StateSuccess {
		fail(fmt.Errorf("DuckDB does not connect"))
	}
	defer duckdb.Disconnect(&connection)
	var result duckdb.Result
	state := duckdb.Query(connection, statements, &result)
	defer duckdb.DestroyResult(&result)
	if state != duckdb.StateSuccess {
		fail(fmt.Errorf("DuckDB: %s", duckdb.ResultError(&result)))
	}
	return duckdb.ValueInt64(&result, 0, 0)
}

// work groups and sorts numbers and texts. It returns the number of queries.
func (s *duckStore) work(seed uint64) int64 {
	n := int64(20_000 + seed%50_000)
	got := s.sum(fmt.Sprintf("SELECT CAST(sum(v) AS BIGINT) FROM (SELECT i %% 97 AS k, sum(i) AS v FROM range(%d) t(i) GROUP BY k ORDER BY v)", n))
	if got != n*(n-1)/2 {
		fail(fmt.Errorf("DuckDB: the sum below %d is %d", n, got))
	}
	got = s.sum(fmt.Sprintf("SELECT count(DISTINCT t) FROM (SELECT 'a text of some length ' || (i %% 5000) AS t FROM range(%d) r(i) ORDER BY t)", n))
	if got != min(n, 5000) {
		fail(fmt.Errorf("DuckDB: %d texts", got))
	}
	return 2
}
