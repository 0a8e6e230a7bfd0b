//go:build !preloaded

package main

import (
	"os"

	"github.com/cmemprof/cmemprof/cmemprof"
)

func begin() {
	if err := cmemprof.Start(cmemprof.DefaultInterval); err != nil {
		panic(err)
	}
}

func end() {
	profile, err := cmemprof.Profile()
	if err == nil {
		err = os.WriteFile(os.Args[1], profile, 0o600)
	}
	if err != nil {
		panic(err)
	}
}
