"""The scores of a card taken apart by stratum, mechanism and drug: means over splits, for every entry of G."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.scorecard.design import Design, Entry
from evaluator.scorecard.points import By, FileScores, PartScores
from evaluator.scoring.metrics import Column, Metric
from evaluator.scoring.ranks import Floats, Ints
from evaluator.scoring.strata import Stratum
from evaluator.scoring.truth import CODE, Reasons, Why

DRUG_MEAN = "drug_mean"
EntryKey = tuple[str, str]  # source, target
FROM_ANSWERS = np.array([CODE[why] for why in (Why.NO_ROWS, Why.TOO_FEW_ROWS, Why.CONSTANT_TRUTH)])
"""Reasons that no prediction has a part in."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Of one entry of G: a column for each metric of each arm, and the RMSE of the drug average, part by part.

    Each is the mean over the splits that count for it, which the answers alone decide: those with rows of the part, for
    r2 and the correlations with rows whose answers differ. Where it is undefined for one that counts, so is the mean.
    `n_rows` is that of all splits together, `n_splits` of those with rows, `n_drugs` of the split that has most. An arm
    without all its files has no columns.
    """

    parts: tuple[str, ...]
    n_rows: Ints
    n_splits: Ints
    n_drugs: Ints
    columns: Mapping[str, Mapping[Metric, Column]]  # by arm, and DRUG_MEAN


def breakdowns(design: Design, files: Mapping[str, Mapping[Entry, FileScores]]) -> dict[By, dict[EntryKey, Breakdown]]:
    """Entries of which no arm has all its files have none; nor has a release for classification."""
    names: dict[By, Sequence[str]] = {
        By.STRATUM: list(Stratum),
        By.MECHANISM: list(design.mechanism_sets),
        By.DRUG: design.release.drugs,
    }
    made: dict[By, dict[EntryKey, Breakdown]] = {by: {} for by in By}
    for key in [(source, target) for source in design.sources for target in design.targets]:
        entries = [Entry(key[0], split, key[1]) for split in design.splits]
        complete = {
            arm: [found[entry] for entry in entries]
            for arm, found in files.items()
            if all(entry in found and found[entry].parts for entry in entries)
        }
        for by in By if complete else ():
            made[by][key] = _breakdown(
                {arm: [one.parts[by] for one in of_arm] for arm, of_arm in complete.items()}, names[by]
            )
    return made


def _breakdown(arms: Mapping[str, Sequence[PartScores]], names: Sequence[str]) -> Breakdown:
    first = next(iter(arms.values()))  # the rows of all arms are the same
    present = np.unique(np.concatenate([of_split.part for of_split in first]))
    n_rows, n_drugs = np.zeros((2, len(first), present.size), dtype=np.int64)
    for split, of_split in enumerate(first):
        place = np.searchsorted(present, of_split.part)
        n_rows[split, place], n_drugs[split, place] = of_split.n_rows, of_split.n_drugs
    columns = {
        arm: {metric: _mean([(one.part, one.columns[metric]) for one in splits], present) for metric in Metric}
        for arm, splits in arms.items()
    }
    columns[DRUG_MEAN] = {Metric.RMSE: _mean([(one.part, one.drug_mean) for one in first], present)}
    parts = tuple(str(names[code]) for code in present)
    return Breakdown(parts, n_rows.sum(axis=0), (n_rows > 0).sum(axis=0), n_drugs.max(axis=0), columns)


def _mean(splits: Sequence[tuple[Ints, Column]], present: Ints) -> Column:
    value = np.zeros((len(splits), present.size))
    why = np.full((len(splits), present.size), CODE[Why.NO_ROWS], dtype=np.uint8)
    for split, (part, column) in enumerate(splits):
        place = np.searchsorted(present, part)
        value[split, place], why[split, place] = column.value, column.why
    counts = ~np.isin(why, FROM_ANSWERS)
    n = counts.sum(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite becomes undefined
        mean: Floats = np.where(counts, value, 0.0).sum(axis=0) / np.maximum(n, 1)
    return Column.of(mean, np.where(n > 0, _first(why, counts), _first(why, why != CODE[Why.NO_ROWS])))


def _first(why: Reasons, among: NDArray[np.bool_]) -> Reasons:
    """The first reason of each column, among some; 0 where they have none."""
    found = np.where(among, why, 0)
    first: Reasons = found[np.argmax(found > 0, axis=0), np.arange(found.shape[1])]
    return first
