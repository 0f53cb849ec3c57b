"""The point scores of one file of predictions, and of all files of an arm, with nothing averaged away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark_data.manifest import Task
from evaluator.baselines import Baseline
from evaluator.scorecard.design import Design, Entry, Values
from evaluator.scoring.classification import class_scores
from evaluator.scoring.metrics import Metric, group_scores, row_scores
from evaluator.scoring.number import Number
from evaluator.scoring.strata import Stratum, StratumScores, strata, stratum_groups, stratum_scores
from evaluator.scoring.within import Within, drug_sets, within_drug

Scores = Mapping[str, Number]
"""Metrics by name, of whichever task the release has."""


@dataclass(frozen=True, slots=True)
class FileScores:
    rows: Scores
    within_drug: Mapping[Metric, Within]
    strata: Mapping[Stratum, StratumScores]
    mechanisms: Mapping[str, "MechanismScores"]
    baselines: Mapping[Baseline, Scores]


@dataclass(frozen=True, slots=True)
class MechanismScores:
    n_rows: int
    n_drugs: int
    scores: Mapping[Metric, Number]


def score_file(design: Design, entry: Entry, prediction: Values) -> FileScores:
    """Everything one file of predictions says; a classification release has no strata, drugs or baselines apart."""
    truth = design.truth(entry)
    if design.release.manifest.task is Task.CLASSIFICATION:
        return FileScores(
            {str(name): score for name, score in class_scores(truth.y, prediction).items()}, {}, {}, {}, {}
        )
    given = design.given_rows(entry.source, entry.split)
    groups = stratum_groups(truth, strata(truth, train_cell=given.cell, train_drug=given.drug))
    fitted = design.baselines(entry.source, entry.split)
    return FileScores(
        rows=_named(row_scores(truth, prediction)),
        within_drug=within_drug(truth, prediction),
        strata=stratum_scores(groups, prediction),
        mechanisms=_by_mechanism(design, entry, prediction),
        baselines={
            baseline: _named(row_scores(truth, fitted.predict(baseline, truth.cell, truth.drug)))
            for baseline in Baseline
        },
    )


def score_all(
    design: Design, read: Callable[[Entry], Values | None], *, each: Callable[[Entry], object] = lambda _: None
) -> dict[Entry, FileScores]:
    """The scores of every entry that has a file; what has none is left out here and makes its averages undefined."""
    found: dict[Entry, FileScores] = {}
    for entry in design.entries():
        prediction = read(entry)
        if prediction is not None:
            found[entry] = score_file(design, entry, prediction)
        each(entry)
    return found


def _named(scores: Mapping[Metric, Number]) -> Scores:
    return {str(metric): number for metric, number in scores.items()}


def _by_mechanism(design: Design, entry: Entry, prediction: Values) -> dict[str, MechanismScores]:
    truth, sets = design.truth(entry), design.mechanism_sets
    groups = drug_sets(truth, list(sets.values()))
    columns = group_scores(groups, prediction)
    names, present = list(sets), np.unique(truth.drug)
    return {
        names[place]: MechanismScores(
            n_rows=int(groups.layout.count[i]),
            n_drugs=int(np.isin(present, sets[names[place]]).sum()),
            scores={metric: column.number(i) for metric, column in columns.items()},
        )
        for i, place in enumerate(groups.group)
    }
