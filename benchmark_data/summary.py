"""What is in a release, counted: its studies, what they share, what its tables cover, and under which terms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark_data.manifest import Entity, Kind, Response, Scheme, SplitEntry, TableEntry
from benchmark_data.mechanisms import SEPARATOR
from benchmark_data.release import Release, Study
from benchmark_data.sheet import Sheet, count, percent
from benchmark_data.splits import PART_NAMES
from benchmark_data.tracking import Track, untracked

Square = tuple[tuple[float, ...], ...]
Labels = tuple[tuple[str, ...], ...]  # of each cell or drug, in the order of the release's codes
BINS = 40


@dataclass(frozen=True, slots=True)
class Histogram:
    """Rows by answer, in bins of one width between two ends that all studies of a release share."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Drugs of a mechanism, or cells of a tissue, that a study has. A drug counts for each of its mechanisms."""

    name: str
    members: int
    rows: int


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A pair is a cell with a drug; a repeated one has more than one row."""

    name: str
    description: str
    rows: int
    pairs: int
    cells: int
    drugs: int
    repeated_pairs: int
    rows_of_repeated_pairs: int
    response_quartiles: tuple[float, float, float, float, float]
    histogram: Histogram
    mechanisms: tuple[Group, ...]  # the largest first; none where the release names none
    tissues: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class TableSummary:
    entity: str
    name: str
    kind: str
    description: str
    rows: int
    columns: int
    values: str
    missing: float  # share of the values that are NaN
    coverage: tuple[
        float, ...
    ]  # for each study, the share of its rows whose cell or drug stands in it; NaN without ids


@dataclass(frozen=True, slots=True)
class SplitSummary:
    study: str
    scheme: str
    count: int
    train: tuple[int, int]  # the smallest and the largest over the splits
    val: tuple[int, int]
    test: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Terms:
    source: str
    licence: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The overlaps are squares over the studies: of what the column's study has, the share that the row's has too."""

    name: str
    version: str
    description: str
    release_id: str
    task: str
    response: str
    cells: int
    drugs: int
    size_bytes: int
    studies: tuple[StudySummary, ...]
    cell_overlap: Square
    drug_overlap: Square
    pair_overlap: Square
    tables: tuple[TableSummary, ...]
    splits: tuple[SplitSummary, ...]
    terms: tuple[Terms, ...]

    def sheets(self) -> tuple[Sheet, ...]:
        names = tuple(study.name for study in self.studies)
        return (
            _study_sheet(self.studies),
            *(
                _overlap_sheet(what, names, square)
                for what, square in (
                    ("Cells", self.cell_overlap),
                    ("Drugs", self.drug_overlap),
                    ("Pairs", self.pair_overlap),
                )
            ),
            _table_sheet(self.tables),
            _coverage_sheet(names, self.tables),
            _split_sheet(self.splits),
            _terms_sheet(self.terms),
        )


def summarise(release: Release, *, track: Track = untracked) -> Summary:
    manifest = release.manifest
    studies = [release.study(name) for name in track(release.study_names(), "studies")]
    world = _World(
        _ends(manifest.response, studies),
        _labels(release, Entity.DRUG, "mechanisms"),
        _labels(release, Entity.CELL, "tissue"),
    )
    return Summary(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        release_id=release.id,
        task=str(manifest.task),
        response=_response(manifest.response),
        cells=len(release.cells),
        drugs=len(release.drugs),
        size_bytes=sum(entry.size_bytes for entry in manifest.files),
        studies=tuple(
            _study(study, entry.description, world) for study, entry in zip(studies, manifest.studies, strict=True)
        ),
        cell_overlap=_overlap([np.unique(study.cell) for study in studies]),
        drug_overlap=_overlap([np.unique(study.drug) for study in studies]),
        pair_overlap=_overlap([np.unique(_pairs(study)) for study in studies]),
        tables=tuple(_table(release, entry, studies) for entry in track(manifest.tables, "tables")),
        splits=tuple(_split(release, entry) for entry in track(manifest.splits, "splits")),
        terms=_terms(release),
    )


def _response(response: Response) -> str:
    low = "-inf" if response.low is None else f"{response.low:g}"
    high = "inf" if response.high is None else f"{response.high:g}"
    return f"{response.column} in [{low}, {high}], {response.direction} is stronger"


def _pairs(study: Study) -> NDArray[np.int64]:
    return study.cell.astype(np.int64) << 32 | study.drug


