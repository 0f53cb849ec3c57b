"""Random numbers that are the same on every machine, whatever numpy is installed: raw Philox bits and exact arithmetic.

A stream is named by its labels, so that adding a draw never moves another one.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def raw(n: int, *labels: str | int) -> NDArray[np.uint64]:
    """The first n words of the stream that the labels name; numpy promises Philox's bits, not its distributions."""
    key = hashlib.sha256("/".join(map(str, labels)).encode()).digest()[:16]
    return np.random.Philox(key=int.from_bytes(key, "little")).random_raw(n)


def uniform(n: int, *labels: str | int) -> NDArray[np.float64]:
    """Evenly spread in [0, 1), by the top 53 bits."""
    return (raw(n, *labels) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def bell(n: int, *labels: str | int) -> NDArray[np.float64]:
    """The sum of two even draws, in (-1, 1), with variance 1/6: noise with an end to it, so that nothing is clipped."""
    first, second = uniform(2 * n, *labels).reshape(2, n)
    return first + second - 1.0


def permutation(n: int, *labels: str | int) -> NDArray[np.int64]:
    return np.argsort(raw(n, *labels), kind="stable").astype(np.int64, copy=False)


def grid(n: int, *labels: str | int) -> NDArray[np.float64]:
    """n values evenly spaced over [-1, 1], in random order: mean 0 and variance (n + 1) / (3 (n - 1))."""
    values: NDArray[np.float64] = np.linspace(-1.0, 1.0, n)[permutation(n, *labels)]
    return values
