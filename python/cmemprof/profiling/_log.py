"""The package's logger. Without the program's own handlers nothing is printed."""

import functools
import logging

LOG = logging.getLogger("cmemprof")
LOG.addHandler(logging.NullHandler())


def guarded(function):
    """A function whose errors are logged: none reaches the program."""

    @functools.wraps(function)
    def call(*arguments, **named):
        try:
            return function(*arguments, **named)
        except Exception as error:
            try:
                LOG.error("%s: %s: %s", function.__name__, type(error).__name__, error)
                LOG.debug("the error's traceback", exc_info=True)
            except Exception:  # a handler of the program's
                pass
            return None

    return call
