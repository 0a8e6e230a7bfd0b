"""Samples locks: how long threads wait for those of threading, and hold them.

The library hooks the C functions of the two types of _thread, so that locks stay what they are; no code of Python runs for it.
"""

import _thread
import sys
import types


def _descriptor(name):
    kind, method = name.split(".")
    found = {"lock": _thread.LockType, "RLock": _thread.RLock}[kind].__dict__[method]
    if type(found) is not types.MethodDescriptorType:  # eventlet and gevent have put others in their place; the library reads its memory
        raise AttributeError("C function %s" % name)
    return found


class Locks:
    """interval: one acquisition in so many is sampled."""

    def __init__(self, interval, library):
        self._interval, self._library = interval, library

    def start(self):
        """Returns None, or why locks are not sampled."""
        if "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].is_module_patched("threading"):
            return "locks are not sampled: gevent has replaced them"
        try:
            methods = [_descriptor(name) for name in self._library.lock_methods()]
        except (KeyError, AttributeError) as error:
            return "locks are not sampled: they have no %s" % error
        return self._library.sample_locks(methods, self._interval)

    def stop(self):
        self._library.sample_locks([], 0)