@dataclass(frozen=True, slots=True)
class _World:
    """What the studies of a release share: the ends of their histograms, the labels of each drug and of each cell."""

    ends: tuple[float, float]
    mechanisms: Labels
    tissues: Labels


def _ends(response: Response, studies: list[Study]) -> tuple[float, float]:
    """As the manifest states them; an open end lies at the outermost answer."""
    answers = np.concatenate([study.response for study in studies]) if studies else np.zeros(0)
    low = response.low if response.low is not None else float(answers.min(initial=np.inf))
    high = response.high if response.high is not None else float(answers.max(initial=-np.inf))
    return (low, high) if low <= high else (0.0, 0.0)


def _labels(release: Release, entity: Entity, name: str) -> Labels:
    info = release.info(entity)
    if name not in info.column_names:
        return ()
    texts = info[name].to_pylist()
    return tuple(tuple(word.strip() for word in str(text or "").split(SEPARATOR) if word.strip()) for text in texts)


def _groups(codes: NDArray[np.int32], labels: Labels) -> tuple[Group, ...]:
    members: dict[str, int] = {}
    rows: dict[str, int] = {}
    for code, times in zip(*np.unique(codes, return_counts=True), strict=True):
        for label in labels[code] if labels else ():
            members[label] = members.get(label, 0) + 1
            rows[label] = rows.get(label, 0) + int(times)
    return tuple(
        Group(name, members[name], rows[name]) for name in sorted(members, key=lambda name: (-members[name], name))
    )


def _histogram(study: Study, ends: tuple[float, float]) -> Histogram:
    counts, edges = np.histogram(study.response, bins=BINS, range=ends)
    return Histogram(float(edges[0]), float(edges[-1]), tuple(int(count) for count in counts))


def _study(study: Study, description: str, world: _World) -> StudySummary:
    _, times = np.unique(_pairs(study), return_counts=True)
    quartiles = np.quantile(study.response, [0, 0.25, 0.5, 0.75, 1]) if len(study) else np.full(5, np.nan)
    low, first, median, third, high = (float(quartile) for quartile in quartiles)
    return StudySummary(
        name=study.name,
        description=description,
        rows=len(study),
        pairs=len(times),
        cells=len(np.unique(study.cell)),
        drugs=len(np.unique(study.drug)),
        repeated_pairs=int((times > 1).sum()),
        rows_of_repeated_pairs=int(times[times > 1].sum()),
        response_quartiles=(low, first, median, third, high),
        histogram=_histogram(study, world.ends),
        mechanisms=_groups(study.drug, world.mechanisms),
        tissues=_groups(study.cell, world.tissues),
    )


def _overlap(members: list[NDArray[np.generic]]) -> Square:
    """[row, column] = |row ∩ column| / |column|; NaN where the column's study is empty."""

    def share(row: NDArray[np.generic], of: NDArray[np.generic]) -> float:
        return len(np.intersect1d(row, of, assume_unique=True)) / len(of) if len(of) else float("nan")

    return tuple(tuple(share(row, of) for of in members) for row in members)


def _table(release: Release, entry: TableEntry, studies: list[Study]) -> TableSummary:
    known = release.cells if entry.entity is Entity.CELL else release.drugs
    missing = 0.0
    if entry.kind is Kind.MATRIX:
        table = release.table(entry.entity, entry.name)
        ids: tuple[str, ...] | None = table.ids
        (rows, columns), values = table.values.shape, str(table.values.dtype)
        if table.values.size and table.values.dtype.kind == "f":
            missing = float(sum(np.isnan(row).sum() for row in table.values) / table.values.size)
    else:
        text, key = release.text_table(entry.entity, entry.name), f"{entry.entity}_id"
        has_ids = key in text.column_names  # text may also be about features, such as gene sets
        ids = tuple(text[key].to_pylist()) if has_ids else None
        rows, columns, values = text.num_rows, text.num_columns - has_ids, "text"
    return TableSummary(
        entity=str(entry.entity),
        name=entry.name,
        kind=str(entry.kind),
        description=entry.description,
        rows=rows,
        columns=columns,
        values=values,
        missing=missing,
        coverage=tuple(
            _coverage(study.cell if entry.entity is Entity.CELL else study.drug, known, ids) for study in studies
        ),
    )


def _coverage(codes: NDArray[np.int32], known: tuple[str, ...], ids: tuple[str, ...] | None) -> float:
    if ids is None or not len(codes):
        return float("nan")
    there = np.isin(np.array(known, dtype=np.str_), np.array(ids, dtype=np.str_))
    return float(there[codes].mean())


