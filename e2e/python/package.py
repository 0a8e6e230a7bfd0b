"""A program that profiles itself with the package cmemprof.profiling. argv: what it does.

Its log goes to standard error, and its results as lines of JSON to standard output. What it keeps has the size that CPython tells.
"""

import itertools
import json
import logging
import os
import random
import signal
import sys
import threading
import time

logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")

kept = []


def tell(**values):
    print(json.dumps(values), flush=True)


def keep_bytes(count):
    """Blocks that are malloc's, and as many that are cut out of an arena. A number is made for each as well, of 32 bytes, and freed."""
    made = [None] * (2 * count)
    for i in range(0, 2 * count, 2):
        made[i] = bytes(2000)
        made[i + 1] = bytes(400)
    kept.append(made)
    return count * (sys.getsizeof(made[0]) + sys.getsizeof(made[1]))


def keep_more(count):
    return keep_bytes(count)


def burn(seconds):
    """Returns the CPU time that it takes, in ns."""
    start = time.thread_time_ns()
    while time.thread_time_ns() < start + seconds * 1e9:
        for _ in itertools.repeat(None, 1000000):  # which allocates nothing, so that few numbers are made
            pass
    return time.thread_time_ns() - start


def in_child(count):
    return keep_bytes(count)


def in_thread(count):
    return keep_bytes(count)


def before_the_start(count):
    return keep_bytes(count)


def told(count):
    """What keep_bytes returns."""
    return count * (sys.getsizeof(bytes(2000)) + sys.getsizeof(bytes(400)))


def has_child():
    """Whether a child of this process is there, of any kind but those of clone."""
    try:
        os.waitpid(-1, os.WNOHANG)
        return True
    except ChildProcessError:
        return False


def new_profiler(**arguments):
    from cmemprof.profiling import Profiler

    return Profiler(**arguments)


def whole():
    """A start in the middle, a stop, and a second start whose profile comes at the end."""
    before_the_start(100)
    profiler = new_profiler(service="shop", env="test", version="7", tags={"team": "core, one"})
    other = new_profiler(service="other")
    profiler.start()
    other.start()
    first = keep_bytes(1000)
    thread = threading.Thread(target=in_thread, args=(500,))
    thread.start()
    thread.join()
    burnt = burn(0.5)
    other.stop()
    profiler.stop()
    keep_bytes(100)  # nobody looks
    profiler.stop()
    tell(pid=os.getpid(), kept=first, burnt=burnt, child=has_child())
    profiler.start()
    tell(more=keep_more(300), child=has_child())


class Refused(Exception):
    """With a name of its module."""


def raises_often(times):
    for i in range(times):
        try:
            if i % 4 == 0:
                raise Refused(i)
            int("no number")
        except (Refused, ValueError):
            pass


def raises_below(depth):
    """Each frame that it passes through is told of, and counts for nothing."""
    if depth > 0:
        try:
            raises_below(depth - 1)
        finally:
            next(iter([]), None)
    else:
        raise KeyError(depth)


def passes_through(times):
    for _ in range(times):
        try:
            raises_below(10)
        except KeyError:
            pass
        list(number for number in range(3))


def exceptions():
    """cProfile may run beside, and nothing is left of the tools of sys.monitoring afterwards."""
    import cProfile

    profiler = new_profiler(service="raises")
    profiler.start()
    raises_often(4000)
    passes_through(400)
    before = random.getstate()
    raises_often(1000)
    kept_generator = before == random.getstate()
    with_profile = cProfile.Profile()
    with_profile.runcall(raises_often, 3000)
    profiler.stop()
    raises_often(4000)  # nobody looks
    tools = [sys.monitoring.get_tool(number) for number in range(6)] if hasattr(sys, "monitoring") else []
    tell(pid=os.getpid(), tools=[tool for tool in tools if tool], kept_generator=kept_generator)


def uses(lock, times):
    for _ in range(times):
        with lock:
            pass


def tries(lock, times):
    """It is not free."""
    for _ in range(times):
        if lock.acquire(blocking=False) or lock.acquire(timeout=0.001):
            raise AssertionError


def waits_for(lock, held, times):
    """Another thread has it each time. Returns the seconds that it took."""
    waited = 0
    for _ in range(times):
        held.wait()
        held.clear()
        begin = time.monotonic()
        lock.acquire()
        waited += time.monotonic() - begin
        lock.release()
    return waited


def holds(lock, held, times):
    """Returns the seconds for which the lock was held."""
    spent = 0
    for _ in range(times):
        lock.acquire()
        begin = time.monotonic()
        held.set()
        time.sleep(0.05)
        spent += time.monotonic() - begin
        lock.release()
        while held.is_set():
            time.sleep(0.001)
        time.sleep(0.01)
    return spent


def nests(lock, depth):
    if depth > 0:
        with lock:
            nests(lock, depth - 1)


def idles(condition):
    """Waits, but for no lock."""
    import queue

    with condition:
        condition.wait(0.3)
    try:
        queue.Queue().get(timeout=0.3)
    except queue.Empty:
        pass
    threading.Event().wait(0.3)


