"""G, its spread, Gn, Ga and Gna of one model, defined as they were published, and undefined where they must be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.scoring.ranks import Floats

ROUNDED_TO = 4
# A ratio to the diagonal means something only where 0 is "knows nothing" and more is better.
NORMALISED = frozenset({"r2", "pearson", "spearman", "pcc", "scc"})

Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class GMatrices:
    """Rows are sources and columns targets, both in `order`; NaN stands exactly where `reasons` has an entry.

    The keys of `reasons` read "G[source,target]", "G_std[source,target]", "Gn[source,target]", "Ga[source]" and
    "Gna[source]".
    """

    order: tuple[str, ...]
    g: Floats
    spread: Floats
    gn: Floats
    ga: Floats
    gna: Floats
    reasons: Mapping[str, str]


def g_matrices(
    scores: Mapping[Entry, Mapping[int, float]],
    *,
    order: Sequence[str],
    splits: Sequence[int],
    metric: str,
    exact: bool = False,
) -> GMatrices:
    """Matrices of scores[source, target][split].

    G is the mean over `splits`, all of which an entry needs; unless `exact`, it is rounded to 4 decimals before
    anything else is made of it, as was done for the published figures. Its spread is the standard deviation of the
    splits (ddof=1), not rounded. A NaN among the scores is an undefined score and makes its entry undefined.
    """
    reasons: dict[str, str] = {}
    values = np.full((len(order), len(order), len(splits)), np.nan)
    for s, source in enumerate(order):
        for t, target in enumerate(order):
            entry = scores.get((source, target), {})
            values[s, t] = [entry.get(split, np.nan) for split in splits]
            reason = _missing(entry, splits)
            if reason:
                reasons[f"G[{source},{target}]"] = reason
                reasons[f"G_std[{source},{target}]"] = reason
            elif len(splits) < 2:
                reasons[f"G_std[{source},{target}]"] = "there are fewer than 2 splits"
    g = values.mean(axis=2)
    if not exact:
        g = np.round(g, ROUNDED_TO)
    spread = values.std(axis=2, ddof=1) if len(splits) > 1 else np.full_like(g, np.nan)
    gn = _normalised(g, order, metric, reasons)
    ga = _off_diagonal(g, order, "Ga", "G", reasons)
    gna = _off_diagonal(gn, order, "Gna", "Gn", reasons)
    return GMatrices(tuple(order), g, spread, gn, ga, gna, reasons)


def _missing(entry: Mapping[int, float], splits: Sequence[int]) -> str | None:
    missing = [str(split) for split in splits if split not in entry]
    undefined = [str(split) for split in splits if np.isnan(entry.get(split, 0.0))]
    if len(missing) == len(splits):
        return "there are no scores"
    if missing:
        return f"no score for split {', '.join(missing)}"
    return f"the score is undefined for split {', '.join(undefined)}" if undefined else None


def _normalised(g: Floats, order: Sequence[str], metric: str, reasons: dict[str, str]) -> Floats:
    gn = np.full_like(g, np.nan)
    for s, source in enumerate(order):
        own = g[s, s]
        if metric not in NORMALISED:
            reason = f"a ratio of {metric} means nothing"
        elif np.isnan(own):
            reason = f"G[{source},{source}] is undefined"
        elif own <= 0:
            reason = f"G[{source},{source}] is not positive"
        else:
            gn[s] = g[s] / own
            reason = ""
        for t, target in enumerate(order):
            if np.isnan(gn[s, t]):
                reasons[f"Gn[{source},{target}]"] = reason or f"G[{source},{target}] is undefined"
    return gn


def _off_diagonal(matrix: Floats, order: Sequence[str], name: str, of: str, reasons: dict[str, str]) -> Floats:
    means = np.full(len(order), np.nan)
    for s, source in enumerate(order):
        others = np.delete(matrix[s], s)
        lacking = [target for t, target in enumerate(order) if t != s and np.isnan(matrix[s, t])]
        if not others.size:
            reasons[f"{name}[{source}]"] = "there is no other target"
        elif lacking:
            reasons[f"{name}[{source}]"] = f"{of}[{source},{lacking[0]}] is undefined" + (
                f", and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            )
        else:
            means[s] = others.mean()
    return means
