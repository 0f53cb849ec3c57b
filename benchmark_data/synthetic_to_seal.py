"""The tiny release's hidden study as a curator would have it: plain tables, and the spec that `holdout seal` reads."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray

SPEC = "spec.toml"
MEASURED = date(2026, 1, 15)  # made up, as everything here
READABLE = date(2026, 11, 1)


def write_spec(folder: Path, *, name: str, response: str, licence: str, description: str) -> None:
    ids = {"cells": "cell_id", "drugs": "drug_id"}
    document: dict[str, Any] = {
        "name": name,
        "version": "1",
        "description": description,
        "producer": "Holdout's generator of synthetic screens",
        "licence": licence,
        "measured_at": MEASURED,
        "readable_at": READABLE,
        "dose_low_m": 1e-10,
        "dose_high_m": 1e-4,
        "curve_fit": "none: answers are drawn, not fitted",
        "quality_filter": "fit R2 >= 0.3, as made up as the answers",
        "screen": {"file": "screen.tsv", "response": response},
        "cells": {"file": "cells.tsv", "id": ids["cells"], "name": "name", "tissue": "tissue"},
        "drugs": {
            "file": "drugs.tsv",
            "id": ids["drugs"],
            "name": "name",
            "smiles": "smiles",
            "mechanism": [{"column": "mechanisms", "separator": ";"}],
        },
        "matrix": [
            {"entity": "cell", "name": table, "file": f"{table}.tsv", "id": ids["cells"]}
            for table in ("expression", "mutation")
        ],
        "computed": [
            {"name": "ecfp4", "kind": "fingerprints", "radius": 2, "bits": 512},
            {"name": "morgan", "kind": "fingerprints", "radius": 2, "bits": 2048},
            {"name": "rdkit", "kind": "descriptors"},
        ],
    }
    (folder / SPEC).write_bytes(tomli_w.dumps(document).encode())


def write_matrix(folder: Path, name: str, ids: Sequence[str], columns: Sequence[str], values: NDArray[Any]) -> None:
    rounded = np.round(values.astype(np.float64), 3).tolist()  # as they were drawn, without float32's tail
    rows = ([name, *row] for name, row in zip(ids, rounded, strict=True))
    write_table(folder, name, ["cell_id", *columns], rows)


def write_table(folder: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with (folder / f"{name}.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
