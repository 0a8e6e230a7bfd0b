# tasks.py: tasks of asyncio in two threads that compute and block, and say by Python's own clocks what each has used: one line of JSON.
import asyncio
import json
import sys
import threading
import time
import zlib

spent = {}


def note(name, clock, begin):
    spent[name] = spent.get(name, 0) + clock() - begin


def computes(seconds):
    begin, name = time.thread_time(), asyncio.current_task().get_name()
    while time.thread_time() - begin < seconds:
        sum(i * i for i in range(300))
    note(name, time.thread_time, begin)


async def step_by_step(seconds):
    for _ in range(10):
        computes(seconds / 10)
        await asyncio.sleep(0)


async def compresses(seconds):
    """Without the GIL."""
    begin, data = time.thread_time(), bytes(range(256)) * 4000
    while time.thread_time() - begin < seconds:
        zlib.compress(data, 6)
    note(asyncio.current_task().get_name(), time.thread_time, begin)


async def blocks(seconds):
    begin = time.monotonic()
    time.sleep(seconds)
    note(asyncio.current_task().get_name(), time.monotonic, begin)


class Own(asyncio.Task):
    """A class of the program's."""


async def main(suffix, seconds):
    def begin(coroutine, name):
        return asyncio.create_task(coroutine, name=name + suffix)

    tasks = [begin(step_by_step(seconds), "order 7"), begin(step_by_step(seconds), "größe"), begin(compresses(seconds), "compresses"),
             begin(blocks(seconds), "blocks"), Own(step_by_step(seconds), name="own" + suffix), asyncio.create_task(step_by_step(seconds))]
    tasks[-1].set_name("Task-%d" % (1000 + len(suffix)))
    await asyncio.gather(*tasks)


def outside(seconds):
    """No task's time, also beside tasks of another thread."""
    begin = time.thread_time()
    while time.thread_time() - begin < seconds:
        sum(i * i for i in range(300))


thread = threading.Thread(target=lambda: asyncio.run(main(" of the thread", 0.3)))
thread.start()
time.sleep(1)  # the profiler has found asyncio by then
outside(0.3)
asyncio.run(main("", 0.4))
thread.join()
outside(0.2)
json.dump(spent, sys.stdout)
