"""A memory and CPU profiler for programs in Python and C. See cmemprof.profiling."""
