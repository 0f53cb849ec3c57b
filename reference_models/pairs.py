"""Pairs as integer codes of the cells and drugs that a model has features for, and what the other pairs get.

One rule for all models: a training row whose cell or drug lacks features is left out and counted in the log; a query
row of that kind is predicted by its drug's mean over all training rows, or by the global mean for a new drug.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reference_models.job import Job, JobError, Rows, log


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that a model can use: codes into its cells and drugs, and where each stood among the rows given."""

    cell: np.ndarray  # (pairs,) int64
    drug: np.ndarray  # (pairs,) int64
    response: np.ndarray | None  # (pairs,) float64
    position: np.ndarray  # (pairs,) int64

    def __len__(self) -> int:
        return len(self.cell)


def codes(column: pa.Array, ids: list[str]) -> np.ndarray:
    """The place of each value among the ids, -1 where it is not there."""
    found = pc.index_in(column, value_set=pa.array(ids, pa.string()))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def present(column: pa.Array, *others: pa.Array) -> list[str]:
    """The distinct ids of one or several columns, sorted."""
    return sorted(pa.chunked_array([column, *others]).unique().to_pylist())


def pair_up(rows: Rows, cell_ids: list[str], drug_ids: list[str]) -> Pairs:
    cell, drug = codes(rows.cell, cell_ids), codes(rows.drug, drug_ids)
    position = np.flatnonzero((cell >= 0) & (drug >= 0))
    response = None if rows.response is None else rows.response[position]
    return Pairs(cell[position], drug[position], response, position)


def training_pairs(job: Job, cell_ids: list[str], drug_ids: list[str]) -> tuple[Pairs, Pairs]:
    """Training and validation pairs; says in the log how many rows have no features."""
    both = []
    for name in ("train", "val"):
        rows = job.rows(name)
        pairs = pair_up(rows, cell_ids, drug_ids)
        if missing := len(rows) - len(pairs):
            log(f"{name}: {missing} of {len(rows)} rows left out, their cell or drug lacks a feature of this model")
        both.append(pairs)
    if not len(both[0]):
        raise JobError("No training row has features for both its cell and its drug.")
    return both[0], both[1]


@dataclass(frozen=True, slots=True)
class Fallback:
    """Drug means of the training rows, and their global mean."""

    drugs: list[str]
    means: np.ndarray  # (drugs,)
    overall: float

    @classmethod
    def of(cls, rows: Rows) -> Fallback:
        assert rows.response is not None
        drugs = present(rows.drug)
        code = codes(rows.drug, drugs)
        means = np.bincount(code, rows.response) / np.bincount(code)
        return cls(drugs, means, float(rows.response.mean()))

    def predict(self, drug: pa.Array) -> np.ndarray:
        return np.append(self.means, self.overall)[codes(drug, self.drugs)]

    def save(self, folder: Path) -> None:
        document = {"drugs": self.drugs, "means": self.means.tolist(), "overall": self.overall}
        (folder / "fallback.json").write_text(json.dumps(document))

    @classmethod
    def load(cls, folder: Path) -> Fallback:
        document = json.loads((folder / "fallback.json").read_text())
        return cls(document["drugs"], np.array(document["means"]), document["overall"])


def answer(job: Job, query: Rows, pairs: Pairs, predictions: np.ndarray) -> None:
    """Write every row of the query: the model's predictions, and the fallback where it has no features."""
    every = Fallback.load(job.model_dir).predict(query.drug)
    every[pairs.position] = predictions
    if missing := len(query) - len(pairs):
        log(f"query: {missing} of {len(query)} rows lack features and get their drug's mean")
    job.write(every)
