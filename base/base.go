// Package base has C headers that several folders use: writing files, growing arrays, hashing, clocks. It has no Go code. Go packages with C
// code that includes them import it, so that vendoring keeps it.
package base

import "embed"

// cmd/go rebuilds a package when a file of its own directory changes. Other packages include these headers: embedding makes them depend on it.
//
//go:embed *.h
var _ embed.FS
