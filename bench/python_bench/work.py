"""Work of a service, always the same: json, sqlite3, sorted, small dicts, bytes and regular expressions, half of it in a second thread. argv: how much.

Its profiler is what BENCH_PROFILER names.
"""

import os
import sys

profiler = os.environ.get("BENCH_PROFILER")
if profiler == "cmemprof":
    import cmemprof.profiling.auto
elif profiler == "ddtrace":
    import ddtrace.profiling.auto

import hashlib
import json
import re
import sqlite3
import threading
import zlib


def documents(number):
    rows = [{"id": i, "name": "name %d" % (i * 7919 % 10007), "tags": [str(i % 7), "x" * (i % 30)], "value": i * 0.5} for i in range(number)]
    text = json.dumps(rows)
    return text, sorted(json.loads(text), key=lambda row: (row["name"], row["id"]))


def query(db, rows):
    db.execute("CREATE TEMP TABLE IF NOT EXISTS t (id INTEGER, name TEXT, value REAL)")
    db.executemany("INSERT INTO t VALUES (?, ?, ?)", [(row["id"], row["name"], row["value"]) for row in rows])
    found = db.execute("SELECT name, sum(value), count(*) FROM t GROUP BY name ORDER BY 2 DESC").fetchall()
    db.execute("DELETE FROM t")
    return found


class Shape:
    def __init__(self, name, sizes):
        self.name, self.sizes = name, sizes

    def area(self):
        return sum(a * b for a, b in zip(self.sizes, self.sizes[1:]))


def objects(number):
    shapes = [Shape("s%d" % i, list(range(i % 17))) for i in range(number)]
    by_area = {}
    for shape in shapes:
        by_area.setdefault(shape.area(), []).append(shape.name)
    return by_area


def text_work(text):
    words = re.findall(r"[a-z]+ \d+", text)
    return zlib.crc32(zlib.compress(" ".join(words).encode(), 1)), hashlib.sha256(bytearray(200_000)).digest()


def serve(requests):
    db = sqlite3.connect(":memory:")
    kept = []
    for i in range(requests):
        text, rows = documents(800)
        kept.append((query(db, rows), objects(3000), text_work(text)))
        del kept[:-20]


def main():
    requests = int(sys.argv[1])
    thread = threading.Thread(target=serve, args=(requests // 2,))
    thread.start()
    serve(requests - requests // 2)
    thread.join()


main()