def _split(release: Release, entry: SplitEntry) -> SplitSummary:
    sizes: dict[str, list[int]] = {part: [] for part in PART_NAMES}
    for number in range(entry.count):
        for part, positions in release.split(entry.study, Scheme(entry.scheme), number).parts().items():
            sizes[part].append(len(positions))
    train, val, test = ((min(sizes[part], default=0), max(sizes[part], default=0)) for part in PART_NAMES)
    return SplitSummary(entry.study, str(entry.scheme), entry.count, train, val, test)


def _terms(release: Release) -> tuple[Terms, ...]:
    files: dict[tuple[str, str], list[str]] = {}
    for entry in release.manifest.files:
        files.setdefault((entry.source, entry.licence), []).append(entry.path)
    return tuple(Terms(source, licence, tuple(paths)) for (source, licence), paths in files.items())


def _study_sheet(studies: tuple[StudySummary, ...]) -> Sheet:
    def quartile(study: StudySummary, place: int) -> str:
        return f"{study.response_quartiles[place]:.3f}" if study.rows else "n/a"

    def share(study: StudySummary) -> str:
        return percent(study.rows_of_repeated_pairs / study.rows) if study.rows else "n/a"

    facts: dict[str, list[str]] = {
        "rows": [count(study.rows) for study in studies],
        "pairs": [count(study.pairs) for study in studies],
        "cells": [count(study.cells) for study in studies],
        "drugs": [count(study.drugs) for study in studies],
        "repeated pairs": [count(study.repeated_pairs) for study in studies],
        "rows of repeated pairs": [count(study.rows_of_repeated_pairs) for study in studies],
        "their share of the rows": [share(study) for study in studies],
        "lowest answer": [quartile(study, 0) for study in studies],
        "first quartile": [quartile(study, 1) for study in studies],
        "median": [quartile(study, 2) for study in studies],
        "third quartile": [quartile(study, 3) for study in studies],
        "highest": [quartile(study, 4) for study in studies],
    }
    rows = tuple((fact, *words) for fact, words in facts.items())
    return Sheet("Studies", ("", *(study.name for study in studies)), rows)


def _overlap_sheet(what: str, names: tuple[str, ...], square: Square) -> Sheet:
    rows = tuple((name, *(percent(share) for share in shares)) for name, shares in zip(names, square, strict=True))
    return Sheet(
        f"{what} shared", ("", *names), rows, "Of what the column's study has, the share that the row's has too."
    )


def _table_sheet(tables: tuple[TableSummary, ...]) -> Sheet:
    rows = tuple(
        (f"{table.entity}/{table.name}", count(table.rows), count(table.columns), table.values, percent(table.missing))
        for table in tables
    )
    return Sheet("Features", ("table", "rows", "columns", "values", "missing"), rows)


def _coverage_sheet(names: tuple[str, ...], tables: tuple[TableSummary, ...]) -> Sheet:
    rows = tuple((f"{table.entity}/{table.name}", *map(percent, table.coverage)) for table in tables)
    note = "The share of the study's rows whose cell or drug stands in the table."
    return Sheet("Rows with features", ("table", *names), rows, note)


def _split_sheet(splits: tuple[SplitSummary, ...]) -> Sheet:
    def span(ends: tuple[int, int]) -> str:
        return count(ends[0]) if ends[0] == ends[1] else f"{count(ends[0])}–{count(ends[1])}"

    rows = tuple(
        (split.study, split.scheme, count(split.count), span(split.train), span(split.val), span(split.test))
        for split in splits
    )
    return Sheet(
        "Splits", ("study", "scheme", "splits", *PART_NAMES), rows, "Each split is proved disjoint when it is read."
    )


def _terms_sheet(terms: tuple[Terms, ...]) -> Sheet:
    rows = tuple((folded(term.files), term.source or "not stated", term.licence or "not stated") for term in terms)
    return Sheet("Sources and licences", ("files", "source", "licence"), rows)


def folded(paths: tuple[str, ...]) -> str:
    """The three files of a matrix as one line, the splits of a study as another."""
    lines: dict[str, int] = {}
    for path in paths:
        parts = path.split("/")
        line = f"splits/{parts[1]}" if parts[0] == "splits" else path.split(".", 1)[0]
        lines[line] = lines.get(line, 0) + 1
    return "\n".join(f"{line} ({number} files)" if number > 1 else line for line, number in lines.items())
