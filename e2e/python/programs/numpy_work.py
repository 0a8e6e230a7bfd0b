"""numpy: its C code calls Python back for elements, rows, comparisons and classes of arrays; numpy's own data are marked blocks."""

import mark

mark.everywhere()

import numpy as np


def of_numpy(size):
    np.empty(size, np.uint8)


def zeros_of_numpy(size):
    np.zeros(size // 8)


mark.kinds += [of_numpy, zeros_of_numpy]


def element(x):
    mark.mark()
    return x + 1


class Units(np.ndarray):
    def __new__(cls, values, unit):
        array = np.asarray(values).view(cls)
        array.unit = unit
        return array

    def __array_finalize__(self, other):
        mark.mark()
        self.unit = getattr(other, "unit", None)

    def __array_ufunc__(self, ufunc, method, *inputs, **arguments):
        mark.mark()
        plain = [i.view(np.ndarray) if isinstance(i, Units) else i for i in inputs]
        return Units(getattr(ufunc, method)(*plain, **arguments), self.unit)


class Logged:
    def __array_function__(self, function, types, arguments, keywords):
        mark.mark()
        return function.__name__

    def __array__(self, dtype=None, copy=None):
        mark.mark()
        return np.arange(3.0)


class Ordered:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        mark.mark()
        return self.value < other.value

    def __add__(self, other):
        mark.mark()
        return Ordered(self.value + other.value)


class Sequence:
    def __len__(self):
        return 5

    def __getitem__(self, i):
        mark.mark()
        if i >= 5:
            raise IndexError
        return i


def numbers():
    for i in range(10):
        mark.mark()
        yield i


def row(values):
    mark.mark()
    return values.sum()


def main():
    random = np.random.default_rng(1)
    table = random.normal(size=(12, 8))
    np.frompyfunc(element, 1, 1)(np.arange(10))
    np.vectorize(element, signature="()->()")(np.arange(5))
    np.vectorize(element)(np.arange(5))
    np.apply_along_axis(row, 1, table)
    np.apply_over_axes(lambda a, axis: (mark.mark(), a.sum(axis, keepdims=True))[1], table, [0, 1])
    np.fromfunction(lambda i, j: (mark.mark(), i + j)[1], (3, 3))
    np.fromiter(numbers(), float)
    np.piecewise(np.arange(6.0), [np.arange(6) < 3], [element, lambda x: element(-x)])
    lengths = Units([1.0, 2.0, 3.0], "m")
    assert (lengths[1:] + lengths[:2]).unit == "m"
    np.add.reduce(lengths)
    assert np.concatenate([Logged(), Logged()]) == "concatenate"
    np.asarray(Logged())
    np.array(Sequence())
    ordered = np.array([Ordered(i * 7 % 10) for i in range(10)], object)
    np.sort(ordered)
    ordered.sum()
    np.add.accumulate(ordered)
    np.errstate(divide="call", call=lambda kind, flag: mark.mark())
    with np.errstate(divide="call", call=lambda kind, flag: mark.mark()):
        np.arange(3.0) / 0
    np.linalg.svd(random.normal(size=(40, 40)))
    np.array2string(table[:2], formatter={"float": lambda x: (mark.mark(), "%.2f" % x)[1]})
    for _ in range(20):
        np.percentile(table, [10, 90], axis=0)
        np.einsum("ij,kj->ik", table, table, optimize=True)
        np.unique(random.integers(0, 50, 2000), return_counts=True)
        np.histogramdd(table[:, :2], bins=4)
        repr(np.ma.masked_greater(table, 1))


main()
