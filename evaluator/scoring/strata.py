"""Scores apart for what a model has met in training and what it has not: cells, drugs, and pairs of both."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.metrics import ALL, Column, Metric, Predictions, group_scores
from evaluator.scoring.number import Number
from evaluator.scoring.truth import Codes, Groups, Truth, Why


class Stratum(StrEnum):
    """Rows by what the training rows hold. The rows of a seen pair are replicates of training rows."""

    SEEN_CELL = "seen cell"
    UNSEEN_CELL = "unseen cell"
    SEEN_DRUG = "seen drug"
    UNSEEN_DRUG = "unseen drug"
    SEEN_PAIR = "seen pair"
    UNSEEN_PAIR = "unseen pair"


@dataclass(frozen=True, slots=True)
class StratumScores:
    n_rows: int
    scores: dict[Metric, Number]


def strata(truth: Truth, *, train_cell: Codes, train_drug: Codes) -> dict[Stratum, NDArray[np.bool_]]:
    """Which rows of the target are in which stratum; the training rows are all rows whose answers a model was given."""
    cell_seen = np.zeros(truth.n_cells, dtype=np.bool_)
    drug_seen = np.zeros(truth.n_drugs, dtype=np.bool_)
    cell_seen[train_cell] = True
    drug_seen[train_drug] = True
    pair_seen = np.zeros((truth.n_cells, truth.n_drugs), dtype=np.bool_)
    pair_seen[train_cell, train_drug] = True
    cell, drug, pair = cell_seen[truth.cell], drug_seen[truth.drug], pair_seen[truth.cell, truth.drug]
    return dict(zip(Stratum, (cell, ~cell, drug, ~drug, pair, ~pair), strict=True))


def stratum_groups(truth: Truth, rows: dict[Stratum, NDArray[np.bool_]], *, ranked: bool = True) -> Groups:
    """The strata as groups, to be prepared once for all predictions that have the same training rows."""
    row = [np.flatnonzero(is_in) for is_in in rows.values()]
    code = np.repeat(np.arange(len(row), dtype=np.int32), [part.size for part in row])
    return truth.groups(code, row=np.concatenate(row), ranked=ranked)


def stratum_scores(
    groups: Groups, prediction: Predictions, *, metrics: Collection[Metric] = ALL
) -> dict[Stratum, StratumScores]:
    """Each metric over the rows of each stratum, those without rows among them, as undefined."""
    return by_stratum(groups, group_scores(groups, prediction, metrics=metrics))


def by_stratum(groups: Groups, columns: Mapping[Metric, Column]) -> dict[Stratum, StratumScores]:
    """The columns that group_scores made of the strata's groups."""
    nothing = StratumScores(0, dict.fromkeys(columns, Number.undefined(Why.NO_ROWS)))
    found = {
        int(group): StratumScores(int(groups.layout.count[i]), {m: column.number(i) for m, column in columns.items()})
        for i, group in enumerate(groups.group)
    }
    return {stratum: found.get(code, nothing) for code, stratum in enumerate(Stratum)}
