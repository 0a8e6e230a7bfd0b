// Program opens statements of SQLite and copies names into C, in packages of its own, closes a part, and writes its profile: owners_test.go has the
// numbers.
package main

import (
	"log"
	"os"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/e2e/owners/program/store"
)

func main() {
	cmemprof.SetMemoryLimit(1 << 30) // at 1 byte every block is a sample
	if err := cmemprof.Start(1); err != nil {
		log.Fatal(err)
	}
	store.Keep(store.Names(100), 40)
	if err := store.Prepare(50, 20); err != nil {
		log.Fatal(err)
	}
	profile, err := cmemprof.Profile()
	if err == nil {
		err = os.WriteFile(os.Args[1], profile, 0o600)
	}
	if err != nil {
		log.Fatal(err)
	}
}
