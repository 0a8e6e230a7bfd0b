// The module's name begins as its peer's does, since Go lets only such a module import the peer's internal packages.
module github.com/DataDog/dd-trace-go/v2/profiler/cmemprofbench

go 1.26.0

require (
	github.com/DataDog/dd-trace-go/v2 v2.12.0
	github.com/cmemprof/cmemprof/bench/merge_bench/timing v0.0.0
	github.com/google/pprof v0.0.0-20260906184651-6331bc6350fe
	github.com/klauspost/compress v1.18.7
)

require (
	github.com/richardartoul/molecule v1.0.1-0.20240531184615-7ca0df43c0b3 // indirect
	github.com/spaolacci/murmur3 v1.1.0 // indirect
)

replace github.com/cmemprof/cmemprof/bench/merge_bench/timing => ../timing
