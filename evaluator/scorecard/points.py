"""The point scores of one file of predictions, and of all files of an arm, with nothing averaged away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from benchmark_data.manifest import Task
from evaluator.baselines import Baseline
from evaluator.scorecard.design import Design, Entry, Values
from evaluator.scoring.classification import class_scores
from evaluator.scoring.metrics import Column, Metric, Predictions, group_scores, row_scores
from evaluator.scoring.number import Number
from evaluator.scoring.ranks import Ints
from evaluator.scoring.strata import Stratum, StratumScores, by_stratum, strata, stratum_groups
from evaluator.scoring.truth import Groups, Truth
from evaluator.scoring.within import Within, averages, drug_sets

Scores = Mapping[str, Number]
"""Metrics by name, of whichever task the release has."""


class By(StrEnum):
    """What the rows of a file are taken apart by."""

    STRATUM = "stratum"
    MECHANISM = "mechanism"
    DRUG = "drug"


@dataclass(frozen=True, slots=True)
class PartScores:
    """Each metric for each part of a file's rows, parts without rows left out, and the drug average's RMSE there."""

    part: Ints  # codes: of a drug in the release, a mechanism in the design's sets, a stratum in their order
    n_rows: Ints
    n_drugs: Ints
    columns: Mapping[Metric, Column]
    drug_mean: Column


@dataclass(frozen=True, slots=True)
class FileScores:
    rows: Scores
    within_drug: Mapping[Metric, Within]
    strata: Mapping[Stratum, StratumScores]
    mechanisms: Mapping[str, "MechanismScores"]
    baselines: Mapping[Baseline, Scores]
    parts: Mapping[By, PartScores]


@dataclass(frozen=True, slots=True)
class MechanismScores:
    n_rows: int
    n_drugs: int
    scores: Mapping[Metric, Number]


def score_file(design: Design, entry: Entry, prediction: Values) -> FileScores:
    """Everything one file of predictions says; a classification release has no strata, drugs or baselines apart."""
    truth = design.truth(entry)
    if design.release.manifest.task is Task.CLASSIFICATION:
        scores = {str(name): score for name, score in class_scores(truth.y, prediction).items()}
        return FileScores(scores, {}, {}, {}, {}, {})
    given = design.given_rows(entry.source, entry.split)
    groups = {
        By.STRATUM: stratum_groups(truth, strata(truth, train_cell=given.cell, train_drug=given.drug)),
        By.MECHANISM: drug_sets(truth, list(design.mechanism_sets.values())),
        By.DRUG: truth.by_drug,
    }
    fitted = design.baselines(entry.source, entry.split)
    baselines = {baseline: fitted.predict(baseline, truth.cell, truth.drug) for baseline in Baseline}
    parts = {by: _parts(truth, made, prediction, baselines[Baseline.DRUG_MEAN]) for by, made in groups.items()}
    return FileScores(
        rows=_named(row_scores(truth, prediction)),
        within_drug=averages(truth.by_drug, parts[By.DRUG].columns, noun="drugs"),
        strata=by_stratum(groups[By.STRATUM], parts[By.STRATUM].columns),
        mechanisms=_by_mechanism(design, parts[By.MECHANISM]),
        baselines={baseline: _named(row_scores(truth, made)) for baseline, made in baselines.items()},
        parts=parts,
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


def _parts(truth: Truth, groups: Groups, prediction: Values, drug_mean: Predictions) -> PartScores:
    has = np.zeros((groups.group.size, truth.n_drugs), dtype=np.bool_)
    has[np.repeat(np.arange(groups.group.size), groups.layout.count), truth.drug[groups.row]] = True
    return PartScores(
        part=groups.group,
        n_rows=groups.layout.count,
        n_drugs=has.sum(axis=1),
        columns=group_scores(groups, prediction),
        drug_mean=group_scores(groups, drug_mean, metrics={Metric.RMSE})[Metric.RMSE],
    )


def _by_mechanism(design: Design, parts: PartScores) -> dict[str, MechanismScores]:
    names = list(design.mechanism_sets)
    return {
        names[place]: MechanismScores(
            n_rows=int(parts.n_rows[i]),
            n_drugs=int(parts.n_drugs[i]),
            scores={metric: column.number(i) for metric, column in parts.columns.items()},
        )
        for i, place in enumerate(parts.part)
    }
