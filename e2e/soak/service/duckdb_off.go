//go:build no_duckdb

package main

// duckStore replaces DuckDB where its library is not available; its units do nothing, and the table says so.
type duckStore struct{}

func openDuck() *duckStore                { return nil }
func (*duckStore) work(seed uint64) int64 { return 0 }
