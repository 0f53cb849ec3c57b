"""What a model takes in, fitted on its training entities and made again from its saved state at inference.

Missing values: a column's mean over the training entities, except in boosted trees, which keep them. Where a release
lacks a table, the substitute is chosen here and named in the log, before training starts.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from reference_models import molecules
from reference_models.job import Job, JobError, log
from reference_models.pairs import present

LANDMARK_GENES = 958  # of the 978 LINCS landmark genes, those in the benchmark's expression table


class Input(Protocol):
    """A fitted input: it knows which entities have it, and makes their features."""

    def ids(self, job: Job) -> list[str]: ...

    def make(self, job: Job, ids: list[str]) -> np.ndarray | molecules.Graphs: ...


@dataclass(frozen=True, slots=True)
class Computed:
    """A drug table that RDKit makes from SMILES where the release lacks it."""

    columns: Callable[[], list[str]]
    values: Callable[[list[str]], np.ndarray]


def fingerprint_columns(bits: int) -> list[str]:
    return [f"bit_{bit}" for bit in range(bits)]


COMPUTED = {
    "smiles:ecfp4": Computed(
        lambda: fingerprint_columns(512), lambda smiles: molecules.fingerprints(smiles, radius=2, bits=512)
    ),
    "smiles:morgan": Computed(
        lambda: fingerprint_columns(2048), lambda smiles: molecules.fingerprints(smiles, radius=2, bits=2048)
    ),
    "smiles:rdkit": Computed(molecules.descriptor_names, molecules.descriptors),
}


def source_ids(job: Job, entity: str, source: str) -> list[str]:
    return list(molecules.readable_smiles(job)) if source in COMPUTED else job.matrix(entity, source).ids


def source_rows(job: Job, entity: str, source: str, ids: list[str]) -> tuple[np.ndarray, list[str]]:
    """The rows of a table in the order asked for, and its columns; RDKit's work is done for these ids alone."""
    if source in COMPUTED:
        smiles, made = molecules.readable_smiles(job), COMPUTED[source]
        columns = made.columns()
        values = made.values([smiles[drug] for drug in ids]) if ids else np.empty((0, len(columns)), np.float32)
        return values, columns
    table = job.matrix(entity, source)
    place = {entity_id: i for i, entity_id in enumerate(table.ids)}
    return table.values[[place[entity_id] for entity_id in ids]], table.columns


def available(job: Job, entity: str, source: str) -> bool:
    return job.has("drug", "smiles") if source in COMPUTED else job.has(entity, source)


def choose(job: Job, entity: str, sources: Sequence[str]) -> str:
    """The first source that the release has; the first of the list is what the original uses."""
    for source in sources:
        if available(job, entity, source):
            if source != sources[0]:
                log(f"the release has no {entity} table {sources[0]}: {source} is used in its place")
            return source
    raise JobError(f"This model needs one of these {entity} tables, and the release has none: {', '.join(sources)}.")


