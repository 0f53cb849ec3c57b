"""Bootstrap weights of the release's cells, drugs and splits, drawn by id.

A weight depends on (seed, kind, id, replicate) alone: not on which other ids are asked for, nor on the version of
numpy. Row 0 of every array is the sample itself.
"""

import hashlib
from collections.abc import Sequence
from decimal import Decimal, localcontext
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]


class Kind(StrEnum):
    CELL = "cell"
    DRUG = "drug"
    SPLIT = "split"


def _poisson_thresholds() -> Bits:
    """floor(2^64 · P(X ≤ k)) of a Poisson(1) for each k at which it stays below 2^64."""
    with localcontext(prec=60):
        scaled = Decimal(2) ** 64 * Decimal(-1).exp()
        term, total, thresholds = scaled, scaled, []
        while int(total) < 2**64 - 1:
            thresholds.append(int(total))
            term /= len(thresholds)
            total += term
    return np.array(thresholds, dtype=np.uint64)


POISSON_THRESHOLDS = _poisson_thresholds()

# SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a counter times GAMMA, mixed.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def random_bits(kind: Kind, ids: Sequence[str], *, seed: int, replicates: int) -> Bits:
    """64 uniform bits for each replicate (rows) and id (columns)."""
    digests = (hashlib.sha256(f"{seed}\0{kind}\0{name}".encode()).digest() for name in ids)
    key = np.array([int.from_bytes(digest[:8], "little") for digest in digests], dtype=np.uint64)
    counter = np.arange(1, replicates + 1, dtype=np.uint64)
    bits: Bits = key + counter[:, None] * _GAMMA  # (replicates, ids); wraps around, as it should
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    bits ^= bits >> np.uint64(31)
    return bits


def poisson_weights(kind: Kind, ids: Sequence[str], *, seed: int, replicates: int) -> Floats:
    """Poisson(1) weights, (1 + replicates, ids), whole numbers kept as float64 for the matrix products."""
    bits = random_bits(kind, ids, seed=seed, replicates=replicates)
    weights = np.ones((1 + replicates, len(ids)))
    weights[1:] = np.searchsorted(POISSON_THRESHOLDS, bits.ravel(), side="right").reshape(bits.shape)
    return weights


def split_weights(*, seed: int, source: str, n_splits: int, replicates: int) -> Floats:
    """Weights of a source's splits that sum to 1, (1 + replicates, splits).

    A replicate draws n − 1 of the n splits with replacement, which gives a mean over splits its unbiased variance s²/n
    (Rao and Wu, JASA 1988). A single split cannot be resampled: it keeps the weight 1.
    """
    weights = fold_weights(n_splits=n_splits, replicates=replicates)
    if n_splits == 1:
        return weights
    ids = [f"{source}\0{draw}" for draw in range(n_splits - 1)]
    bits = random_bits(Kind.SPLIT, ids, seed=seed, replicates=replicates)
    drawn = ((bits >> np.uint64(32)) * np.uint64(n_splits)) >> np.uint64(32)  # (replicates, n - 1), in 0 … n - 1
    counts = (drawn[:, :, None] == np.arange(n_splits, dtype=np.uint64)).sum(axis=1)
    weights[1:] = counts / (n_splits - 1)
    return weights


def fold_weights(*, n_splits: int, replicates: int) -> Floats:
    """Equal weights, for the diagonal: its splits are scored on disjoint rows, whose luck is in the cells' and drugs'.

    To resample the folds besides would count that luck twice.
    """
    return np.full((1 + replicates, n_splits), 1 / n_splits)
