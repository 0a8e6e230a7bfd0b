"""A program with ddtrace's profiler and tracer on, which works until its standard input ends."""

import sys
import threading

try:
    from ddtrace.trace import tracer
except ImportError:  # 1.20
    from ddtrace import tracer


def fill(count):
    return [str(number) * 3 for number in range(count)]


ended = threading.Event()


def work():
    kept = []
    # The pause leaves the interpreter's lock to the profiler's threads: the first upload reads every installed file.
    while not ended.wait(0.02):
        with tracer.trace("work", resource="fill"):
            kept = fill(20000)
    return kept


worker = threading.Thread(target=work)
worker.start()
sys.stdin.read()
ended.set()
worker.join()
