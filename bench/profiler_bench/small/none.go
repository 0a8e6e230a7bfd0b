//go:build !ours

package main

import "time"

func start(string, time.Duration) (func(), error) { return func() {}, nil }
