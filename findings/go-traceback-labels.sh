#!/usr/bin/env bash
# Go 1.26.8 and 1.27.3, GODEBUG=tracebacklabels=1: the labels of a goroutine (runtime/pprof) stand in its line of a listing (runtime.Stack, the goroutine
# profile with debug=2, a crash), and each of the two versions has a form of its own:
#
#     1.26   goroutine 19 [select (no cases) labels:{"user": "alice"}]:
#     1.27   goroutine 7 [select (no cases)] {user: alice}:
#
# In 1.26 the state in brackets includes the labels, so a reader that takes what is in brackets for the state has people's names in it; in
# 1.27 a line no longer ends in "]:", so a reader that wants that loses the goroutine. What is a word has lost its quotes.
# Fails when the behaviour has changed. Needs Go and the module proxy, for the two toolchains.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'MOD'
module listing

go 1.26
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

func main() {
	go pprof.Do(context.Background(), pprof.Labels("user", "alice"), func(context.Context) { select {} })
	time.Sleep(100 * time.Millisecond)
	text := make([]byte, 1<<16)
	os.Stdout.Write(text[:runtime.Stack(text, true)])
}
GO
line() {
    GOFLAGS=-mod=mod GOTOOLCHAIN=go$1 go build -o "listing-$1" . && GODEBUG=tracebacklabels=1 "./listing-$1" | grep '^goroutine.*select'
}
older=$(line 1.26.8) newer=$(line 1.27.3)
echo "1.26.8: $older"
echo "1.27.3: $newer"
[[ $older =~ ^goroutine\ [0-9]+\ \[select\ \(no\ cases\)\ labels:\{\"user\":\ \"alice\"\}\]:$ ]]
[[ $newer =~ ^goroutine\ [0-9]+\ \[select\ \(no\ cases\)\]\ \{user:\ alice\}:$ ]]
