//go:build !(linux && amd64 && cgo)

// Package autostart does nothing here: C allocations are sampled on linux/amd64 with cgo.
package autostart
