"""The Profiler, as programs use it."""

import atexit
import contextlib
import os
import threading

from cmemprof.profiling._log import LOG, guarded
from cmemprof.profiling._session import Session, stop_at_end_of_multiprocessing
from cmemprof.profiling._settings import Settings


LOCK_LIMIT_S = 10


class _Process:
    """The state of this process. Guarded by lock, which a child of fork makes anew."""

    lock = threading.RLock()
    is_busy = False
    session = Session()
    running = None  # the Profiler that has begun; in children that are followed the parent's


@contextlib.contextmanager
def _exclusively(what):
    """Gives True to one at a time; False, which is logged, to a signal handler (or greenlet) that has come between, and after a long wait."""
    if not _Process.lock.acquire(timeout=LOCK_LIMIT_S):
        LOG.error("%s does nothing: another thread is starting or stopping the profiler", what)
        yield False
        return
    lock, is_between = _Process.lock, _Process.is_busy
    _Process.is_busy = True
    try:
        if is_between:
            LOG.error("%s does nothing: it was called while the profiler is being started or stopped", what)
        yield not is_between
    finally:
        _Process.is_busy = is_between
        lock.release()


class Profiler:
    """Profiles the whole process, until it ends or stop is called. One at a time.

    service, env, version: values of tags, instead of DD_SERVICE, DD_ENV and DD_VERSION. tags: {key: value}, beside DD_TAGS and
    DD_PROFILING_TAGS.
    """

    def __init__(self, service=None, env=None, version=None, tags=None):
        self._arguments = {"service": service, "env": env, "version": version, "tags": tags}

    @guarded
    def start(self, stop_on_exit=True, profile_children=True):
        """Starts profiling, unless the environment forbids it or a profiler is running.

        stop_on_exit: when the program ends, also by SIGTERM and SIGHUP if it does not handle them, a last profile is written. profile_children:
        children of fork are profiled, too, each for itself.
        """
        with _exclusively("start") as may:
            if not may:
                return
            if _Process.running is not None and _Process.session.is_running():
                LOG.error("a profiler is running already: this start does nothing")
                return
            settings = Settings(**self._arguments)
            if not _Process.session.start(settings, stop_on_exit, profile_children):
                return
            _Process.running = self
            atexit.unregister(_stop_at_exit)
            atexit.register(_stop_at_exit)
            _watch_forks()

    @guarded
    def stop(self, flush=True):
        """Stops profiling. flush: writes a last profile, and waits some seconds at most until it is sent. May be called at any time."""
        with _exclusively("stop") as may:
            if may and _Process.running is self:
                _Process.session.stop(flush)
                _Process.running = None


@guarded
def _stop_at_exit():
    with _exclusively("the end") as may:
        if may and _Process.running is not None:
            _Process.session.stop(_Process.session.flushes)
            _Process.running = None


# ---- fork ----


def _watch_forks():
    """Once."""
    if not hasattr(_watch_forks, "done"):
        _watch_forks.done = True
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


@guarded
def _before_fork():
    stop_at_end_of_multiprocessing(_stop_at_exit)


@guarded
def _after_fork_in_child():
    _Process.lock, _Process.is_busy = threading.RLock(), False
    _Process.session.after_fork_in_child()
    if not _Process.session.is_running():
        _Process.running = None
