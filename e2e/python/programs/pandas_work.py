"""pandas: its Cython code calls Python back for groups, windows, rows, cells and formats."""

import io

import mark

mark.everywhere()

import numpy as np
import pandas as pd


def of_numpy(size):
    np.empty(size, np.uint8)


mark.kinds.append(of_numpy)


def cell(value):
    mark.mark()
    return value


def group(frame):
    mark.mark()
    return frame.sum()


class Money:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        mark.mark()
        return self.value == other.value

    def __hash__(self):
        return hash(self.value)

    def __lt__(self, other):
        mark.mark()
        return self.value < other.value

    def __str__(self):
        mark.mark()
        return "%d EUR" % self.value


def main():
    random = np.random.default_rng(2)
    text = "name,day,value\n" + "".join("n%d,2024-01-%02d,%d\n" % (i % 5, i % 28 + 1, i) for i in range(60))
    frame = pd.read_csv(io.StringIO(text), converters={"name": cell}, parse_dates=["day"], engine="c")
    pd.read_csv(io.StringIO(text + "a,b,c,d\n"), engine="python", on_bad_lines=lambda line: mark.mark())
    frame.groupby("name")["value"].apply(group)
    frame.groupby("name")["value"].agg(["sum", group])
    frame.groupby("name")["value"].transform(lambda s: (mark.mark(), s - s.mean())[1])
    frame.groupby(lambda i: (mark.mark(), i % 3)[1]).size()
    frame[["value"]].apply(group, axis=1)
    frame["value"].map(cell)
    frame["value"].rolling(20).apply(lambda a: (mark.mark(), a.sum())[1], raw=True)
    frame["value"].rolling(30).apply(group, raw=False)
    frame["value"].expanding(50).apply(lambda a: (mark.mark(), a.max())[1], raw=True)
    frame.set_index("day").resample("W")["value"].apply(group)
    frame.to_string(formatters={"value": lambda v: (mark.mark(), str(v))[1]}, max_rows=10)
    money = pd.Series([Money(i % 4) for i in range(12)])
    money.unique()
    money.sort_values()
    money.to_json(default_handler=str)
    money.astype(str)
    frame.pipe(lambda f: (mark.mark(), f.head())[1])
    other = pd.DataFrame({"name": ["n%d" % i for i in range(5)], "weight": random.normal(size=5)})
    for _ in range(10):
        merged = frame.merge(other, on="name").sort_values(["name", "value"])
        merged.pivot_table(index="name", columns=merged["day"].dt.dayofweek, values="value", aggfunc="mean")
        merged.describe(include="all")
        merged.to_html()
        merged.query("value > 10 and weight > 0")
        pd.concat([merged, merged]).drop_duplicates().stack().unstack()
        pd.to_datetime(merged["day"].astype(str)).dt.strftime("%d.%m.%Y").str.split(".", expand=True)


main()
