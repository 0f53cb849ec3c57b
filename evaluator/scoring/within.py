"""Metrics within groups, averaged over them: within drug above all, and the rows of each mechanism of action."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.scoring.metrics import ALL, ERRORS, Column, Metric, Predictions, group_scores
from evaluator.scoring.number import Number
from evaluator.scoring.truth import REASONS, Groups, Reasons, Truth, Why


@dataclass(frozen=True, slots=True)
class Within:
    """An average over groups.

    Which groups count is decided by the answers alone, so that no prediction can choose the groups it is judged on:
    for the errors every group with a row, for r2 and the correlations every group whose answers differ. Where the
    metric is undefined for one group that counts, the average is undefined and says for how many.
    """

    average: Number
    n_groups: int  # that count
    left_out: Mapping[Why, int]
    undefined: Mapping[Why, int]  # among those that count


def within_drug(truth: Truth, prediction: Predictions, *, metrics: Collection[Metric] = ALL) -> dict[Metric, Within]:
    """Each metric over the rows of one drug, averaged over the drugs, each of the same weight."""
    columns = group_scores(truth.by_drug, prediction, metrics=metrics)
    return averages(truth.by_drug, columns, noun="drugs")


def averages(groups: Groups, columns: Mapping[Metric, Column], *, noun: str = "groups") -> dict[Metric, Within]:
    """The average over the groups of columns that group_scores made of them."""
    nothing = np.zeros_like(groups.why)
    return {
        metric: _average(column, nothing if metric in ERRORS else groups.why, noun)
        for metric, column in columns.items()
    }


def _average(column: Column, why: Reasons, noun: str) -> Within:
    counts = why == 0
    n = int(counts.sum())
    undefined = _tally(column.why[counts])
    return Within(_mean(column, why, undefined, noun), n, _tally(why), undefined)


def _mean(column: Column, why: Reasons, undefined: Mapping[Why, int], noun: str) -> Number:
    n = int((why == 0).sum())
    if n == 0:
        return Number.undefined(f"no {noun} count: {_listed(_tally(why)) or Why.NO_ROWS}")
    if undefined:
        return Number.undefined(f"undefined for {sum(undefined.values())} of {n} {noun}: {_listed(undefined)}")
    with np.errstate(over="ignore"):
        mean = Column.of(column.value[why == 0].mean(keepdims=True), np.zeros(1, dtype=np.uint8))
    return mean.number(0)


def _tally(why: Reasons) -> dict[Why, int]:
    tally = Counter(int(code) for code in why)
    return {reason: tally[code] for code, reason in enumerate(REASONS) if reason is not None and tally[code]}


def _listed(tally: Mapping[Why, int]) -> str:
    return ", ".join(f"{why} ({n})" for why, n in tally.items())


def drug_sets(truth: Truth, sets: Sequence[Collection[int]], *, ranked: bool = True) -> Groups:
    """The rows of each set of drugs as one group; a drug may stand in several sets, as one has several mechanisms.

    Sets without rows have no group: look up `groups.group`, which holds places in `sets`.
    """
    code, row = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int64)]
    is_in = np.zeros(truth.n_drugs, dtype=np.bool_)
    for place, drugs in enumerate(sets):
        is_in[:] = False
        is_in[list(drugs)] = True
        row.append(np.flatnonzero(is_in[truth.drug]))
        code.append(np.full(row[-1].size, place, dtype=np.int32))
    return truth.groups(np.concatenate(code), row=np.concatenate(row), ranked=ranked)
