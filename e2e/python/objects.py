"""Keeps objects of many kinds, made at one line each, and prints what CPython says that they take, with what is freed again.

Standard output: a line for each place, {"size": bytes, "frames": [[function, file, line], ...]}, as program.py. Ends without freeing anything.
"""

import json
import os
import sys

kept = []


def tell(objects, line, function, size_of=sys.getsizeof):
    kept.append(objects)
    frames = [[function, __file__, line], ["<module>", __file__, sys._getframe(1).f_lineno]]
    print(json.dumps({"size": sum(size_of(one) for one in objects), "frames": frames}), flush=True)


class Slots:
    __slots__ = ("first", "second")


def here():
    return sys._getframe(1).f_lineno


def slots(count):
    made = [None] * count
    for i in range(count):
        made[i] = Slots()
    return made, here() - 1


def strings(count):
    made = [None] * count
    for i in range(count):
        made[i] = "%0100d" % i
    return made, here() - 1


def contents(count):
    made = [None] * count
    for i in range(count):
        made[i] = bytes(2 + i % 400)
    return made, here() - 1


def floats(count):
    made = [None] * count
    for i in range(count):
        made[i] = 1.5 * i
    return made, here() - 1


def half(count):
    made = [None] * count
    for i in range(count):
        made[i] = Slots()
    line = here() - 1
    del made[::2]
    return made, line


def growing(count):
    made = [[] for _ in range(count)]
    for one in made:
        for i in range(100):
            one.append(None)
    return made, here() - 1


def array_of(one):
    return sys.getsizeof(one) - sys.getsizeof([])


tell(*slots(6000), "slots")
tell(*strings(4000), "strings")
tell(*contents(4000), "contents")
tell(*floats(10000), "floats")
tell(*half(6000), "half")
tell(*growing(600), "growing", array_of)
sys.stdout.flush()
os._exit(0)
