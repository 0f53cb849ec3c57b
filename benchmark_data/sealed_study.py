"""A sealed study on disk: a bundle that refers to a release, never changes it, and holds its answers encrypted.

`study.toml` lists every other file with its checksum; its own hash is the study's identity. Whoever reads a bundle
reads what a stranger sent: nothing is believed that was not compared, and nothing is opened that is not listed.
"""

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError, shown
from benchmark_data.manifest import Entity, Kind, TableEntry
from benchmark_data.release import FeatureTable, Release, read_matrix
from benchmark_data.sealed_files import check_matrix, read_flat
from benchmark_data.study_facts import (
    LARGEST_STUDY_BYTES,
    LISTS,
    QUERY,
    SEALED,
    STUDY,
    ListedFile,
    StudyFacts,
    format_study,
    parse_study,
)
from benchmark_data.writer import Origin, PartsWriter, refuse_bad_ids

NO_ORIGIN = Origin()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: rows in the order of the file, cells and drugs as codes into the ids that occur."""

    row_id: NDArray[np.int64]
    cell_ids: tuple[str, ...]
    cell: NDArray[np.int32]
    drug_ids: tuple[str, ...]
    drug: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.row_id)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in a folder, every file of it compared with study.toml."""

    folder: Path
    study_id: str
    facts: StudyFacts

    def query(self) -> Query:
        return parse_query((self.folder / QUERY).read_bytes(), self.facts)

    def new(self, entity: Entity) -> pa.Table:
        """The new cells or drugs: the id, then whatever is known, all of it text."""
        return parse_list((self.folder / LISTS[entity]).read_bytes(), entity, self.facts)

    def new_ids(self, entity: Entity) -> tuple[str, ...]:
        return tuple(self.new(entity)[f"{entity}_id"].to_pylist())

    def table(self, entity: Entity, name: str) -> FeatureTable:
        """The features of new cells or drugs, mapped from disk."""
        return read_matrix(self.folder, self._entry(entity, name, Kind.MATRIX))

    def text_table(self, entity: Entity, name: str) -> pa.Table:
        path = self._entry(entity, name, Kind.TEXT).paths()[0]
        return _text_table((self.folder / path).read_bytes(), entity, path, self.facts)

    def sealed(self) -> bytes:
        return (self.folder / SEALED).read_bytes()

    def _entry(self, entity: Entity, name: str, kind: Kind) -> TableEntry:
        for entry in self.facts.table:
            if (entry.entity, entry.name, entry.kind) == (entity, name, kind):
                return entry
        raise ReleaseError(f"sealed study {self.facts.name} has no {entity} {kind} table '{name}'")


class SealedStudyWriter(PartsWriter):
    """Use as a context manager, as the ReleaseWriter: new cells and drugs, features, query, sealed answers.

    `facts` comes without counts, tables and files, which are added up here.
    """

    def __init__(self, folder: Path, *, release: Release) -> None:
        super().__init__(folder)
        self._known = {Entity.CELL: frozenset(release.cells), Entity.DRUG: frozenset(release.drugs)}
        self._counts: dict[str, Any] = {}
        self._facts: StudyFacts | None = None
        self.study_id = ""

    def add_info(self, entity: Entity, table: pa.Table, origin: Origin = NO_ORIGIN) -> None:
        key = f"{entity}_id"
        ids = table[key].to_pylist()
        refuse_bad_ids(ids, what=f"{entity} list")
        self._known[entity] |= frozenset(ids)
        self._counts[f"new_{entity}s"] = len(ids)
        text = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
        self._add_parquet(LISTS[entity], text, origin)

    def add_query(self, query: pa.Table) -> None:
        """row_id, cell_id, drug_id."""
        for entity in Entity:
            ids = query[f"{entity}_id"].unique().to_pylist()
            self._refuse_unknown(entity, ids, what=QUERY)
            self._counts[f"{entity}s"] = len(ids)
        self._counts["rows"] = query.num_rows
        self._add_parquet(QUERY, query.select(["row_id", "cell_id", "drug_id"]), NO_ORIGIN)

    def seal(self, sealed: bytes, facts: StudyFacts) -> None:
        (self._folder / SEALED).write_bytes(sealed)
        self._list(SEALED, self._counts["rows"], NO_ORIGIN)
        self._facts = facts

    def _finish(self) -> None:
        assert self._facts is not None, "a bundle without answers is none"
        files = (ListedFile(file.path, file.sha256, file.size_bytes) for file in self._files)
        facts = replace(
            self._facts,
            **self._counts,
            table=tuple(self._tables),
            file=tuple(sorted(files, key=lambda file: file.path)),
        )
        content = format_study(facts)
        self.study_id = hashlib.sha256(content).hexdigest()
        (self._folder / STUDY).write_bytes(content)


