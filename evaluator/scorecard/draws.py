"""Bootstrap draws of one model's scores: of every entry, on weights that all models and arms share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from evaluator.baselines import Baseline
from evaluator.rows import Rows
from evaluator.scorecard.design import Design, Entry, Values
from evaluator.scoring.bootstrap import DRAWS, Resample, Way, replicate
from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Floats, Pairs, error_values, file_values, truth_values
from evaluator.scoring.ranks import Layout, ordinals
from evaluator.scoring.skill import mse_draws, of_drugs
from evaluator.scoring.weights import fold_weights, split_weights

NEED_PREDICTION_SUMS = frozenset({Metric.MAE, Metric.PEARSON})

Predictions = Sequence[Values | Floats]
"""Of one entry of G: one array a split."""


@dataclass(frozen=True)
class Weights:
    """Replicates of a release: drawn by id, so that every target, split and model gets the same ones."""

    design: Design
    seed: int
    replicates: int
    way: Way = Way.TWO_WAY
    _splits: dict[str, Floats] = field(default_factory=dict)

    @cached_property
    def entities(self) -> Resample:
        release = self.design.release
        return Resample.of(
            self.way, seed=self.seed, cell_ids=release.cells, drug_ids=release.drugs, replicates=self.replicates
        )

    def splits(self, source: str, target: str) -> Floats:
        """On the diagonal the folds are not resampled: their rows are disjoint and their luck is that of the rows."""
        n_splits = len(self.design.splits)
        if source == target:
            return fold_weights(n_splits=n_splits, replicates=self.replicates)
        if source not in self._splits:
            self._splits[source] = split_weights(
                seed=self.seed, source=source, n_splits=n_splits, replicates=self.replicates
            )
        return self._splits[source]


class EntryDraws:
    """The tables of one (source, target), and draws of each split's score made from them.

    Off the diagonal all splits share one truth; on it each has test rows of its own, in one table of cells and drugs.
    """

    def __init__(self, weights: Weights, source: str, target: str) -> None:
        self.design, self.source, self.target = weights.design, source, target
        self.entries = [Entry(source, split, target) for split in self.design.splits]
        shared = self.entries[:1] if source != target else self.entries
        rows = [self.design.rows(entry) for entry in shared]
        cell, drug = (np.concatenate([getattr(part, name) for part in rows]) for name in ("cell", "drug"))
        whole, ends = Pairs.of(cell=cell, drug=drug), np.cumsum([0, *map(len, rows)])
        self._pairs = [whole.of_rows(np.arange(*span)) for span in pairwise(ends)]
        self._rows = rows
        self._resample = weights.entities.at(whole)
        self._centre = float(np.concatenate([part.response for part in rows]).mean())
        self.n_cells, self.n_drugs = whole.shape
        self._drugs = whole.drugs

    @cached_property
    def truth_tables(self) -> list[Floats]:
        return [
            pairs.tables(truth_values(rows.response, centre=self._centre))
            for pairs, rows in zip(self._pairs, self._rows, strict=True)
        ]

    def scores(self, metrics: Sequence[Metric], predictions: Predictions) -> dict[Metric, Floats]:
        """Draws of each split's score, (1 + replicates, splits)."""
        drawn: dict[Metric, Floats] = {}
        plain = [metric for metric in metrics if metric is not Metric.SPEARMAN]
        if plain:
            full = not NEED_PREDICTION_SUMS.isdisjoint(plain)
            truth = replicate(self._resample, self.truth_tables)
            files = replicate(self._resample, [self._file(k, p, full=full) for k, p in enumerate(predictions)])
            drawn |= {metric: DRAWS[metric](truth, files) for metric in plain}
        if Metric.SPEARMAN in metrics:
            drawn[Metric.SPEARMAN] = self._spearman(predictions)
        return {metric: drawn[metric] for metric in metrics}

    def squared_errors(self, predictions: Predictions) -> list[Floats]:
        return [self._file(split, prediction, full=False) for split, prediction in enumerate(predictions)]

    def baseline(self, baseline: Baseline) -> Predictions:
        return [
            self.design.baselines(self.source, entry.split).predict(baseline, rows.cell, rows.drug)
            for entry, rows in zip(self.entries, self._each_rows(), strict=True)
        ]

    def mean_squared_errors(
        self, tables: Sequence[Floats], *, drugs: Callable[[Entry], np.ndarray] | None = None
    ) -> Floats:
        """Draws of the MSE of each split, over all rows or those with some drugs of the release, a mask a split."""
        truth: Sequence[Floats] = self.truth_tables
        if drugs is not None:
            masks = [drugs(entry)[self._drugs] for entry in self.entries]
            truth = [of_drugs(self.truth_tables[self._at(k)], mask) for k, mask in enumerate(masks)]
            tables = [of_drugs(table, mask) for table, mask in zip(tables, masks, strict=True)]
        return mse_draws(self._resample, truth, tables)

    def _spearman(self, predictions: Predictions) -> Floats:
        """Of ranks computed once on all rows, not ranked anew in each replicate."""
        ranked = [_ranks(rows.response) for rows in self._rows]
        truth = [pairs.tables(truth_values(rank, centre=0.0)) for pairs, rank in zip(self._pairs, ranked, strict=True)]
        files = [
            self._pairs[self._at(k)].tables(file_values(ranked[self._at(k)], _ranks(prediction), centre=0.0))
            for k, prediction in enumerate(predictions)
        ]
        return DRAWS[Metric.SPEARMAN](replicate(self._resample, truth), replicate(self._resample, files))

    def _file(self, split: int, prediction: Values | Floats, *, full: bool) -> Floats:
        pairs, answers = self._of(split)
        return pairs.tables(
            file_values(answers, prediction, centre=self._centre) if full else error_values(answers, prediction)
        )

    def _at(self, split: int) -> int:
        return split if len(self._rows) > 1 else 0

    def _of(self, split: int) -> tuple[Pairs, Floats]:
        return self._pairs[self._at(split)], self._rows[self._at(split)].response

    def _each_rows(self) -> list[Rows]:
        return [self._rows[self._at(split)] for split in range(len(self.entries))]


def _ranks(values: Values | Floats) -> Floats:
    """Ranks less their mean, ties sharing theirs."""
    return Layout.of(np.array([values.size])).ranked(ordinals(values)).by_row()


EntryKey = tuple[str, str]
Drawn = Mapping[Metric, Mapping[EntryKey, Floats]]
"""Draws of each split's score, by metric and (source, target)."""
