"""The Profiler, as programs use it."""

import atexit
import os
import threading

from cmemprof.profiling._log import LOG, guarded
from cmemprof.profiling._session import Session, stop_at_end_of_multiprocessing
from cmemprof.profiling._settings import Settings


class _Process:
    """The state of this process. Guarded by lock, which a child of fork makes anew."""

    lock = threading.Lock()
    session = Session()
    running = None  # the Profiler that has begun; in children that are followed the parent's


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
        with _Process.lock:
            if _Process.running is not None and _Process.session.is_running():
                LOG.error("a profiler is running already: this start does nothing")
                return
            settings = Settings(**self._arguments)
            if not _Process.session.start(settings, stop_on_exit, profile_children):
                return
            _Process.running = self
            if stop_on_exit:
                atexit.unregister(_stop_at_exit)
                atexit.register(_stop_at_exit)
            _watch_forks()

    @guarded
    def stop(self, flush=True):
        """Stops profiling. flush: writes a last profile, and waits some seconds at most until it is sent. May be called at any time."""
        with _Process.lock:
            if _Process.running is self:
                _Process.session.stop(flush)
                _Process.running = None


@guarded
def _stop_at_exit():
    with _Process.lock:
        if _Process.running is not None:
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
    _Process.lock = threading.Lock()
    _Process.session.after_fork_in_child()
    if not _Process.session.is_running():
        _Process.running = None
