"""Profiles the memory of this process, of Python's own blocks and, under cmemprof-run, of C as well, and its CPU and wall time.

    from cmemprof.profiling import Profiler

    Profiler(service="checkout").start()

or `import cmemprof.profiling.auto`, or `cmemprof-run python app.py`. docs/python.md lists the variables. What goes wrong is logged to
logging.getLogger("cmemprof"), and never reaches the program.
"""

from cmemprof.profiling._profiler import Profiler

__all__ = ["Profiler"]
