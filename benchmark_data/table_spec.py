"""A curator's spec as typed values: which plain tables become which parts of a release.

Reading one opens no table: whether the files are as it says is the importer's business.
"""

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity, Response, Scheme, Task
from benchmark_data.strict_toml import read_value


class Entities(StrEnum):
    """Where the cells or drugs of a matrix stand."""

    ROWS = "rows"
    COLUMNS = "columns"


class ValueType(StrEnum):
    FLOAT32 = "float32"
    UINT8 = "uint8"


class Computed(StrEnum):
    FINGERPRINTS = "fingerprints"
    DESCRIPTORS = "descriptors"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSpec:
    """One table of answers, or the part of it that `where` chooses; the study is fixed or stands in a column."""

    file: str
    study: str = ""
    study_column: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    row_id: str = ""  # a column; without one, the position among the study's rows of the file
    cell_id: str = "cell_id"
    drug_id: str = "drug_id"
    response: str = ""  # a column; without one, the release's response column
    keep: tuple[str, ...] = ()
    description: str = ""
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsSpec:
    file: str
    id: str = "cell_id"
    name: str = ""
    tissue: str = ""
    keep: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismSpec:
    """A column with mechanisms of action; with `fallback`, only for drugs that no column before it says one of."""

    column: str
    separator: str = ""
    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugsSpec:
    file: str
    id: str = "drug_id"
    name: str = ""
    smiles: str = ""
    mechanism: tuple[MechanismSpec, ...] = ()
    no_mechanism: tuple[str, ...] = ()  # words of those columns that name none
    unknown_mechanism: str = ""  # what a drug without one gets
    keep: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSpec:
    entity: Entity
    name: str
    file: str
    id: str = ""  # the column of ids, or of feature names where entities are columns; without one, the first
    entities: Entities = Entities.ROWS
    prefix: str = ""  # only features that begin with it, and it is taken off
    type: ValueType = ValueType.FLOAT32
    description: str = ""
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedSpec:
    """A drug table that RDKit computes of the SMILES."""

    name: str
    kind: Computed
    radius: int = 2
    bits: int = 2048
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSpec:
    """Splits from files, from a column of fold numbers, or made; for the studies named, or for all."""

    scheme: Scheme
    studies: tuple[str, ...] = ()
    files: str = ""  # with {study}, {split} and {part} in it; a row_id a line
    fold: str = ""
    seed: int | None = None
    count: int = 10
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    name: str
    version: str
    task: Task
    response: Response
    cells: CellsSpec
    drugs: DrugsSpec
    screen: tuple[ScreenSpec, ...]
    matrix: tuple[MatrixSpec, ...] = ()
    computed: tuple[ComputedSpec, ...] = ()
    split: tuple[SplitSpec, ...] = ()
    description: str = ""


def shipped_specs() -> tuple[str, ...]:
    """The names that stand for a spec that comes with Holdout."""
    folder = resources.files("benchmark_data") / "specs"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def read_spec(spec: str) -> TableSpec:
    """The spec in a file, or the shipped one of that bare name."""
    if spec in shipped_specs() and not Path(spec).exists():
        text = (resources.files("benchmark_data") / "specs" / f"{spec}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(spec).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            shipped = ", ".join(shipped_specs())
            raise ReleaseError(f"spec {spec} cannot be read ({reason}); shipped specs are: {shipped}") from None
    try:
        return parse_spec(text)
    except tomllib.TOMLDecodeError as error:
        raise ReleaseError(f"spec {spec} is not TOML: {error}") from None
    except ReleaseError as error:
        raise ReleaseError(f"spec {spec}: {error}") from None


def parse_spec(text: str) -> TableSpec:
    spec = read_value(TableSpec, tomllib.loads(text))
    for number, screen in enumerate(spec.screen):
        if bool(screen.study) == bool(screen.study_column):
            raise ReleaseError(f"screen[{number}] needs one of study and study_column")
    for number, split in enumerate(spec.split):
        if sum((bool(split.files), bool(split.fold), split.seed is not None)) != 1:
            raise ReleaseError(f"split[{number}] needs one of files, fold and seed")
        if split.count < 1:
            raise ReleaseError(f"split[{number}].count is {split.count}; at least one is wanted")
    for number, table in enumerate(spec.computed):
        if table.radius < 0 or table.bits < 1:
            raise ReleaseError(f"computed[{number}] wants a radius from 0 and bits from 1 on")
    if spec.computed and not spec.drugs.smiles:
        raise ReleaseError("computed tables need drugs.smiles, the column of SMILES")
    return spec
