"""Marks places of a program: a block of C's there, of a size that no other one has, and what CPython itself says of the frames.

mark() marks the place of its call. everywhere() marks what the program does on its own: where the collector of garbage begins, which is inside of C modules as well
(3.11) or between two instructions (later), and where a signal finds it. In both cases Python calls Python there, so that what a stack has
is what sys._getframe says.

Into the file of MARKS, at the end: a line of JSON for each, {"size": bytes, "frames": [[function, file, line], ...]}, the innermost first,
without that of mark() itself. Without MARKS the program does the same each time: mark() makes its blocks, as objects of Python's, and there is nothing else.
"""

import atexit
import ctypes
import gc
import itertools
import json
import os
import signal
import sys
import threading

MOST = 4000
places = []  # (size, frames); append is atomic
numbers = itertools.count()
inside = threading.local()


def library(kind):
    one = kind(None)
    one.malloc.restype = one.free.argtypes = None
    one.malloc.restype = ctypes.c_void_p
    one.malloc.argtypes = [ctypes.c_size_t]
    one.free.argtypes = [ctypes.c_void_p]
    one.free.restype = None
    return one


lets_go, holds = library(ctypes.CDLL), library(ctypes.PyDLL)  # of the GIL


def without_gil(size):
    lets_go.free(lets_go.malloc(size))


def with_gil(size):
    holds.free(holds.malloc(size))


def object_of_pythons(size):
    bytearray(size)


writes = "MARKS" in os.environ
kinds = [without_gil, with_gil, object_of_pythons] if writes else [object_of_pythons]


def frames_of(frame):
    frames = []
    while frame:
        code = frame.f_code
        frames.append([code.co_qualname, code.co_filename, frame.f_lineno or 0])
        frame = frame.f_back
    return frames


def mark():
    number = next(numbers)
    if number < MOST and not getattr(inside, "mark", False):
        inside.mark = True  # the list below may be what begins a collection
        size = 1_000_000 + 64 * number
        if writes:
            places.append((size, frames_of(sys._getframe(1))))
        kinds[number % len(kinds)](size)
        inside.mark = False


def at_collection(phase, information):
    if phase == "start":
        mark()


def at_signal(number, frame):
    mark()


def everywhere(objects=400, seconds=0.004):
    if not writes:
        return
    gc.callbacks.append(at_collection)
    gc.set_threshold(objects)
    if seconds:
        signal.signal(signal.SIGPROF, at_signal)
        signal.setitimer(signal.ITIMER_PROF, seconds, seconds)


def write():
    signal.setitimer(signal.ITIMER_PROF, 0)
    if at_collection in gc.callbacks:
        gc.callbacks.remove(at_collection)
    with open(os.environ["MARKS"], "w") as file:
        for size, frames in places:
            file.write(json.dumps({"size": size, "frames": frames}) + "\n")


if writes:
    atexit.register(write)
