"""New cells and drugs that are known ones under another name: every feature table has them with the same values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark_data.manifest import Entity, Kind
from benchmark_data.release import FeatureTable, Release
from benchmark_data.sealed_study import Bundle


@dataclass(frozen=True, slots=True)
class Twin:
    entity: Entity
    new: str
    known: str


def twins(release: Release, bundle: Bundle) -> tuple[Twin, ...]:
    """The first known one that each new one equals in every table that has both; a gap equals a gap."""
    return tuple(twin for entity in Entity for twin in _of(release, bundle, entity))


def _of(release: Release, bundle: Bundle, entity: Entity) -> list[Twin]:
    candidates: dict[str, set[str]] = {}
    for entry in bundle.facts.table:
        if entry.entity is not entity or entry.kind is not Kind.MATRIX:
            continue
        ours, theirs = bundle.table(entity, entry.name), release.table(entity, entry.name)
        known: dict[bytes, set[str]] = {}
        for name, content in _rows(theirs):
            known.setdefault(content, set()).add(name)
        absent = set(release.cells if entity is Entity.CELL else release.drugs) - set(theirs.ids)
        for name, content in _rows(ours):
            here = known.get(content, set())
            candidates[name] = here if name not in candidates else candidates[name] & (here | absent)
    return [Twin(entity, new, min(found)) for new, found in sorted(candidates.items()) if found]


def _rows(table: FeatureTable) -> list[tuple[str, bytes]]:
    values: NDArray[np.generic] = np.ascontiguousarray(table.values)
    return [(name, row.tobytes()) for name, row in zip(table.ids, values, strict=True)]
