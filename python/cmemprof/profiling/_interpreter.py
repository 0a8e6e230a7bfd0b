"""What is seen of this interpreter, by its version."""

import sys


def refusal():
    """Why nothing can be seen of this interpreter; None: something is."""
    if sys.implementation.name != "cpython":
        return "%s is not supported, only CPython" % sys.implementation.name
    if sys.version_info < (3, 8):
        return "Python %d.%d is not supported, only 3.8 and later" % sys.version_info[:2]
    if not sys.platform.startswith("linux"):
        return "%s is not supported, only Linux" % sys.platform
    if "t" in getattr(sys, "abiflags", "") and sys.version_info >= (3, 13):
        return "objects of a build without a GIL are not seen"
    if "tracemalloc" in sys.modules and sys.modules["tracemalloc"].is_tracing():
        return "tracemalloc has begun before, and its end would take the profiler's hooks away: stop it first"
    return None


def lack():
    """What is not seen of this version, or None."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return "functions of Python %d.%d are not seen, only those of C: stacks have frames of Python in 3.11 to 3.13" % sys.version_info[:2]
    return None
