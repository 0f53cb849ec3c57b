"""The split files of a csa_data tree: found by their names, complete or refused, and kept in their order."""

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_data.csa_tree import split_file
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Scheme
from benchmark_data.split_tables import read_split_file
from benchmark_data.splits import PART_NAMES

RowIds = NDArray[np.int64]


def found_splits(folder: Path) -> tuple[dict[tuple[str, Scheme], dict[int, dict[str, Path]]], list[str]]:
    """The parts of each study's splits, and the names of the files that are none."""
    found: dict[tuple[str, Scheme], dict[int, dict[str, Path]]] = defaultdict(lambda: defaultdict(dict))
    others: list[str] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        part = split_file(path.name)
        if part is None:
            others.append(path.name)
        else:
            found[part.study, part.scheme][part.number][part.part] = path
    return found, others


def read_splits(study: str, scheme: Scheme, files: dict[int, dict[str, Path]]) -> list[list[RowIds]]:
    if sorted(files) != list(range(len(files))):
        raise ReleaseError(
            f"{scheme} splits of {study} are numbered {', '.join(map(str, sorted(files)))}, not from 0 on"
        )
    for number, parts in files.items():
        for part in PART_NAMES:
            if part not in parts:
                raise ReleaseError(f"{scheme} split {number} of {study} has no file for {part}")
    return [[read_split_file(files[number][part]) for part in PART_NAMES] for number in range(len(files))]


def other_rows_note(folder: Path, study: str, rows: RowIds) -> str | None:
    """A sentence where `{study}_all.txt` names other rows than response.tsv has of the study."""
    path = folder / f"{study}_all.txt"
    if not path.is_file():
        return None
    named = read_split_file(path)
    if len(named) == len(rows) and np.array_equal(np.sort(named), np.sort(rows)):
        return None
    return (
        f"splits/{path.name} names {len(named):,} rows; response.tsv has {len(rows):,} of {study}, and these are kept"
    )
