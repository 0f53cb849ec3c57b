"""r2, rmse, mae, pearson and spearman, over all rows of a target or of each group; nothing is clipped or filled in."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.number import Number
from evaluator.scoring.ranks import Floats, ordinals
from evaluator.scoring.truth import CODE, REASONS, Groups, Reasons, Truth, Why, in_range


class Metric(StrEnum):
    R2 = "r2"
    RMSE = "rmse"
    MAE = "mae"
    PEARSON = "pearson"
    SPEARMAN = "spearman"


ALL = frozenset(Metric)
ERRORS = frozenset({Metric.RMSE, Metric.MAE})  # defined wherever there is a row

Predictions = NDArray[np.float32] | Floats


@dataclass(frozen=True, slots=True)
class Column:
    """One metric for each group: NaN exactly where a reason stands."""

    value: Floats
    why: Reasons

    @classmethod
    def of(cls, value: Floats, why: Reasons) -> "Column":
        why = np.where((why == 0) & ~np.isfinite(value), CODE[Why.OUT_OF_RANGE], why).astype(np.uint8)
        return cls(np.where(why == 0, value, np.nan), why)

    def number(self, i: int) -> Number:
        return Number(float(self.value[i]), REASONS[self.why[i]])


def row_scores(truth: Truth, prediction: Predictions, *, metrics: Collection[Metric] = ALL) -> dict[Metric, Number]:
    """Each metric over all rows of a target; `prediction` holds a finite value for each of them."""
    columns = group_scores(truth.rows, prediction, metrics=metrics)
    if not truth.y.size:
        return dict.fromkeys(columns, Number.undefined(Why.NO_ROWS))
    return {metric: column.number(0) for metric, column in columns.items()}


def group_scores(groups: Groups, prediction: Predictions, *, metrics: Collection[Metric] = ALL) -> dict[Metric, Column]:
    """Each metric over the rows of each group, in the order of `groups.group`.

    r2 and the correlations are undefined for a group of one row or of equal answers, the correlations also where the
    predictions are equal.
    """
    laid_out = prediction if groups.row is None else prediction[groups.row]
    columns: dict[Metric, Column] = {}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what is not finite becomes undefined
        if not {Metric.R2, *ERRORS}.isdisjoint(metrics):
            columns |= _errors(groups, laid_out)
        if not {Metric.PEARSON, Metric.SPEARMAN}.isdisjoint(metrics):
            is_constant = groups.layout.is_constant(laid_out) & (groups.why == 0)
            why = np.where(is_constant, CODE[Why.CONSTANT_PREDICTION], groups.why).astype(np.uint8)
            if Metric.PEARSON in metrics:
                columns[Metric.PEARSON] = _pearson(groups, laid_out, why)
            if Metric.SPEARMAN in metrics:
                columns[Metric.SPEARMAN] = _spearman(groups, laid_out, why)
    return {metric: columns[metric] for metric in Metric if metric in metrics}


def _errors(groups: Groups, prediction: NDArray[Any]) -> dict[Metric, Column]:
    layout = groups.layout
    error = groups.y - prediction
    squares = layout.products(error, error)
    absolute = layout.sums(np.abs(error, out=error))
    always = np.zeros(layout.count.size, dtype=np.uint8)
    return {
        Metric.R2: Column.of(1 - squares / groups.squares, groups.why),
        Metric.RMSE: Column.of(np.sqrt(squares / layout.count), always),
        Metric.MAE: Column.of(absolute / layout.count, always),
    }


def _pearson(groups: Groups, prediction: NDArray[Any], why: Reasons) -> Column:
    layout = groups.layout
    centred = prediction.astype(np.float64)
    centred -= layout.spread(layout.sums(centred) / layout.count)
    # What the mean was off by is taken out of the squares; the products need no repair, as the answers sum to zero.
    rest = layout.sums(centred)
    products = layout.products(centred, groups.centred)
    squares = layout.products(centred, centred) - rest * rest / layout.count
    why = np.where((why == 0) & ~in_range(squares), CODE[Why.OUT_OF_RANGE], why).astype(np.uint8)
    return Column.of(products / np.sqrt(squares * groups.squares), why)


def _spearman(groups: Groups, prediction: NDArray[Any], why: Reasons) -> Column:
    if groups.ranks is None:
        raise ValueError("spearman needs groups that were made with ranked=True")
    layout = groups.layout
    # Nothing else is asked of a row than its rank among the answers, so that is what its prediction is sorted with.
    doubled, is_tied = layout.sorted(ordinals(prediction), groups.ranks.doubled)
    rank, squares = layout.average(is_tied)
    products = layout.products(doubled.astype(np.float64), rank) / 2  # the ranks sum to zero: no need to centre both
    return Column.of(products / np.sqrt(squares * groups.ranks.squares), why)
