"""The profiler of this process: one library, one private directory, one sender.

libcmemprof.so writes profiles into the directory; `cmemprof run --attach` takes them from there and sends them. It is no child of this process,
and ends with it and its children. Calls are made by one thread at a time (_profiler.py).
"""

import _thread
import os
import shutil
import sys
import tempfile
import time

from cmemprof.profiling import _exceptions, _interpreter, _library, _locks, _spans
from cmemprof.profiling._log import LOG, guarded

WRITE_LIMIT_S = 5  # of a last profile
START_S = 0.3  # for what the sender does between a warning and its first look
SEND_LIMIT_S = 3  # of what is sent at a stop
FILES_KEPT = 8  # in the directory, by process
LOOK_MIN_S, LOOK_MAX_S = 1.0, 60.0  # between two looks at what the sender says

ONLY_PYTHON = "the profiler was started in the running program: memory of C is not seen, only Python's own blocks; cmemprof-run shows both"


class Session:
    """Begins with a start, in one process; children of fork that are followed share its directory and its sender."""

    def __init__(self):
        self.library = None
        self.directory = None
        self.has_sender = False
        self.follows = False
        self.flushes = True
        self._failed = False  # the sender has
        self.events = []  # that are sampled: Exceptions, Locks
        self.spans = None  # Spans
        self._logged = 0  # bytes of what the sender has written
        self._said = set()

    def _say(self, text, write=LOG.warning):
        """Once."""
        if text not in self._said:
            self._said.add(text)
            write("%s", text)

    def is_running(self):
        return self.library is not None and self.library.is_running()

    def start(self, settings, stops_on_exit, follows):
        """Returns whether this process is profiled by this session from now on."""
        if not settings.is_enabled:
            self._say("%s: nothing is profiled" % settings.why_not, LOG.info)
            return False
        why = _interpreter.refusal()
        if why:
            self._say("nothing is profiled: %s" % why, LOG.error)
            return False
        self.library = self.library or _library.Library()
        if self.library.is_running():
            LOG.info("the process is profiled already, by cmemprof-run or a profiler of its parent: this start does nothing")
            return False
        self._make_directory()
        self.follows, self.flushes = follows, stops_on_exit and settings.flushes_on_exit
        why = self.library.start(
            {
                "CMEMPROF_DIRECTORY": self.directory,
                "CMEMPROF_RATE": settings.rate_bytes,
                "CMEMPROF_PERIOD_MS": max(1, round(settings.period_s * 1000)),
                "CMEMPROF_MEMORY_LIMIT": 1 << 30 if settings.rate_bytes < 65536 else 0,  # many live samples must fit, as in cmemprof run
                "CMEMPROF_ON_TERMINATION": int(stops_on_exit and settings.flushes_on_exit),
                "CMEMPROF_FOLLOW_CHILDREN": int(follows),
                "CMEMPROF_KEEP": FILES_KEPT,
                "CMEMPROF_MARK": 1,
                "CMEMPROF_TIME_HZ": settings.time_hz,
            }
        )
        if why:
            self._remove_directory()
            self._say("nothing is profiled: %s" % why, LOG.error)
            return False
        try:
            self._start_sender(settings)
        except Exception:
            self.library.stop(0)
            self._remove_directory()
            raise
        self._sample_events(settings)
        self._tell_what_is_seen(settings)
        return True

    @guarded
    def _sample_events(self, settings):
        if settings.time_hz == 0 or _interpreter.lack():
            return
        wanted = []
        if settings.exception_interval != 0:
            wanted.append(_exceptions.Exceptions(settings.exception_interval, self.library.exception))
        if settings.lock_interval != 0:
            wanted.append(_locks.Locks(settings.lock_interval, self.library))
        for events in wanted:
            why = events.start()
            if why:
                self._say(why, LOG.info)
            else:
                self.events.append(events)
        self.spans = _spans.Spans(self.library, settings.has_endpoints)
        self.look_for_tracer()

    def look_for_tracer(self):
        why = self.spans.look() if self.spans is not None else None
        if why:
            self._say(why, LOG.info)

    def _stop_events(self):
        events, self.events = self.events + [self.spans], []
        self.spans = None
        for one in events:
            if one is not None:
                guarded(one.stop)()

    @guarded
    def _tell_what_is_seen(self, settings):
        if not self.library.sees_malloc():
            self._say(ONLY_PYTHON)
        if _interpreter.lack():
            self._say(_interpreter.lack())
        LOG.info("service %s is profiled every %g s, for %s", settings.service, settings.period_s, settings.shown_url())

    def _make_directory(self):
        """A new one, unless a stopped session of this process is continued."""
        if self.directory is None or not os.path.isdir(self.directory):
            parent = os.environ.get("TMPDIR", "")
            self.directory = tempfile.mkdtemp(prefix="cmemprof-run-", dir=parent if parent.startswith("/") else "/tmp")
            self.has_sender = False

    def _remove_directory(self):
        """What nobody sends from."""
        if self.directory is not None and not self.has_sender:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None

    # ---- The sender ----

    def _log_path(self):
        return os.path.join(self.directory, "sender.log")

    def _start_sender(self, settings):
        if self.has_sender:
            return
        arguments = [_library.command_path(), "run", "--attach", _this_process(), "--directory", self.directory]
        self.library.spawn(arguments + settings.run_options(), settings.sender_environment(), self._log_path())
        self.has_sender, self._failed, self._logged = True, False, 0
        _start_looking(self, os.getpid())

    def _sender_failed(self):
        """It has ended at its start, and said why."""
        path, ready = self._log_path(), os.path.join(self.directory, "ready")
        if not self._failed and not os.path.exists(ready) and os.path.exists(path) and os.stat(path).st_size > 0:
            time.sleep(START_S)  # or it has only warned so far
            self._failed = not os.path.exists(ready)
        return self._failed

    @guarded
    def log_sender(self):
        """Logs what the sender has written since."""
        path = self.directory and self._log_path()
        if path and os.path.exists(path) and os.stat(path).st_size > 0:
            self._sender_failed()
            with open(path, "rb") as file:
                file.seek(self._logged)
                text = file.read()
            text = text[: text.rfind(b"\n") + 1]
            self._logged += len(text)
            for line in text.decode("utf-8", "replace").splitlines():
                LOG.warning("%s", line)

    # ---- The end ----

    def stop(self, flush):
        self._stop_events()
        if not self.is_running():
            return
        if not self.library.stop(WRITE_LIMIT_S if flush else 0):
            LOG.error("the last profile was not written within %d s", WRITE_LIMIT_S)
        elif flush:
            self._flush()
        failed = self._sender_failed()
        self.log_sender()
        if failed:
            LOG.error("there is no sender: nothing was sent")
            self.has_sender = False
            self._remove_directory()

    def _flush(self):
        """Waits until what is in the directory is sent, or waits for an Agent that does not answer."""
        path = os.path.join(self.directory, "flush")
        with open(path, "wb"):
            pass
        limit = time.monotonic() + SEND_LIMIT_S
        while os.path.exists(path) and time.monotonic() < limit and not self._sender_failed():
            time.sleep(0.01)
        if os.path.exists(path) and not self._sender_failed():
            LOG.warning("the last profile is not sent after %d s; the sender goes on", SEND_LIMIT_S)

    def after_fork_in_child(self):
        """Children that are not followed have no profiler, until they start one."""
        if not self.follows:
            self.directory, self.has_sender = None, False
            self._stop_events()