def training_ids(job: Job, entity: str) -> list[str]:
    rows = [job.rows(name) for name in ("train", "val")]
    return present(*(getattr(part, entity) for part in rows))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns of a numeric table, standardised with `scale`, as they stand without."""

    entity: str
    source: str
    columns: list[str]
    mean: list[float]
    scale: list[float] | None = None
    keep_missing: bool = False

    @classmethod
    def fit(
        cls,
        job: Job,
        entity: str,
        sources: Sequence[str],
        *,
        ids: list[str] | None = None,
        standardise: bool = True,
        keep_missing: bool = False,
        at_most: int | None = None,
    ) -> Numbers:
        """Fitted on the training entities, or on those in `ids`; `at_most` keeps the most variable columns."""
        source = choose(job, entity, sources)
        wanted = training_ids(job, entity) if ids is None else ids
        fitted, every_column = source_rows(job, entity, source, known(source_ids(job, entity, source), wanted))
        columns = list(range(len(every_column)))
        if at_most and len(columns) > at_most and not is_identity(job, entity, source):
            columns = most_variable(fitted, at_most)
            log(f"of the {len(every_column)} columns of {source} the {at_most} most variable are used")
        mean, scale = moments(fitted[:, columns])
        names = [every_column[column] for column in columns]
        return cls(entity, source, names, mean.tolist(), scale.tolist() if standardise else None, keep_missing)

    def ids(self, job: Job) -> list[str]:
        return source_ids(job, self.entity, self.source)

    def make(self, job: Job, ids: list[str]) -> np.ndarray:
        """(ids, columns) float32."""
        values = self.picked(*source_rows(job, self.entity, self.source, ids))
        mean = np.array(self.mean, np.float32)
        if not self.keep_missing:
            values = np.where(np.isnan(values), mean, values)
        if self.scale is not None:
            values = (values - mean) / np.array(self.scale, np.float32)
        return values

    def picked(self, values: np.ndarray, columns: list[str]) -> np.ndarray:
        """The training's columns of a table that may have others today."""
        if columns != self.columns:
            place = {column: i for i, column in enumerate(columns)}
            if lacking := [column for column in self.columns if column not in place]:
                raise JobError(f"Table {self.source} lacks {len(lacking)} columns of training's, {lacking[0]} for one.")
            values = values[:, [place[column] for column in self.columns]]
        return values.astype(np.float32)


def is_identity(job: Job, entity: str, source: str) -> bool:
    return source not in COMPUTED and job.matrix(entity, source).is_identity


def known(available_ids: list[str], wanted: list[str]) -> list[str]:
    held = set(available_ids)
    found = [entity_id for entity_id in wanted if entity_id in held]
    if not found:
        raise JobError("None of the training rows' cells or drugs is in a feature table that the model needs.")
    return found


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column over the values that are there; a constant column has scale 1."""
    values = values.astype(np.float64)
    there = ~np.isnan(values)
    count = np.maximum(there.sum(0), 1)
    mean = np.where(there, values, 0.0).sum(0) / count
    variance = (np.where(there, values - mean, 0.0) ** 2).sum(0) / count
    return mean, np.where(variance > 1e-12, np.sqrt(variance), 1.0)


def most_variable(values: np.ndarray, count: int) -> list[int]:
    spread = np.where((values != values[0]).any(0), moments(values)[1], 0.0)
    return sorted(np.argsort(-spread, kind="stable")[:count].tolist())


def landmark_expression(job: Job, genes: int, *, keep_missing: bool = False) -> Numbers:
    """Standardised expression of the landmark genes; without them the most variable of whatever genes there are."""
    sources = ["expression_landmark", "expression"]
    return Numbers.fit(job, "cell", sources, at_most=genes or None, keep_missing=keep_missing)


def drug_descriptors(job: Job, *, keep_missing: bool = False) -> Numbers:
    """Standardised Mordred descriptors, or RDKit's in their place."""
    return Numbers.fit(job, "drug", ["mordred", "rdkit", "smiles:rdkit"], keep_missing=keep_missing)


def shared_ids(job: Job, inputs: Sequence[Input], wanted: list[str]) -> list[str]:
    """Those of the wanted entities that every input has."""
    for fitted in inputs:
        held = set(fitted.ids(job))
        wanted = [entity_id for entity_id in wanted if entity_id in held]
    return wanted


def save_inputs(folder: Path, **inputs: Sequence[Any]) -> None:
    document = {
        entity: [{"kind": type(one).__name__} | dataclasses.asdict(one) for one in fitted]
        for entity, fitted in inputs.items()
    }
    (folder / "inputs.json").write_text(json.dumps(document))


def load_inputs(folder: Path, *kinds: type) -> tuple[list[Any], list[Any]]:
    """The fitted inputs of cells and of drugs; `kinds` are the model's own beside Numbers."""
    by_name = {kind.__name__: kind for kind in (Numbers, *kinds)}
    document = json.loads((folder / "inputs.json").read_text())
    return tuple([by_name[state.pop("kind")](**state) for state in document[entity]] for entity in ("cell", "drug"))
