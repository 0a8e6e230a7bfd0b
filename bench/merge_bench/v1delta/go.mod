// The module's name begins as its peer's does, since Go lets only such a module import the peer's internal packages.
module gopkg.in/DataDog/dd-trace-go.v1/profiler/cmemprofbench.v1

go 1.25.0

require (
	github.com/cmemprof/cmemprof/bench/merge_bench/timing v0.0.0
	github.com/google/pprof v0.0.0-20210423192551-a2663126120b
	gopkg.in/DataDog/dd-trace-go.v1 v1.43.1
)

replace github.com/cmemprof/cmemprof/bench/merge_bench/timing => ../timing
