module github.com/cmemprof/cmemprof/demo

go 1.25.0

require (
	github.com/cmemprof/cmemprof v0.0.0
	github.com/mattn/go-sqlite3 v1.14.52
)

replace github.com/cmemprof/cmemprof => ..
