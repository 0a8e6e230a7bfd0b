# Benchmarks: included by the Makefile (docs/bench.md).

.PHONY: bench bench-all bench-capture bench-cpu bench-harm bench-instructions bench-memory bench-merge bench-otlp bench-profiler bench-page bench-python bench-reach bench-receiver bench-recordings bench-rollups
bench: build/.setup-bench lib build/cmemprof ## Measure the cost beside peers; tables also in build/bench-*.tsv
	bench/run
bench-all: build/.setup-bench build/.setup-test lib build/cmemprof ## The same and the page, unattended and in less than 40 minutes: the long ones in fewer rounds
	bench/all
bench-capture: build/.setup-bench lib
	bench/run capture
bench-cpu: build/.setup-bench lib ## Count whole stacks of C code in CPU profiles, and what the profiles miss, on real libraries
	bench/run cpu
bench-harm: build/.setup-bench lib ## Measure what sampling does to its host's memory, on each allocator (LOADS=all: every load, hours)
	bench/harm $(LOADS)
bench-instructions: build/.setup-arm64 lib ## Count the instructions of a malloc+free pair on amd64 and arm64, by qemu-user
	@$(MAKE) --no-print-directory ARCH=arm64 lib
	bench/instructions
bench-memory: build/.setup-bench lib ## Measure what the breakdown of memory leaves unexplained, on real libraries, and what it costs
	bench/run memory
bench-merge: build/.setup-bench lib
	bench/run merge
bench-otlp: build/.setup-bench build/cmemprof
	bench/run otlp
bench-profiler: build/.setup-bench lib
	bench/run profiler
bench-python: build/.setup-bench lib build/cmemprof ## Measure what the Python profiler costs a program, beside ddtrace with the same types and memray
	bench/run python
bench-reach: build/.setup-bench lib ## Measure what the profiler costs beside its samples: starts, LD_PRELOAD, a small service, names
	bench/run reach
bench-receiver: build/.setup-bench build/cmemprof
	bench/run receiver
bench-recordings: build/.setup-bench lib build/cmemprof ## Measure what a profile of a Java recording costs, beside async-profiler's converter and the JDK's jfr
	bench/run recordings
bench-rollups: build/.setup-bench build/cmemprof ## Measure views of a week of 16 hosts with roll-ups, beside reading the files
	bench/run rollups
bench-page: build/.setup-test build/cmemprof ## Measure the first flame graph of 246,000 nodes beside pprof's and speedscope's, drawing, zooming and searching in one of 100,000, and charts by 1,000 values of a label
	cd e2e && go test -run '^$$' -bench 'FirstGraph|FlameGraph|LinesOfLabels' -benchtime 1x ./page
