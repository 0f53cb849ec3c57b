"""A release that can be counted by hand, and the row that the site has of it.

A: (c1, d1) with the answers 0.0, 0.2 and 0.4, and (c2, d2) with 0.6. B: c1, c2 and c3, each with d2 once, all 0.5.
Drug d1 has two mechanisms, d2 one of them.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.release import Release as Opened
from benchmark_data.writer import Origin, ReleaseWriter
from leaderboard.models import Release, SealedStudy
from leaderboard.publishing.summaries import plain_summary
from leaderboard.states import StudyState
from tests.site.builders import make_person, make_release, make_track


def write_small(folder: Path) -> Path:
    response = Response("auc", Direction.LOWER, low=0.0, high=1.0)
    with ReleaseWriter(folder, name="small", version="1.0", task=Task.REGRESSION, response=response) as writer:
        cells = {"cell_id": ["c1", "c2", "c3"], "tissue": ["lung", "lung", "skin"]}
        writer.add_info(Entity.CELL, pa.table(cells), Origin("a paper", "CC BY 4.0"))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1", "d2"], "mechanisms": ["MEK;<b>RAF</b>", "MEK"]}))
        one = {"row_id": [0, 1, 2, 3], "cell_id": ["c1", "c1", "c1", "c2"], "drug_id": ["d1", "d1", "d1", "d2"]}
        writer.add_study("A", pa.table({**one, "auc": [0.0, 0.2, 0.4, 0.6]}), description="The <i>first</i>")
        two = {"row_id": [0, 1, 2], "cell_id": ["c1", "c2", "c3"], "drug_id": ["d2", "d2", "d2"]}
        writer.add_study("B", pa.table({**two, "auc": [0.5, 0.5, 0.5]}))
        none: dict[str, pa.Array] = {"row_id": pa.array([], pa.int64()), "auc": pa.array([], pa.float64())}
        none |= {key: pa.array([], pa.string()) for key in ("cell_id", "drug_id")}
        writer.add_study("Empty", pa.table(none))
        values = np.array([[1, np.nan], [3, 4]], np.float32)
        writer.add_matrix(Entity.CELL, "expression", ids=["c1", "c3"], columns=["g1", "g2"], values=values)
        writer.add_text(Entity.CELL, "gene_sets", pa.table({"set": ["p53"], "gene": ["MDM2"]}))
        writer.add_splits("A", Scheme.RANDOM_ROWS, [([0, 1], [2], [3]), ([0], [1], [2, 3])])
    return folder


@cache
def small_summary() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return plain_summary(Opened.open(write_small(Path(folder, "small"))))


def store_release(**values: Any) -> Release:
    return make_release(**{"name": "small", "version": "1.0", "summary": small_summary()} | values)


def store_sealed(release: Release, *, state: str = StudyState.LIVE, **values: Any) -> SealedStudy:
    usual: dict[str, Any] = {
        "name": "hidden",
        "version": "1",
        "study_id": f"{SealedStudy.objects.count():064x}",
        "track": values.pop("track", None) or make_track(release=release),
        "summary": {"rows": 1234, "cells": 56, "drugs": 7, "producer": "The <b>lab</b>", "mean": 0.123456},
        "commitment": "c0" * 32,
        "key_id": "ab" * 32,
        "uploaded_by": make_person(name="curator", curator=True),
    }
    return SealedStudy.objects.create(state=StudyState(state), **usual | values)
