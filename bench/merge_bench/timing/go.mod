module github.com/cmemprof/cmemprof/bench/merge_bench/timing

go 1.25.0
