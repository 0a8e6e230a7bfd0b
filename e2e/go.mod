module github.com/cmemprof/cmemprof/e2e

go 1.25.0

replace github.com/cmemprof/cmemprof => ..

require (
	github.com/chromedp/cdproto v0.159.1
	github.com/chromedp/chromedp v0.22.1
	github.com/google/pprof v0.0.0-20260906184651-6331bc6350fe
)

require github.com/mattn/go-sqlite3 v1.14.52

require github.com/klauspost/compress v1.20.3

require github.com/ianlancetaylor/demangle v0.0.0-20250417193237-f615e6bd150b // indirect

require github.com/pierrec/lz4/v4 v4.1.33

require (
	github.com/cmemprof/cmemprof v0.0.0-00010101000000-000000000000
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
)