def parse_query(content: bytes, facts: StudyFacts) -> Query:
    """The query in the bytes of query.parquet, when they are those that study.toml lists."""
    check_content(content, facts, QUERY)
    table = read_flat(
        content, file=QUERY, rows=facts.rows, numbers=("row_id",), texts=("cell_id", "drug_id"), is_list=False
    )
    row_id = table["row_id"].to_numpy()
    if len(np.unique(row_id)) < len(row_id):
        raise ReleaseError(f"{QUERY}: a row_id stands twice")
    coded = {name: table[name].combine_chunks() for name in ("cell_id", "drug_id")}
    codes = {name: np.asarray(array.indices).astype(np.int32) for name, array in coded.items()}
    ids = {name: tuple(array.dictionary.to_pylist()) for name, array in coded.items()}
    query = Query(row_id, ids["cell_id"], codes["cell_id"], ids["drug_id"], codes["drug_id"])
    for what, code, known, said in (
        ("cells", query.cell, query.cell_ids, facts.cells),
        ("drugs", query.drug, query.drug_ids, facts.drugs),
    ):
        if len(np.unique(code)) != said or len(known) != said:
            raise ReleaseError(f"{QUERY} does not ask about the {said:,} {what} that {STUDY} says")
    return query


def parse_list(content: bytes, entity: Entity, facts: StudyFacts) -> pa.Table:
    path = LISTS[entity]
    check_content(content, facts, path)
    rows = facts.new_cells if entity is Entity.CELL else facts.new_drugs
    return _unique(read_flat(content, file=path, rows=rows, texts=(f"{entity}_id",), is_list=True), entity, path)


def check_content(content: bytes, facts: StudyFacts, path: str) -> None:
    """Whether these bytes are the file that study.toml lists under this path."""
    listed = facts.listed(path)
    if len(content) != listed.size_bytes or hashlib.sha256(content).hexdigest() != listed.sha256:
        raise ReleaseError(f"{path} is not the file that {STUDY} lists: get the bundle again")


def read(folder: Path, *, has_answers: bool = True) -> Bundle:
    """The bundle in a folder, every file compared and looked into; a host, which has no answers, says so."""
    content = _read_listed(folder, STUDY, LARGEST_STUDY_BYTES)
    facts, study_id = parse_study(content)
    wanted = {file.path for file in facts.file} - (set() if has_answers else {SEALED})
    _refuse_others(folder, wanted | {STUDY})
    for path in sorted(wanted):
        _compare(folder, facts.listed(path))
    bundle = Bundle(folder, study_id, facts)
    _check_parts(bundle)
    return bundle


def _check_parts(bundle: Bundle) -> None:
    bundle.query()
    for entity in Entity:
        ids = bundle.new_ids(entity)
        for entry in bundle.facts.table:
            if entry.entity is not entity:
                continue
            if entry.kind is Kind.TEXT:
                found = tuple(bundle.text_table(entity, entry.name)[f"{entity}_id"].to_pylist())
            else:
                found = check_matrix(bundle.folder, entry)
            if set(found) != set(ids):
                raise ReleaseError(f"{entry.paths()[0]} is not about all of the bundle's new {entity}s and them alone")


def _text_table(content: bytes, entity: Entity, path: str, facts: StudyFacts) -> pa.Table:
    check_content(content, facts, path)
    rows = facts.new_cells if entity is Entity.CELL else facts.new_drugs
    return _unique(read_flat(content, file=path, rows=rows, texts=(f"{entity}_id",), is_list=True), entity, path)


def _unique(table: pa.Table, entity: Entity, path: str) -> pa.Table:
    ids = table[f"{entity}_id"].to_pylist()
    if len(set(ids)) < len(ids) or None in ids:
        raise ReleaseError(f"{path}: a {entity}_id is empty or stands twice")
    return table


def _read_listed(folder: Path, path: str, largest_bytes: int) -> bytes:
    with os.fdopen(_opened(folder, path), "rb") as file:
        content = file.read(largest_bytes + 1)
    if len(content) > largest_bytes:
        raise ReleaseError(f"{path} has more than {largest_bytes:,} bytes")
    return content


def _compare(folder: Path, listed: ListedFile) -> None:
    with os.fdopen(_opened(folder, listed.path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size != listed.size_bytes or hashlib.file_digest(file, "sha256").hexdigest() != listed.sha256:
            raise ReleaseError(f"{listed.path} is not the file that {STUDY} lists: get the bundle again")


def _opened(folder: Path, path: str) -> int:
    try:
        descriptor = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ReleaseError(f"{folder} is not a sealed study: {path} cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ReleaseError(f"{path} is not a file")
    return descriptor


def _refuse_others(folder: Path, wanted: set[str]) -> None:
    """Whatever is not listed is not opened, and a folder with it is no bundle; links are never followed."""
    for parent, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            place = Path(parent) / name
            path = place.relative_to(folder).as_posix()
            if place.is_symlink():
                raise ReleaseError(f"{shown(path)} is a link: a bundle is made of its own files")
            if path not in wanted and not place.is_dir():
                raise ReleaseError(f"{shown(path)} is not listed in {STUDY}: remove it")
