//go:build !(linux && (amd64 || arm64) && cgo)

// Package autostart does nothing here: C allocations are sampled on linux/amd64 and linux/arm64 with cgo.
package autostart
