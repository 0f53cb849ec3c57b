"""A card as JSON: numbers where they are defined, {"undefined": reason} where they are not."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from evaluator.scorecard.breakdown import Breakdown
from evaluator.scorecard.card import Card
from evaluator.scorecard.compare import Comparison
from evaluator.scorecard.design import Entry
from evaluator.scorecard.points import FileScores
from evaluator.scorecard.uncertain import MatrixIntervals, Skills, Uncertain
from evaluator.scoring.intervals import Interval
from evaluator.scoring.matrices import GMatrices
from evaluator.scoring.metrics import Column
from evaluator.scoring.number import Number
from evaluator.scoring.truth import REASONS
from evaluator.scoring.within import Within


def plain_card(card: Card) -> dict[str, Any]:
    return {
        "release": card.release,
        "release_id": card.release_id,
        "scheme": card.scheme,
        "sources": list(card.sources),
        "targets": list(card.targets),
        "splits": list(card.splits),
        "missing_files": dict(card.missing),
        "matrices": {
            arm: {metric: plain_matrices(made) for metric, made in by_metric.items()}
            for arm, by_metric in card.matrices.items()
        },
        "uncertainty": None if card.uncertain is None else _uncertain(card.uncertain),
        "ceilings": {
            target: {
                "r2": plain_number(ceiling.r2),
                "noise_variance": plain_number(ceiling.noise_variance),
                "drugs": ceiling.drugs,
                "repeated_pairs": ceiling.repeated_pairs,
            }
            for target, ceiling in card.ceilings.items()
        },
        "breakdowns": {
            str(by): [_named(key) | _breakdown(one) for key, one in found.items()]
            for by, found in card.breakdowns.items()
        },
        "files": {
            arm: [_where(entry) | _file(scores) for entry, scores in found.items()] for arm, found in card.files.items()
        },
    }


def plain_comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "standings": [
            {
                "model": one.model,
                "estimate": plain_number(one.estimate),
                "rank": [one.first, one.last],
                "tie_group": one.tie_group,
            }
            for one in comparison.standings
        ],
        "differences": [
            {"models": list(pair), "primary": plain_interval(interval), "entries": _entries(comparison.entries[pair])}
            for pair, interval in comparison.primary.items()
        ],
    }


def plain_matrices(made: GMatrices) -> dict[str, Any]:
    """null where undefined; the reasons stand beside."""
    return {
        "order": list(made.order),
        "G": _with_null(made.g),
        "G_std": _with_null(made.spread),
        "Gn": _with_null(made.gn),
        "Ga": _with_null(made.ga),
        "Gna": _with_null(made.gna),
        "undefined": dict(made.reasons),
    }


def plain_number(number: Number) -> float | dict[str, str | None]:
    return number.value if number.is_defined else {"undefined": number.reason}


def plain_interval(interval: Interval) -> dict[str, Any]:
    numbers = {name: plain_number(getattr(interval, name)) for name in ("estimate", "low", "high", "standard_error")}
    others = {"df": interval.df, "replicates": interval.replicates, "too_narrow": interval.too_narrow}
    return numbers | others


def _with_null(numbers: np.ndarray) -> list[Any]:
    if numbers.ndim > 1:
        return [_with_null(row) for row in numbers]
    return [None if math.isnan(number) else number for number in numbers.tolist()]


def _where(entry: Entry) -> dict[str, Any]:
    return {"source": entry.source, "split": entry.split, "target": entry.target}


def _file(scores: FileScores) -> dict[str, Any]:
    return {
        "rows": _numbers(scores.rows),
        "within_drug": {metric: _within(within) for metric, within in scores.within_drug.items()},
        "strata": {stratum: {"n_rows": one.n_rows} | _numbers(one.scores) for stratum, one in scores.strata.items()},
        "mechanisms": {
            name: {"n_rows": one.n_rows, "n_drugs": one.n_drugs} | _numbers(one.scores)
            for name, one in scores.mechanisms.items()
        },
        "baselines": {baseline: _numbers(one) for baseline, one in scores.baselines.items()},
    }


def _numbers(scores: Mapping[Any, Number]) -> dict[str, Any]:
    return {str(metric): plain_number(number) for metric, number in scores.items()}


def _within(within: Within) -> dict[str, Any]:
    return {"average": plain_number(within.average), "n_drugs": within.n_groups, "left_out": dict(within.left_out)}


def _uncertain(of: Uncertain) -> dict[str, Any]:
    return {
        "seed": of.seed,
        "replicates": of.replicates,
        "primary": None if of.primary is None else plain_interval(of.primary),
        "matrices": {
            arm: {metric: _matrix(made) for metric, made in by_metric.items()} for arm, by_metric in of.matrices.items()
        },
        "skill": [_named(key) | _skills(skills) for key, skills in of.skills.items()],
        "gap": {metric: _entries(gaps) for metric, gaps in of.gap.items()},
        "memory_alarm": None
        if of.alarm is None
        else {
            "raised": of.alarm.raised,
            "entries": [
                _named(key)
                | {name: plain_number(getattr(test, name)) for name in ("correlation", "t", "p", "p_holm")}
                | {"raised": test.raised}
                for key, test in of.alarm.entries.items()
            ],
        },
    }


def _matrix(made: MatrixIntervals) -> dict[str, Any]:
    return {
        "G": _entries(made.g),
        "Gn": _entries(made.gn),
        "Ga": {source: plain_interval(interval) for source, interval in made.ga.items()},
        "Gna": {source: plain_interval(interval) for source, interval in made.gna.items()},
        "columns": {target: plain_interval(interval) for target, interval in made.columns.items()},
    }


def _breakdown(of: Breakdown) -> dict[str, Any]:
    counts = {name: getattr(of, name).tolist() for name in ("n_rows", "n_splits", "n_drugs")}
    columns = {
        arm: {str(metric): _column(column) for metric, column in found.items()} for arm, found in of.columns.items()
    }
    return {"parts": list(of.parts)} | counts | {"columns": columns}


def _column(column: Column) -> dict[str, Any]:
    """To six digits, as there are thousands; null where undefined, and the places of each reason."""
    values = [
        None if why else float(f"{value:.6g}") for value, why in zip(column.value.tolist(), column.why, strict=True)
    ]
    places = {
        str(REASONS[why]): np.flatnonzero(column.why == why).tolist() for why in np.unique(column.why[column.why > 0])
    }
    return {"values": values} | ({"undefined": places} if places else {})


def _skills(skills: Skills) -> dict[str, Any]:
    return {
        "over": {baseline: plain_interval(interval) for baseline, interval in skills.over.items()},
        "over_drug_mean_on_trained_drugs": plain_interval(skills.seen_drugs),
        "over_drug_mean_on_other_drugs": plain_interval(skills.unseen_drugs),
        "beats_baselines": skills.beats_baselines,
    }


def _entries(made: Mapping[tuple[str, str], Interval]) -> list[dict[str, Any]]:
    return [_named(key) | plain_interval(interval) for key, interval in made.items()]


def _named(key: tuple[str, str]) -> dict[str, Any]:
    return {"source": key[0], "target": key[1]}
