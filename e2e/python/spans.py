# spans.py: spans of ddtrace's tracer in threads, tasks of asyncio and a pool, while a Profiler runs. Each computes in a function of its own, which
# says by Python's own clock what it took: one line of JSON.
import asyncio
import concurrent.futures
import contextvars
import json
import logging
import os
import sys
import threading
import time

from cmemprof.profiling import Profiler
from ddtrace.trace import tracer

logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
spent, ids = {}, {}
others = [contextvars.ContextVar("other%d" % i) for i in range(100)]  # so that a context has a tree of some levels


def computing(name):
    def compute(seconds):
        begin, total = time.thread_time(), 0
        while time.thread_time() - begin < seconds:
            total += sum(i * i for i in range(300))
        spent[name] = spent.get(name, 0) + time.thread_time() - begin
        span = tracer.current_span()
        ids[name] = [span.span_id, span._local_root.span_id] if span is not None else None

    compute.__code__ = compute.__code__.replace(co_name=name, co_qualname=name)
    return compute


def request():
    with tracer.trace("request", span_type="web", resource="unknown") as root:
        computing("in_root")(0.3)
        with tracer.trace("query"):
            computing("in_child")(0.3)
        root.resource = "GET /orders/<id>"
        computing("in_root")(0.1)


async def job(name):
    with tracer.trace(name):
        for _ in range(10):
            computing(name)(0.03)
            await asyncio.sleep(0)


async def jobs():
    with tracer.trace("jobs", span_type="web", resource="GET /jobs"):
        await asyncio.gather(job("first_job"), job("second_job"))


def pooled():
    with tracer.trace("pooled"):
        computing("in_pool")(0.3)


profiler = Profiler(service="spans")
profiler.start()
computing("outside")(0.2)
for variable in others:
    variable.set(1)
request()
thread = threading.Thread(target=computing("in_thread"), args=(0.2,))
with tracer.trace("waits"):
    thread.start()
    thread.join()
asyncio.run(jobs())
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    pool.submit(pooled).result()
computing("outside")(0.2)
profiler.stop()
with tracer.trace("after"):
    pass
print(json.dumps({"pid": os.getpid(), "spent": spent, "ids": ids}))
