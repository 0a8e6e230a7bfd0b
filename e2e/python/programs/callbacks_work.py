"""Extensions that call back: iminuit (pybind11, C++), cytoolz (Cython), orjson (Rust) and regex (C), also from one into the other."""

import mark

mark.everywhere()

import cytoolz
import cytoolz.curried
import iminuit
import orjson
import regex


def cost(x, y):
    mark.mark()
    return (x - 1) ** 2 + (y - 2) ** 2 + x * x * y * y / 10


def gradient(x, y):
    mark.mark()
    return 2 * (x - 1) + x * y * y / 5, 2 * (y - 2) + x * x * y / 5


class Thing:
    def __init__(self, value):
        self.value = value


def default(thing):
    mark.mark()
    return {"value": thing.value, "inner": Thing(thing.value - 1)} if thing.value > 0 else None


def replaced(match):
    mark.mark()
    return str(int(match[0]) + 1)


def marked(value):
    mark.mark()
    return value


def raises(x):
    mark.mark()
    raise ValueError(x)


def main():
    minuit = iminuit.Minuit(cost, x=0, y=0)
    minuit.migrad()
    minuit.hesse()
    minuit.minos()
    assert minuit.valid
    iminuit.Minuit(cost, grad=gradient, x=0, y=0).migrad()
    iminuit.Minuit(lambda x: orjson.loads(orjson.dumps(Thing(2), default=default))["value"] * x * x, x=3).migrad()
    try:
        iminuit.Minuit(raises, x=3).migrad()  # an exception of Python's through C++
    except ValueError:
        mark.mark()
    assert orjson.dumps([Thing(3)], default=default)
    assert regex.sub(r"\d+", replaced, "1 2 3") == "2 3 4"
    cytoolz.groupby(marked, range(10))
    cytoolz.reduceby(marked, lambda a, b: (mark.mark(), a + b)[1], [1, 2, 1, 2])
    cytoolz.pipe(range(5), cytoolz.curried.map(marked), cytoolz.curried.filter(marked), list)
    cytoolz.compose(marked, marked, marked)(1)
    cytoolz.valmap(lambda v: regex.sub(r"\d", replaced, v), {1: "1", 2: "2"})
    cytoolz.memoize(marked)(3)
    list(cytoolz.merge_sorted([3, 1], [2], key=marked))
    for i in range(200):
        cytoolz.countby(lambda word: len(word), regex.findall(r"\w+", "some words of a text " * 20))
        orjson.loads(orjson.dumps([{"a": [i] * 20}] * 20))


main()
