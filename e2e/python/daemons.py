"""Ends while daemon threads allocate in C without the GIL: the interpreter frees their states, and fills the memory with something else.

usage: daemons.py LIBRARY
"""

import ctypes
import sys
import threading
import time

library = ctypes.CDLL(sys.argv[1])


def deep(depth):
    if depth > 0:
        deep(depth - 1)
    library.allocate_for(30)


class Last:  # to be freed, of what the modules hold
    def __init__(self):
        self.sleep, self.kept = time.sleep, []

    def __del__(self):
        for size in range(160, 700, 4):
            for _ in range(2000):
                self.kept.append(b"A" * size)
        self.sleep(0.2)
        print("last", flush=True)


sys.modules["last"] = Last()
for _ in range(3):
    threading.Thread(target=deep, args=(10,), daemon=True).start()
time.sleep(0.2)
