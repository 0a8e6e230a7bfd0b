module github.com/cmemprof/cmemprof/demo

go 1.25.0

require (
	github.com/cmemprof/cmemprof v0.0.0
	github.com/mattn/go-sqlite3 v1.14.52
)

require (
	github.com/google/pprof v0.0.0-20260906184651-6331bc6350fe // indirect
	github.com/klauspost/compress v1.18.0 // indirect
)

replace github.com/cmemprof/cmemprof => ..
