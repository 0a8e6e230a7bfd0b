"""A memory profiler for programs in Python and C. See cmemprof.profiling."""
