"""f1, auroc, auprc, balanced accuracy and mcc for answers of 0 and 1, where 1 is the positive class."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.metrics import Predictions
from evaluator.scoring.number import Number
from evaluator.scoring.ranks import Layout, ordinals
from evaluator.scoring.truth import Why

# A row is called positive where its prediction reaches this. It is fixed, so that nobody tunes it on hidden answers.
THRESHOLD = 0.5


class ClassMetric(StrEnum):
    F1 = "f1"
    AUROC = "auroc"
    AUPRC = "auprc"
    BALANCED_ACCURACY = "balanced_accuracy"
    MCC = "mcc"


@dataclass(frozen=True, slots=True)
class _Confusion:
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


def class_scores(y: NDArray[Any], prediction: Predictions) -> dict[ClassMetric, Number]:
    """Each metric over all rows.

    f1, balanced accuracy and mcc look at the predictions at THRESHOLD; auroc and auprc at their order alone, ties
    counting half. auprc is the average precision, a sum of steps: a trapezoid would promise what no threshold gives.
    Undefined: f1 and auprc without a positive answer, auroc, balanced accuracy and mcc where the answers are of one
    class, mcc also where the predictions are.
    """
    is_positive = y == 1
    n_positive, n = int(is_positive.sum()), y.size
    if n == 0:
        return dict.fromkeys(ClassMetric, Number.undefined(Why.NO_ROWS))
    confusion = _confusion(is_positive, prediction >= THRESHOLD)
    scores = dict.fromkeys(ClassMetric, Number.undefined(Why.ONE_CLASS))
    if n_positive == 0:
        return scores | dict.fromkeys((ClassMetric.F1, ClassMetric.AUPRC), Number.undefined(Why.NO_POSITIVES))
    scores[ClassMetric.F1] = _f1(confusion)
    scores[ClassMetric.AUPRC] = _average_precision(is_positive, prediction)
    if n_positive < n:
        scores[ClassMetric.AUROC] = _auroc(is_positive, prediction)
        scores[ClassMetric.BALANCED_ACCURACY] = _balanced_accuracy(confusion)
        scores[ClassMetric.MCC] = _mcc(confusion)
    return scores


def _confusion(is_positive: NDArray[np.bool_], is_called: NDArray[np.bool_]) -> _Confusion:
    both = int((is_positive & is_called).sum())
    positive, called = int(is_positive.sum()), int(is_called.sum())
    return _Confusion(both, called - both, positive - both, is_positive.size - positive - called + both)


def _f1(of: _Confusion) -> Number:
    return Number(2 * of.true_positive / (2 * of.true_positive + of.false_positive + of.false_negative))


def _balanced_accuracy(of: _Confusion) -> Number:
    sensitivity = of.true_positive / (of.true_positive + of.false_negative)
    specificity = of.true_negative / (of.true_negative + of.false_positive)
    return Number((sensitivity + specificity) / 2)


def _mcc(of: _Confusion) -> Number:
    called = of.true_positive + of.false_positive
    passed = of.true_negative + of.false_negative
    if called == 0 or passed == 0:
        return Number.undefined(Why.ONE_CLASS_PREDICTED)
    positive, negative = of.true_positive + of.false_negative, of.true_negative + of.false_positive
    difference = of.true_positive * of.true_negative - of.false_positive * of.false_negative
    return Number(difference / (called * passed) ** 0.5 / (positive * negative) ** 0.5)


def _auroc(is_positive: NDArray[np.bool_], prediction: Predictions) -> Number:
    """The share of (positive, negative) pairs in the right order, from the ranks of the positives."""
    ranks = Layout.of(np.array([prediction.size])).ranked(ordinals(prediction)).by_row()
    positive = int(is_positive.sum())
    return Number(0.5 + float(ranks[is_positive].sum()) / (positive * (prediction.size - positive)))


def _average_precision(is_positive: NDArray[np.bool_], prediction: Predictions) -> Number:
    order = np.argsort(prediction)[::-1]
    value = prediction[order]
    last = np.flatnonzero(np.append(value[1:] != value[:-1], True))  # tied rows are taken together
    found = np.cumsum(is_positive[order])[last]
    gained = np.diff(found, prepend=0)
    return Number(float((gained * (found / (last + 1))).sum() / found[-1]))
