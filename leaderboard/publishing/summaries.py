"""What the site says of a release, counted once when it is loaded: JSON, with null where there is nothing to count."""

import hashlib
import json
import math
from dataclasses import asdict
from typing import Any

from benchmark_data.manifest import Task
from benchmark_data.release import Release
from benchmark_data.summary import StudySummary, Terms, folded, summarise
from evaluator.scorecard.plain import plain_number
from evaluator.scoring.ceiling import ceiling


def plain_summary(release: Release) -> dict[str, Any]:
    """Overlaps are shares of what the column's study has that the row's has too."""
    found = summarise(release)
    whole = {
        "description": found.description,
        "task": found.task,
        "response": found.response,
        "cells": found.cells,
        "drugs": found.drugs,
        "size_bytes": found.size_bytes,
        "studies": [_study(release, study, found.terms) for study in found.studies],
        "overlap": {"cells": found.cell_overlap, "drugs": found.drug_overlap, "pairs": found.pair_overlap},
        "tables": [asdict(table) for table in found.tables],
        "splits": [asdict(split) for split in found.splits],
        "terms": [_terms(terms) for terms in found.terms],
    }
    plain: dict[str, Any] = _storable(whole)
    # Pages are known by it, so that an unchanged one is sent without reading all of this.
    return plain | {"digest": hashlib.sha256(json.dumps(plain).encode()).hexdigest()}


def _study(release: Release, summary: StudySummary, terms: tuple[Terms, ...]) -> dict[str, Any]:
    path = release.manifest.study(summary.name).path()
    stated = next(one for one in terms if path in one.files)
    return asdict(summary) | {
        "ceiling": _ceiling(release, summary.name),
        "source": stated.source,
        "licence": stated.licence,
        "sha256": next(entry.sha256 for entry in release.manifest.files if entry.path == path),
    }


def _ceiling(release: Release, name: str) -> dict[str, Any]:
    if release.manifest.task is not Task.REGRESSION:
        return {"r2": {"undefined": "not estimable: it is an R², and the answers are classes"}}
    study = release.study(name)
    made = ceiling(study.response, cell=study.cell, drug=study.drug)
    return {
        "r2": plain_number(made.r2),
        "noise_variance": plain_number(made.noise_variance),
        "drugs": made.drugs,
        "repeated_pairs": made.repeated_pairs,
        "rows": made.rows,
    }


def _terms(terms: Terms) -> dict[str, Any]:
    return asdict(terms) | {"shown": folded(terms.files).split("\n")}


def _storable(value: Any) -> Any:
    """PostgreSQL's JSON has no NaN."""
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
