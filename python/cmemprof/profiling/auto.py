"""Starts a Profiler when it is imported."""

from cmemprof.profiling import Profiler

profiler = Profiler()
profiler.start()
