"""study.toml as typed values: what is said of a sealed study, read strictly, written the same way every time."""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import tomli_w

from benchmark_data.errors import ReleaseError, shown
from benchmark_data.manifest import Entity, Response, TableEntry, Task, checked_name, checked_path
from benchmark_data.strict_toml import read_value

STUDY = "study.toml"
QUERY = "query.parquet"
SEALED = "y.sealed"
LISTS = {Entity.CELL: "cells.parquet", Entity.DRUG: "drugs.parquet"}
"""The cells and drugs that the release does not list."""
FORMAT = 1
LARGEST_STUDY_BYTES = 1 << 20
MOST_ROWS = 10_000_000
MOST_FILES = 1_000
LARGEST_BYTES = 8 << 30
_LONGEST_TEXT = 4_000
_LONGEST_REASON = 300  # of a reason that quotes what somebody wrote


def sealed_bytes(n_rows: int) -> int:
    """The size of y.sealed: a box (48 bytes) of a salt (32), and a row id and an answer of 8 bytes each a row."""
    return 80 + 16 * n_rows


@dataclass(frozen=True, slots=True)
class ListedFile:
    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What study.toml says; nothing in it tells an answer."""

    format: int
    name: str
    version: str
    task: Task
    response: Response
    release_name: str
    release_id: str
    rows: int
    cells: int
    drugs: int
    new_cells: int
    new_drugs: int
    producer: str
    measured_at: date  # when the answers were measured, as the curator declares it
    readable_at: date  # when somebody outside the producer could first read them
    licence: str
    key_id: str
    commitment: str
    curve_fit: str = ""
    quality_filter: str = ""
    dose_low_m: float | None = None
    dose_high_m: float | None = None
    description: str = ""
    without: tuple[str, ...] = ()  # feature tables of the release, as entity/name, that the new ones are not in
    table: tuple[TableEntry, ...] = ()
    file: tuple[ListedFile, ...] = ()

    def listed(self, path: str) -> ListedFile:
        for file in self.file:
            if file.path == path:
                return file
        raise ReleaseError(f"study {self.name} lists no file {shown(path)}")

    def tar_name(self) -> str:
        return f"{self.name}-{self.version}.holdout-study.tar"

    def plain(self) -> dict[str, Any]:
        """What a page or an API may show, as JSON: all but the list of files."""
        return {name: _jsonable(value) for name, value in asdict(self).items() if name != "file"}


def parse_study(content: bytes) -> tuple[StudyFacts, str]:
    """The facts in a study.toml, and the study's identity."""
    if len(content) > LARGEST_STUDY_BYTES:
        raise ReleaseError(f"{STUDY} has {len(content):,} bytes; at most {LARGEST_STUDY_BYTES:,} are read")
    try:
        facts = read_value(StudyFacts, tomllib.loads(content.decode()))
        _check_facts(facts)
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, or of a number with ten thousand digits
        raise ReleaseError(f"{STUDY} is not TOML: {shown(str(error), 120)}") from None
    except ReleaseError as error:
        words = "".join(letter if letter.isprintable() else "?" for letter in str(error)[:_LONGEST_REASON])
        raise ReleaseError(f"{STUDY}: {words}") from None
    return facts, hashlib.sha256(content).hexdigest()


def format_study(facts: StudyFacts) -> bytes:
    """study.toml as it is written; what cannot be read back is not written."""
    plain = {name: _tomlable(value) for name, value in asdict(facts).items() if value not in ("", None, ())}
    content = tomli_w.dumps(plain).encode()
    parse_study(content)
    return content


def _check_facts(facts: StudyFacts) -> None:
    if facts.format != FORMAT:
        raise ReleaseError(f"format is {facts.format}; this version of Holdout reads format {FORMAT}")
    for name in (facts.name, facts.version, *(entry.name for entry in facts.table)):
        checked_name(name)
    counts = (facts.rows, facts.cells, facts.drugs)
    if min(counts) < 1 or min(facts.new_cells, facts.new_drugs) < 0 or max(counts) > MOST_ROWS:
        raise ReleaseError(f"a study has from 1 to {MOST_ROWS:,} rows, and cells and drugs to them")
    if facts.new_cells > facts.cells or facts.new_drugs > facts.drugs:
        raise ReleaseError("more cells or drugs are new than there are")
    for name in ("release_id", "key_id", "commitment"):
        _check_digest(getattr(facts, name), name)
    _check_texts(facts)
    if facts.measured_at > facts.readable_at:
        raise ReleaseError(f"readable_at ({facts.readable_at}) is before measured_at ({facts.measured_at})")
    if not all(math.isfinite(dose) and dose > 0 for dose in (facts.dose_low_m, facts.dose_high_m) if dose is not None):
        raise ReleaseError("dose_low_m and dose_high_m are concentrations in mol/l")
    _check_files(facts)


def _check_texts(facts: StudyFacts) -> None:
    """They are shown on pages and terminals."""
    for text in (facts.producer, facts.licence, facts.release_name):
        if not text.strip():
            raise ReleaseError("producer, licence and release_name are not empty")
    texts = [facts.producer, facts.licence, facts.release_name, facts.curve_fit, facts.quality_filter, *facts.without]
    texts += [facts.description.replace("\n", " "), facts.response.column, facts.response.description]
    texts += [entry.description for entry in facts.table]
    for text in texts:
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            raise ReleaseError(f"{shown(text)} is longer than {_LONGEST_TEXT:,} letters, or holds control characters")


def _check_files(facts: StudyFacts) -> None:
    named = [QUERY, *LISTS.values(), SEALED, *(path for entry in facts.table for path in entry.paths())]
    paths = [checked_path(file.path) for file in facts.file]
    if len(set(named)) < len(named) or len(set(paths)) < len(paths):
        raise ReleaseError("a table or a file stands twice")
    if set(paths) != set(named):
        odd = min(set(paths) ^ set(named))
        raise ReleaseError(f"{shown(odd)} is listed and belongs to nothing, or is needed and not listed")
    for file in facts.file:
        _check_digest(file.sha256, file.path)
    if facts.listed(SEALED).size_bytes != sealed_bytes(facts.rows):
        raise ReleaseError(f"{SEALED} has not the size of {facts.rows:,} sealed answers")
    sizes = [file.size_bytes for file in facts.file]
    if len(sizes) > MOST_FILES or min(sizes) < 0 or sum(sizes) > LARGEST_BYTES:
        raise ReleaseError(f"a bundle has at most {MOST_FILES:,} files and {LARGEST_BYTES:,} bytes")


def _check_digest(text: str, name: str) -> None:
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise ReleaseError(f"{shown(name)} is no sha256 in hex")


def _tomlable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _tomlable(item) for name, item in value.items() if item not in ("", None)}
    if isinstance(value, tuple | list):
        return [_tomlable(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _jsonable(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_jsonable(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value
