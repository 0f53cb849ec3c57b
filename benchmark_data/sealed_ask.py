"""A sealed study on the release it refers to: its query in the release's codes, the new cells and drugs after them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError, shown
from benchmark_data.manifest import Entity, Kind, TableEntry
from benchmark_data.release import Release
from benchmark_data.sealed_study import Bundle
from benchmark_data.study_facts import LISTS, QUERY


@dataclass(frozen=True, slots=True)
class Asked:
    """A query on its release: codes into the release's cells and drugs, with the new ones after them."""

    cells: tuple[str, ...]
    drugs: tuple[str, ...]
    row_id: NDArray[np.int64]
    cell: NDArray[np.int32]
    drug: NDArray[np.int32]


def ask(bundle: Bundle, release: Release) -> Asked:
    """The query in the codes of the release it refers to; raises what makes the two not fit."""
    if bundle.facts.release_id != release.id:
        raise ReleaseError(
            f"sealed study {bundle.facts.name} was made for release {bundle.facts.release_name} "
            f"({bundle.facts.release_id[:12]}), and this one is {release.manifest.name} ({release.id[:12]})"
        )
    manifest = release.manifest
    if (bundle.facts.task, bundle.facts.response) != (manifest.task, manifest.response):
        raise ReleaseError(f"sealed study {bundle.facts.name} has another task or response than its release")
    query = bundle.query()
    cells, cell = _coded(bundle, Entity.CELL, release.cells, query.cell_ids, query.cell)
    drugs, drug = _coded(bundle, Entity.DRUG, release.drugs, query.drug_ids, query.drug)
    _check_features(bundle, release)
    return Asked(cells, drugs, query.row_id, cell, drug)


def _coded(
    bundle: Bundle, entity: Entity, known: tuple[str, ...], asked: tuple[str, ...], code: NDArray[np.int32]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    new = bundle.new_ids(entity)
    if twice := sorted(set(known) & set(new)):
        raise ReleaseError(f"{LISTS[entity]} has {shown(twice[0])}, which the release lists already: new ones alone")
    everyone = (*known, *new)
    place = {name: number for number, name in enumerate(everyone)}
    if unknown := sorted(set(asked) - place.keys()):
        raise ReleaseError(f"{QUERY} has {entity} {shown(unknown[0])}, in neither the release nor {LISTS[entity]}")
    if unasked := sorted(set(new) - set(asked)):
        raise ReleaseError(f"{LISTS[entity]} has {shown(unasked[0])}, which nothing is asked about")
    return everyone, np.array([place[name] for name in asked], np.int32)[code]


def _check_features(bundle: Bundle, release: Release) -> None:
    """Every table of the release that is about cells or drugs has the new ones too, in the same columns."""
    own = {(entry.entity, entry.name): entry for entry in bundle.facts.table}
    for theirs in release.manifest.tables:
        key, said = (theirs.entity, theirs.name), f"{theirs.entity}/{theirs.name}"
        entry = own.pop(key, None)
        if entry is None:
            if needs_rows(release, theirs) and bundle.new_ids(theirs.entity) and said not in bundle.facts.without:
                raise ReleaseError(f"sealed study {bundle.facts.name} lacks table {said} for its new {theirs.entity}s")
            continue
        if entry.kind is not theirs.kind:
            raise ReleaseError(f"table {said} is a {entry.kind} table, and the release's is a {theirs.kind} table")
        if entry.kind is Kind.MATRIX:
            ours, table = bundle.table(*key), release.table(*key)
            if ours.values.dtype != table.values.dtype or ours.columns != table.columns:
                raise ReleaseError(f"table {said} has other columns, or another kind of number, than the release's")
    if own:
        entity, name = next(iter(own))
        raise ReleaseError(f"the release has no table {entity}/{shown(name)}")


def needs_rows(release: Release, entry: TableEntry) -> bool:
    """Whether a table has rows of cells or drugs at all: a text table may be about features, such as gene sets."""
    return (
        entry.kind is Kind.MATRIX or f"{entry.entity}_id" in release.text_table(entry.entity, entry.name).column_names
    )