def _this_process():
    """PID@STACK: the place of the stack is another one after an exec, which the sender may come to know only later."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return "%d@%d" % (os.getpid(), int(fields[28 - 3]))
    except (OSError, IndexError, ValueError):
        return str(os.getpid())


@guarded
def _start_looking(session, pid):
    """A thread without a place among threading's: it ends with the process, and nothing waits for it. Where threads are greenlets, there is none:
    who waits until all greenlets have ended would wait for ever. The sender's errors are logged at the stop then."""
    if any(name in sys.modules for name in ("gevent.monkey", "eventlet.patcher")):
        return

    def look():
        pause_s = LOOK_MIN_S
        while os.getpid() == pid and session.has_sender and session.directory and os.path.isdir(session.directory):
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LOOK_MAX_S)
            session.log_sender()
            session.look_for_tracer()

    _thread.start_new_thread(guarded(look), ())


def stop_at_end_of_multiprocessing(function):
    """Calls the function in each child of multiprocessing before its os._exit, which passes over atexit."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not hasattr(stop_at_end_of_multiprocessing, "key"):
        key = stop_at_end_of_multiprocessing.key = _Key()
        util.register_after_fork(key, lambda _: util.Finalize(None, function, exitpriority=-100))


class _Key:
    """multiprocessing refers to it weakly."""
