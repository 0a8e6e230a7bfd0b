//go:build !(linux && (amd64 || arm64) && cgo)

// Package load does nothing here.
package load
