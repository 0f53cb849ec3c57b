"""A release and one sealed study beside its own, in the scorer's memory alone, as the library scores targets."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark_data.manifest import Entity, Scheme
from benchmark_data.release import Release, Study
from benchmark_data.sealed_study import Query
from evaluator.engine.runs import SEALED
from evaluator.scorecard.design import Design
from evaluator.sealing.answers import Answers
from evaluator.sealing.errors import SealingError
from leaderboard.models import Track
from leaderboard.publishing.designs import ReleaseChangedError
from leaderboard.sealed.opening import Asked


class WidenedRelease(Release):
    """New cells and drugs stand after those of the release, so that the codes of its own studies stay."""

    def __init__(self, folder: Path, asked: Asked, opened: Answers) -> None:
        super().__init__(folder)
        self._new: Mapping[Entity, pa.Table] = asked.new
        self._studies[SEALED] = _study(asked.query, opened, {Entity.CELL: self.cells, Entity.DRUG: self.drugs})

    def info(self, entity: Entity) -> pa.Table:
        """Text columns that both have; the others are not asked for."""
        own, new = super().info(entity), self._new[entity]
        shared = [name for name in new.column_names if name in own.column_names]
        texts = pa.table({name: new[name].cast(pa.string()) for name in shared})
        return pa.concat_tables([own.select(shared).cast(texts.schema), texts])

    def _ids(self, entity: Entity) -> tuple[str, ...]:
        return (*super()._ids(entity), *self._new[entity][f"{entity}_id"].to_pylist())


def sealed_design(track: Track, asked: Asked, opened: Answers) -> Design:
    """The sources and splits of the track, asked about the sealed study alone."""
    definition = track.definition
    release = WidenedRelease(Path(track.release.folder), asked, opened)
    if not release.id == track.release.release_id == asked.facts.release_id:
        raise ReleaseChangedError(f"{release.folder} holds {release.id}, the study is of {asked.facts.release_id}")
    return Design(
        release, Scheme(definition["scheme"]), tuple(definition["sources"]), (SEALED,), tuple(definition["splits"])
    )


def _study(query: Query, opened: Answers, known: Mapping[Entity, tuple[str, ...]]) -> Study:
    """The rows in the order of the query, as they were predicted."""
    cell = _codes(query.cell_ids, known[Entity.CELL])[query.cell]
    drug = _codes(query.drug_ids, known[Entity.DRUG])[query.drug]
    return Study(SEALED, query.row_id, cell, drug, opened.in_order_of(query.row_id))


def _codes(ids: tuple[str, ...], known: tuple[str, ...]) -> NDArray[np.int32]:
    code = {name: number for number, name in enumerate(known)}
    if unknown := [name for name in ids if name not in code]:
        raise SealingError(f"the query asks about {unknown[0]!r}, which neither release nor study list")
    return np.array([code[name] for name in ids], np.int32)
