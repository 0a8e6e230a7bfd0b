"""Allocates one block at each of many places and prints where: what CPython itself says of its frames there (sys._getframe).

Standard output: a line for each, {"size": bytes, "frames": [[function, file, line], ...]}, the innermost frame first.
"""

import asyncio
import contextlib
import ctypes
import functools
import json
import sys
import threading
import weakref

kept = []
size = 1_000_000


def here():
    frames, frame = [], sys._getframe(1)
    while frame:
        frames.append([frame.f_code.co_qualname, frame.f_code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return frames


def add(frames, block):
    kept.append(block)
    print(json.dumps({"size": len(block), "frames": frames}), flush=True)


def next_size():
    global size
    size += 1009
    return size


def plain():
    add(here(), bytearray(next_size()))


def on_two_lines():
    add(
        here(), bytearray(next_size())
    )


def recursive(depth):
    return recursive(depth - 1) if depth > 0 else plain()


def größe_変数():
    add(here(), bytearray(next_size()))


def generator():
    for _ in range(2):
        add(here(), bytearray(next_size()))
        yield 1


def delegating():
    yield from generator()


class Thing:
    def __init__(self):
        add(here(), bytearray(next_size()))

    @property
    def value(self):
        add(here(), bytearray(next_size()))

    def __getattr__(self, name):
        add(here(), bytearray(next_size()))

    def __del__(self):
        add(here(), bytearray(next_size()))

    def __lt__(self, other):
        add(here(), bytearray(next_size()))
        return True

    @classmethod
    def of_class(cls):
        add(here(), bytearray(next_size()))


def key(item):
    add(here(), bytearray(next_size()))
    return item


@contextlib.contextmanager
def context():
    add(here(), bytearray(next_size()))
    yield


def decorated(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@decorated
@functools.lru_cache
def cached(item):
    add(here(), bytearray(next_size()))


def after_an_exception():
    try:
        raise ValueError
    except ValueError:
        add(here(), bytearray(next_size()))
    finally:
        add(here(), bytearray(next_size()))


async def inner(turns):
    for _ in range(turns):
        await asyncio.sleep(0)
    add(here(), bytearray(next_size()))


async def outer():
    await inner(0)
    await asyncio.gather(inner(1), inner(2))


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
def compare(a, b):
    add(here(), bytearray(next_size()))
    return a[0] - b[0]


def from_c():  # which lets go of the GIL meanwhile
    numbers = (ctypes.c_int * 2)(2, 1)
    ctypes.CDLL(None).qsort(numbers, 2, 4, compare)


def main():
    plain()
    on_two_lines()
    recursive(5)
    recursive(100)
    größe_変数()
    sum(generator())
    list(delegating())
    Thing().value
    Thing().missing
    Thing.of_class()
    sorted([Thing(), Thing()])
    sorted([1, 2], key=key)
    list(map(lambda item: key(item), [1, 2]))
    [key(item) for item in (1,)]
    max((key(item) for item in (1, 2)), key=lambda item: key(item))
    with context():
        plain()
    cached(1)
    functools.partial(key, 1)()
    after_an_exception()
    asyncio.run(outer())
    from_c()
    exec(compile("def of_text():\n\n    plain()\nof_text()\n", "<text>", "exec"), globals())
    eval("key(1)")
    thread = threading.Thread(target=recursive, args=(3,))
    thread.start()
    thread.join()
    reference = Thing()
    watched = weakref.ref(reference, lambda gone: key(1))
    del reference
    return watched


main()
sys.stdout.flush()
