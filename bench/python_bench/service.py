"""A service of some threads for some time, always with the same requests at the same pace: json, sqlite3 on a file, a cache of small dicts that comes and goes.
argv: seconds. Prints what the process has taken: "requests N", "cpu MILLISECONDS", "rss KIB" (the mean of its second half), "peak KIB", "minor FAULTS", "major FAULTS",
"threads N", "late MILLISECONDS" (the 99th percentile of how long after its time a request is done).

Its profiler is what BENCH_PROFILER names.
"""

import os
import sys

if os.environ.get("BENCH_PROFILER") == "cmemprof":
    import cmemprof.profiling.auto

import json
import random
import resource
import sqlite3
import tempfile
import threading
import time

THREADS, PAUSE_S, KEPT = 4, 0.1, 3000


def request(db, rng, cache):
    rows = [{"id": i, "name": "name %d" % rng.randrange(10000), "tags": [str(i % 7), "x" * rng.randrange(60)], "value": rng.random()} for i in range(120)]
    rows = json.loads(json.dumps(rows))
    db.executemany("INSERT INTO t VALUES (?, ?, ?)", [(row["id"], row["name"], row["value"]) for row in rows])
    found = db.execute("SELECT name, sum(value), count(*) FROM t GROUP BY name ORDER BY 2 DESC LIMIT 50").fetchall()
    db.execute("DELETE FROM t WHERE rowid <= (SELECT max(rowid) - 2000 FROM t)")
    db.commit()
    for row in rows:
        cache[row["name"]] = dict(row, found=[name for name, _, _ in found[: rng.randrange(10)]], text=bytearray(rng.randrange(4000)))
    while len(cache) > KEPT:
        cache.pop(next(iter(cache)))


def serve(number, folder, end, begin, late):
    db = sqlite3.connect(os.path.join(folder, "%d.db" % number))
    db.execute("PRAGMA synchronous=OFF")
    db.execute("CREATE TABLE t (id INTEGER, name TEXT, value REAL)")
    rng, cache, due = random.Random(number), {}, begin
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        request(db, rng, cache)
        late.append(time.monotonic() - due)
        due += PAUSE_S


def status(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))


def main():
    seconds = float(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        end, late, resident = begin + seconds, [], []
        threads = [threading.Thread(target=serve, args=(i, folder, end, begin, late)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        while time.monotonic() < end - 0.5:
            time.sleep(0.5)
            if time.monotonic() > begin + seconds / 2:
                resident.append(status("VmRSS"))
        count = status("Threads")
        for thread in threads:
            thread.join()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print("requests %d" % len(late))
    print("cpu %.1f" % ((usage.ru_utime + usage.ru_stime) * 1e3))
    print("rss %d" % (sum(resident) / len(resident)))
    print("peak %d" % status("VmHWM"))
    print("minor %d\nmajor %d\nthreads %d" % (usage.ru_minflt, usage.ru_majflt, count))
    print("late %.1f" % (sorted(late)[int(len(late) * 0.99)] * 1e3))


main()
