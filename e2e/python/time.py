# time.py: threads that compute, wait and hold locks, and say by Python's own clocks where their time went: one line of JSON.
import json
import sys
import threading
import time
import zlib

spent = {}


def note(name, clock, begin):
    spent[name] = spent.get(name, 0) + clock() - begin


def computes(seconds):
    begin, total = time.thread_time(), 0
    while time.thread_time() - begin < seconds:
        total += sum(i * i for i in range(300))
    note("computes", time.thread_time, begin)


def compresses(seconds):
    begin, data = time.thread_time(), bytes(range(256)) * 4000
    while time.thread_time() - begin < seconds:
        zlib.compress(data, 6)
    note("compresses", time.thread_time, begin)


# Its clock can be read until the end.
def compresses_and_stays(seconds, done):
    compresses(seconds)
    done.set()
    threading.Event().wait()


def sleeps(seconds):
    begin = time.monotonic()
    end = begin + seconds
    while time.monotonic() < end:
        time.sleep(0.05)
    note("sleeps", time.monotonic, begin)


def waits(event):
    begin = time.monotonic()
    event.wait()
    note("waits", time.monotonic, begin)


def descends(depth, seconds):
    if depth > 0:
        descends(depth - 1, seconds)
    else:
        computes(seconds)


def main():
    event, compressed = threading.Event(), threading.Event()
    waiting, sleeping = threading.Thread(target=waits, args=(event,)), threading.Thread(target=sleeps, args=(2,))
    for thread in waiting, sleeping, threading.Thread(target=compresses_and_stays, args=(1, compressed), daemon=True):
        thread.start()
    descends(40, 1)
    compressed.wait()
    sleeping.join()
    event.set()
    waiting.join()


main()
json.dump(spent, sys.stdout)
