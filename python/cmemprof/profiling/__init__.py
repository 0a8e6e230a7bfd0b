"""Profiles the memory of this process, of Python's own blocks and, under cmemprof-run, of C as well, and its CPU and wall time.

    from cmemprof.profiling import Profiler

    Profiler(service="checkout").start()

or `import cmemprof.profiling.auto`, or `cmemprof-run python app.py`. docs/python.md lists the variables. What goes wrong is logged to
logging.getLogger("cmemprof"), and never reaches the program.
"""

import sys

__all__ = ["Profiler"]


def __getattr__(name):
    """Profiler, when it is asked for: cmemprof-run needs little of what it imports."""
    if name != "Profiler":
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    from cmemprof.profiling._profiler import Profiler

    globals()[name] = Profiler
    return Profiler


if sys.version_info < (3, 7):  # which does not ask it
    from cmemprof.profiling._profiler import Profiler