def waits_for_semaphore(semaphore):
    begin = time.monotonic()
    semaphore.acquire()
    return time.monotonic() - begin


def what_locks_are():
    """What a program can see of them."""
    import pickle

    seen = []
    for lock in (threading.Lock(), threading.RLock()):
        seen += [type(lock).__name__, type(lock).__module__, repr(lock).partition(" at ")[0], type(type(lock).__dict__["acquire"]).__name__, lock.acquire.__doc__]
        for wrong in (lambda: pickle.dumps(lock), lock.release, lambda: lock.acquire(False, 1), lambda: lock.acquire(timeout=-2), lambda: lock.acquire(1, 2, 3)):
            try:
                seen.append(wrong())
            except Exception as error:
                seen.append(type(error).__name__ + str(error))
        with lock as entered:
            seen += [entered, isinstance(lock, type(threading.Lock())), lock.acquire(False)]
            thread = threading.Thread(target=lambda: seen.append(lock.acquire(timeout=0.001)))
            thread.start()
            thread.join()
    return seen


def locks():
    lock, before = threading.Lock(), what_locks_are()
    profiler = new_profiler(service="locks")
    profiler.start()
    same = what_locks_are() == before
    uses(lock, 8000)
    held = threading.Event()
    spent = []
    thread = threading.Thread(target=lambda: spent.append(holds(lock, held, 20)))
    thread.start()
    waited = waits_for(lock, held, 20)
    thread.join()
    for _ in range(100):
        nests(threading.RLock(), 3)
    with lock:
        tries(lock, 50)
    condition = threading.Condition()
    idles(condition)
    semaphore = threading.Semaphore(0)
    threading.Timer(0.3, semaphore.release).start()
    on_semaphore = waits_for_semaphore(semaphore)
    profiler.stop()
    uses(lock, 8000)  # nobody looks
    tell(pid=os.getpid(), same=same, waited=waited, held=spent[0], semaphore=on_semaphore)


def fork(follow):
    profiler = new_profiler(service="forks")
    profiler.start(profile_children=follow == "follow")
    keep_more(100)
    child = os.fork()
    if child == 0:
        in_child(1000)
        sys.exit(3)
    _, status = os.waitpid(child, 0)
    tell(pid=os.getpid(), forked=child, kept=told(1000), status=os.WEXITSTATUS(status))


def fork_and_start():
    """As a server's worker that is told to start a profiler."""
    new_profiler(service="master").start(profile_children=False)
    child = os.fork()
    if child == 0:
        new_profiler(service="worker").start()
        in_child(1000)
        sys.exit(0)
    os.waitpid(child, 0)
    tell(pid=os.getpid(), forked=child, kept=told(1000))


def pool():
    """A child that ends by os._exit."""
    import multiprocessing

    new_profiler(service="pool").start()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=in_child, args=(1000,))
    process.start()
    forked = process.pid
    process.join()
    tell(pid=os.getpid(), forked=forked, kept=told(1000), status=process.exitcode)


def auto():
    import cmemprof.profiling.auto

    kept.append(cmemprof.profiling.auto.profiler)
    with open("/proc/self/maps") as maps:
        tell(loaded="libcmemprof" in maps.read(), kept=keep_bytes(1000))


def drop():
    """A stop without a last profile."""
    profiler = new_profiler()
    profiler.start()
    keep_bytes(1000)
    profiler.stop(flush=False)
    tell(done=True)


def traced():
    import tracemalloc

    tracemalloc.start()
    new_profiler().start()
    tracemalloc.stop()
    tell(kept=keep_bytes(1000))


def wait():
    """Until a signal ends it."""
    new_profiler(service="waits").start()
    tell(pid=os.getpid(), kept=keep_bytes(1000))
    while True:
        time.sleep(10)


def replaced(times):
    """A program that starts itself anew."""
    new_profiler(service="anew").start()
    keep_bytes(100)
    if int(times) > 0:
        os.execv(sys.executable, [sys.executable, "package.py", "replaced", str(int(times) - 1)])
    tell(pid=os.getpid())
    while True:
        time.sleep(10)


def orphan():
    """A daemon: the child goes on when its parent has ended, and its first profile comes then."""
    new_profiler(service="daemon").start()
    if os.fork() != 0:
        os._exit(0)
    while os.getppid() != 1 and not os.path.exists(os.environ["TMPDIR"] + "/go"):
        time.sleep(0.01)
    tell(pid=os.getpid(), kept=in_child(1000))


def between():
    """A handler of a signal that comes while the profiler is being stopped."""
    profiler = new_profiler(service="between")
    profiler.start()
    signal.signal(signal.SIGALRM, lambda *_: profiler.stop())
    for _ in range(5):
        signal.setitimer(signal.ITIMER_REAL, 0.002)  # once
        profiler.stop()
        profiler.start()
    profiler.stop()
    tell(done=True)


def handled():
    """A program that handles SIGTERM keeps its handler."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    new_profiler(service="waits").start()
    tell(pid=os.getpid(), kept=keep_bytes(1000))
    while True:
        time.sleep(10)


globals()[sys.argv[1]](*sys.argv[2:])
