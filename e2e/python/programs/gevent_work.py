"""gevent and greenlet: greenlets, their hub, a server and clients, switches out of generators, coroutines and C code that calls back."""

import gevent.monkey

gevent.monkey.patch_all()

import asyncio
import functools
import socket
import time

import gevent
import gevent.event
import gevent.pool
import gevent.queue
import gevent.server
import greenlet

import mark

mark.everywhere(seconds=0)


def deep(depth, function):
    return deep(depth - 1, function) if depth > 0 else function()


def pause():
    mark.mark()
    gevent.sleep(0)
    mark.mark()


def generator():
    for i in range(3):
        pause()
        yield i


def compared(a, b):
    pause()  # in a function that C calls
    return a - b


def worker(queue, results):
    for item in queue:
        deep(item, pause)
        results.append(sum(generator()))


def serve(connection, address):
    with connection, connection.makefile("rw") as file:
        for line in file:
            mark.mark()
            file.write(line.upper())
            file.flush()


def client(port, number):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection, connection.makefile("rw") as file:
        for i in range(3):
            file.write("line %d of %d\n" % (i, number))
            file.flush()
            assert file.readline() == "LINE %d OF %d\n" % (i, number)
            mark.mark()


async def coroutine(depth):
    pause()
    return await coroutine(depth - 1) if depth > 0 else 1


def ping(partner):
    for _ in range(3):
        mark.mark()
        partner[0].switch()
    return "end"


def plain_greenlets():
    """Without a hub: they switch to one another, and to their parent at the end."""
    main, one = greenlet.getcurrent(), [None]

    def pong():
        while True:
            mark.mark()
            other.switch()

    one[0] = greenlet.greenlet(pong)
    other = greenlet.greenlet(functools.partial(ping, one))
    assert deep(5, other.switch) == "end"
    inner = greenlet.greenlet(lambda: greenlet.greenlet(lambda: mark.mark(), main).switch())  # a greenlet that a greenlet starts
    inner.switch()
    thrown = greenlet.greenlet(ping)
    try:
        thrown.throw(ValueError)
    except ValueError:
        mark.mark()


def main():
    queue, results = gevent.queue.Queue(), []
    workers = [gevent.spawn(worker, queue, results) for _ in range(4)]
    for i in range(12):
        queue.put(i)
    for _ in workers:
        queue.put(StopIteration)
    gevent.joinall(workers, raise_error=True)
    assert results == [3] * 12
    gevent.pool.Pool(3).map(lambda i: deep(i, pause), range(6))
    gevent.joinall([gevent.spawn(sorted, [3, 1, 2], key=functools.cmp_to_key(compared)) for _ in range(3)], raise_error=True)
    event = gevent.event.Event()
    waiting = [gevent.spawn(lambda: (event.wait(), mark.mark())) for _ in range(3)]
    gevent.spawn_later(0.01, event.set)
    gevent.joinall(waiting, raise_error=True)
    with gevent.Timeout(0.01, False):
        time.sleep(10)
    mark.mark()
    server = gevent.server.StreamServer(("127.0.0.1", 0), serve)
    server.start()
    gevent.joinall([gevent.spawn(client, server.server_port, i) for i in range(4)], raise_error=True)
    server.stop()
    gevent.get_hub().threadpool.apply(deep, (4, mark.mark))
    plain_greenlets()
    asyncio.run(coroutine(3))


main()
