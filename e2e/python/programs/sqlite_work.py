"""sqlite3: SQLite calls Python back for functions, aggregates, windows, orders and what it is told of; without packages."""

import sqlite3
import threading

import mark

mark.everywhere()


class Sum:
    def __init__(self):
        mark.mark()
        self.value = 0

    def step(self, value):
        mark.mark()
        self.value += value

    def inverse(self, value):
        mark.mark()
        self.value -= value

    def value_now(self):
        return self.value

    def finalize(self):
        mark.mark()
        return self.value


class Window(Sum):
    def value(self):
        mark.mark()
        return self.total

    def __init__(self):
        self.total = 0

    def step(self, value):
        self.total += value

    def inverse(self, value):
        self.total -= value

    def finalize(self):
        return self.total


def order(a, b):
    mark.mark()
    return (a > b) - (a < b)


def authorized(*what):
    mark.mark()
    return sqlite3.SQLITE_OK


def progress():
    mark.mark()
    return 0


class Point:
    def __init__(self, x):
        self.x = x

    def __conform__(self, protocol):
        mark.mark()
        return "%d" % self.x


def convert(text):
    mark.mark()
    return Point(int(text))


def row(cursor, values):
    mark.mark()
    return dict(zip([d[0] for d in cursor.description], values))


def rows():
    for i in range(20):
        mark.mark()
        yield i, "name %d" % (i * 7 % 20)


def work(nested):
    sqlite3.register_converter("point", convert)
    db = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    db.create_function("doubled", 1, lambda x: (mark.mark(), 2 * x)[1])
    db.create_aggregate("total_of", 1, Sum)
    db.create_window_function("window_of", 1, Window)
    db.create_collation("ordered", order)
    db.set_authorizer(authorized)
    db.execute("CREATE TABLE t (id INTEGER, name TEXT, at point)")
    db.executemany("INSERT INTO t (id, name) VALUES (?, ?)", rows())
    db.set_authorizer(None)
    db.execute("UPDATE t SET at = ?", (Point(5),))
    db.set_progress_handler(progress, 300)
    db.set_trace_callback(lambda text: mark.mark())
    db.execute("SELECT doubled(id) FROM t").fetchall()
    db.execute("SELECT total_of(id) FROM t GROUP BY id % 2").fetchall()
    db.execute("SELECT window_of(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t").fetchall()
    db.execute("SELECT name FROM t ORDER BY name COLLATE ordered").fetchall()
    db.row_factory = row
    assert db.execute("SELECT at FROM t").fetchone()["at"].x == 5
    if nested:  # a statement in a function of a statement
        db.create_function("nested", 1, lambda x: db.execute("SELECT doubled(?) AS d", (x,)).fetchone()["d"])
        assert db.execute("SELECT sum(nested(id)) AS s FROM t").fetchone()["s"] == 380
    db.commit()
    db.backup(sqlite3.connect(":memory:"), pages=1, progress=lambda *numbers: mark.mark())


def main():
    work(True)
    threads = [threading.Thread(target=work, args=(False,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
