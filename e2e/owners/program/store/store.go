// Package store is the program's own, and calls C through a library and by itself.
package store

// #include <stdlib.h>
import "C"

import (
	"context"
	"database/sql/driver"
	"fmt"
	"unsafe"

	sqlite3 "github.com/mattn/go-sqlite3"
)

var kept []any

// Names returns n names.
func Names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("name %d", i)
	}
	return names
}

// Keep copies all names into C, and frees the first ones.
//
//go:noinline
func Keep(names []string, freed int) {
	for i, name := range names {
		c := C.CString(name)
		if i < freed {
			C.free(unsafe.Pointer(c))
		} else {
			kept = append(kept, c)
		}
	}
}

// Prepare prepares n statements, and closes the first ones.
//
//go:noinline
func Prepare(n, closed int) error {
	connector, err := (&sqlite3.SQLiteDriver{}).Open(":memory:")
	if err != nil {
		return err
	}
	kept = append(kept, connector)
	for i := range n {
		statement, err := connector.(driver.ConnPrepareContext).PrepareContext(context.Background(), "SELECT 1")
		if err != nil {
			return err
		}
		if i < closed {
			if err := statement.Close(); err != nil {
				return err
			}
		} else {
			kept = append(kept, statement)
		}
	}
	return nil
}
