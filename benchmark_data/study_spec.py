"""A curator's spec of a study to seal, as typed values, in the words of a spec of a release (`table_spec`)."""

import math
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import checked_name
from benchmark_data.strict_toml import read_value
from benchmark_data.table_spec import CellsSpec, ComputedSpec, DrugsSpec, MatrixSpec

# Outside of these, somebody has written µM or nM where mol/l is wanted.
_LOWEST_DOSE_M, _HIGHEST_DOSE_M = 1e-15, 1e-1


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSpec:
    """The table of answers, or the part of it that `where` chooses. Rows get ids of their own when they are sealed."""

    file: str
    where: dict[str, Any] = field(default_factory=dict)
    cell_id: str = "cell_id"
    drug_id: str = "drug_id"
    response: str = ""  # a column; without one, the release's response column


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    name: str
    version: str
    producer: str
    licence: str
    measured_at: date
    readable_at: date
    screen: AskedSpec
    cells: CellsSpec | None = None  # needed where the screen has cells that the release does not list
    drugs: DrugsSpec | None = None
    matrix: tuple[MatrixSpec, ...] = ()
    computed: tuple[ComputedSpec, ...] = ()
    without: tuple[str, ...] = ()
    curve_fit: str = ""
    quality_filter: str = ""
    dose_low_m: float | None = None
    dose_high_m: float | None = None
    description: str = ""


def read_study_spec(path: Path) -> StudySpec:
    try:
        return parse_study_spec(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReleaseError(f"spec {path} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ReleaseError(f"spec {path} is not TOML: {error}") from None
    except ReleaseError as error:
        raise ReleaseError(f"spec {path}: {error}") from None


def parse_study_spec(text: str) -> StudySpec:
    spec = read_value(StudySpec, tomllib.loads(text))
    checked_name(spec.name)
    checked_name(spec.version)
    for name in ("producer", "licence"):
        if not getattr(spec, name).strip():
            raise ReleaseError(f"{name} is empty; say who measured the answers, and under which terms they stand")
    if spec.readable_at < spec.measured_at:
        raise ReleaseError(f"readable_at ({spec.readable_at}) is before measured_at ({spec.measured_at})")
    if spec.computed and not (spec.drugs and spec.drugs.smiles):
        raise ReleaseError("computed tables need drugs.smiles, the column of SMILES")
    _check_doses(spec)
    return spec


def _check_doses(spec: StudySpec) -> None:
    low, high = spec.dose_low_m, spec.dose_high_m
    if (low is None) != (high is None):
        raise ReleaseError("dose_low_m and dose_high_m are given together, or neither is")
    if low is None or high is None:
        return
    for name, dose in (("dose_low_m", low), ("dose_high_m", high)):
        if not math.isfinite(dose) or not _LOWEST_DOSE_M <= dose <= _HIGHEST_DOSE_M:
            raise ReleaseError(f"{name} is {dose:g}; it is in mol/l, and 1 µM is 1e-6")
    if low >= high:
        raise ReleaseError(f"dose_low_m ({low:g}) is not below dose_high_m ({high:g})")
