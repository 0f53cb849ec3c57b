"""The files of a job as Holdout stages them: job.json, feature tables, pairs, predictions.

Everything is found through job.json, never by guessing a path. Knows no model and no framework.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CONTRACT = "holdout/1"
Settings = TypeVar("Settings")


class JobError(Exception):
    """What stops a job, in one sentence for whoever submitted it."""


def log(message: str) -> None:
    print(message, flush=True)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A numeric feature table; `values` may be memory-mapped and may hold NaN."""

    ids: list[str]
    columns: list[str]
    values: np.ndarray  # (entities, columns)

    @property
    def is_identity(self) -> bool:
        """As the arm `onehot` gives it: cells are names and no more, and no column tells more than another."""
        return len(self.ids) == len(self.columns) and np.array_equal(self.values, np.eye(len(self.ids)))


@dataclass(frozen=True, slots=True)
class Rows:
    """Pairs of a cell and a drug; a query has no response."""

    cell: pa.StringArray
    drug: pa.StringArray
    response: np.ndarray | None  # (rows,) float64

    def __len__(self) -> int:
        return len(self.cell)


@dataclass(frozen=True, slots=True)
class Job:
    root: Path
    document: dict[str, Any]

    @property
    def seed(self) -> int:
        return int(self.document["seed"])

    @property
    def cpus(self) -> int:
        return max(1, int(self.document["resources"]["cpus"]))

    @property
    def model_dir(self) -> Path:
        return self.root / "model"

    @property
    def seconds_left(self) -> float:
        return float(self.document["deadline"]) - time.time()

    def has(self, entity: str, name: str) -> bool:
        return any(table["entity"] == entity and table["name"] == name for table in self.document["tables"])

    def matrix(self, entity: str, name: str) -> Matrix:
        """A numeric table; the rows of its parts (a target's new entities come as a second one) stand together."""
        parts = [self._matrix_part(part) for part in self._table(entity, name, "matrix")["parts"]]
        if len(parts) == 1:
            return parts[0]
        if any(part.columns != parts[0].columns for part in parts):
            raise JobError(f"The parts of {entity} table {name} have different columns.")
        ids = [entity_id for part in parts for entity_id in part.ids]
        return Matrix(ids, parts[0].columns, np.concatenate([part.values for part in parts]))

    def text(self, entity: str, name: str) -> pa.Table:
        parts = self._table(entity, name, "text")["parts"]
        return pa.concat_tables([pq.read_table(self.root / part["values"]) for part in parts])

    def rows(self, name: str) -> Rows:
        """`train` or `val` with responses, `query` in the query's own order without."""
        table = pq.read_table(self.root / f"{name}.parquet")
        cell, drug = (table[column].combine_chunks().cast(pa.string()) for column in ("cell_id", "drug_id"))
        response = table["response"].to_numpy() if "response" in table.column_names else None
        if name == "train" and not len(table):
            raise JobError("train.parquet has no rows.")
        return Rows(cell, drug, response)

    def settings(self, kind: type[Settings]) -> Settings:
        """A model's defaults, changed by the image's TOML file (HOLDOUT_SETTINGS), then by job.json."""
        changes: dict[str, Any] = {}
        if path := os.environ.get("HOLDOUT_SETTINGS"):
            changes |= tomllib.loads(Path(path).read_text())
        changes |= self.document.get("settings") or {}
        return settings_from(kind, changes)

    def write(self, predictions: np.ndarray) -> None:
        if not np.isfinite(predictions).all():
            raise JobError("The model predicts values that are not finite: its training diverged.")
        np.save(self.root / "out" / "predictions.npy", predictions.astype(np.float32))

    def _table(self, entity: str, name: str, kind: str) -> dict[str, Any]:
        for table in self.document["tables"]:
            if (table["entity"], table["name"], table["kind"]) == (entity, name, kind):
                return dict(table)
        raise JobError(f"This release has no {kind} table of {entity}s named {name}, which the model needs.")

    def _matrix_part(self, part: dict[str, str]) -> Matrix:
        values = np.load(self.root / part["values"], mmap_mode="r")
        ids, columns = ((self.root / part[key]).read_text().splitlines() for key in ("rows", "columns"))
        if values.shape != (len(ids), len(columns)):
            raise JobError(f"{part['values']} is {values.shape}, not {len(ids)} rows by {len(columns)} columns.")
        return Matrix(ids, columns, values)


def settings_from(kind: type[Settings], changes: dict[str, Any]) -> Settings:
    """Apply changes to a settings dataclass; a whole number is accepted where a default is a float."""
    defaults = kind()
    known = {field.name: getattr(defaults, field.name) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name, value in changes.items():
        if name not in known:
            raise JobError(f"There is no setting named {name}; there are {', '.join(sorted(known))}.")
        wanted = type(known[name])
        if wanted is float and type(value) is int:
            changes = changes | {name: float(value)}
        elif wanted is tuple and isinstance(value, list):
            changes = changes | {name: tuple(value)}
        elif type(value) is not wanted:
            raise JobError(f"Setting {name} must be of type {wanted.__name__}, not {value!r}.")
    return dataclasses.replace(defaults, **changes)  # type: ignore[type-var]


def read_job(root: Path, stage: str) -> Job:
    document = json.loads((root / "job.json").read_text())
    if document["contract"] != CONTRACT:
        raise JobError(f"This model speaks {CONTRACT}, and the job is written in {document['contract']}.")
    if document["stage"] != stage:
        raise JobError(f"The job is for the {document['stage']} stage, and {stage} was asked for.")
    return Job(root, document)


def main(train: Callable[[Job], None], infer: Callable[[Job], None]) -> None:
    """The command line of every model: one argument, `train` or `infer`."""
    stages = {"train": train, "infer": infer}
    if len(sys.argv) != 2 or sys.argv[1] not in stages:
        sys.exit(f"usage: {Path(sys.argv[0]).stem} train|infer")
    try:
        stages[sys.argv[1]](read_job(Path(os.environ.get("HOLDOUT_DIR", "/holdout")), sys.argv[1]))
    except JobError as error:
        sys.exit(str(error))
