//go:build preloaded

package main

import (
	"io"
	"os"
)

func begin() {}

func end() {
	os.Stdout.WriteString("ready\n")
	io.Copy(io.Discard, os.Stdin)
}
