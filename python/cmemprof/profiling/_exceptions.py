"""Samples exceptions where they are raised: sys.monitoring (PEP 669), of CPython 3.12 and later.

One in so many is sampled, by chance, and stands for all of these. The interpreter tells of each frame that an exception passes through; those
that it has come to from another one are not counted. Between two samples each costs the call of a function of Python's.
"""

import math
import random
import sys

NAME = "cmemprof"
IDS = (4, 3)  # of sys.monitoring's tools, those that nobody has by convention: cProfile takes that of profilers


NO_ERRORS = (StopIteration, StopAsyncIteration, GeneratorExit)  # how generators and coroutines end


class Exceptions:
    """interval: one in so many is sampled. record: the library's cmemprof_preload_exception."""

    def __init__(self, interval, record):
        self._interval, self._record = interval, record
        self._random, self._log = random.Random().random, math.log  # not the program's generator; modules are gone while Python ends
        self._left = self._next()
        self._id = None

    def start(self):
        """Returns None, or why exceptions are not sampled."""
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None:
            return "exceptions are sampled in CPython 3.12 and later only"
        self._id = next((number for number in IDS if monitoring.get_tool(number) is None), None)
        if self._id is None:
            return "exceptions are not sampled: other tools use sys.monitoring"
        monitoring.use_tool_id(self._id, NAME)
        monitoring.register_callback(self._id, monitoring.events.RAISE, self._on_raise)
        monitoring.set_events(self._id, monitoring.events.RAISE)
        return None

    def stop(self):
        if self._id is not None:
            monitoring = sys.monitoring
            monitoring.set_events(self._id, 0)
            monitoring.register_callback(self._id, monitoring.events.RAISE, None)
            monitoring.free_tool_id(self._id)
            self._id = None

    def _next(self):
        """How many until the next sample: geometric, so that each has the same chance."""
        return 1 + int(self._log(1.0 - self._random()) / self._log(1.0 - 1.0 / self._interval)) if self._interval > 1 else 1

    def _on_raise(self, code, offset, exception, no_errors=NO_ERRORS):
        """Nothing here may raise: it would take the place of the program's exception."""
        try:
            self._left -= 1
            if self._left > 0:
                return
            self._left = self._next()
            trace = exception.__traceback__
            if isinstance(exception, no_errors) or (trace is not None and trace.tb_next is not None):
                return
            kind = type(exception)
            name = kind.__qualname__ if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__qualname__)
            self._record(name.encode("utf-8", "replace"), self._interval, 1)  # without the frame of this function
        except BaseException:  # a type's own attributes may do anything
            pass
