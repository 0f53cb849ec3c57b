"""A small release, a curator's tables for it, and bundles: takes only what a test is about."""

import hashlib
import io
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from benchmark_data.manifest import Direction, Entity, Response, Task
from benchmark_data.release import Release
from benchmark_data.study_facts import STUDY, StudyFacts
from benchmark_data.study_spec import read_study_spec
from benchmark_data.writer import ReleaseWriter
from evaluator.sealing import answers, boxes, keys
from evaluator.sealing.seal import seal_study

AUC = Response("auc", Direction.LOWER, 0.0, 1.0)
KEY = keys.PrivateKey(keys.Kind.SEALING, bytes(range(32)))
SIGNING = keys.PrivateKey(keys.Kind.SIGNING, bytes(range(1, 33)))
GENES = ("g1", "g2", "g3")
BITS = 64


def make_release(folder: Path, *, rows=None, response=AUC, task=Task.REGRESSION, more_text=None) -> Release:
    """Cells c1 to c4, drugs d1 and d2, one public study, a table of each kind."""
    with ReleaseWriter(folder, name="small", version="1", task=task, response=response) as writer:
        cells, drugs = ["c1", "c2", "c3", "c4"], ["d1", "d2"]
        writer.add_info(Entity.CELL, pa.table({"cell_id": cells}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": drugs}))
        values = np.arange(12, dtype=np.float32).reshape(4, 3)
        writer.add_matrix(Entity.CELL, "expression", ids=cells, columns=GENES, values=values)
        bits = np.eye(2, BITS, dtype=np.uint8)
        columns = [f"bit{bit}" for bit in range(BITS)]
        writer.add_matrix(Entity.DRUG, "morgan", ids=drugs, columns=columns, values=bits)
        writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": drugs, "smiles": ["C", "CC"]}))
        writer.add_text(Entity.CELL, "gene_sets", pa.table({"set": ["s"], "gene": ["g1"]}))
        if more_text:
            writer.add_text(Entity.CELL, more_text, pa.table({"cell_id": ["c1"], "pathway": ["p"]}))
        given = rows or {
            "row_id": list(range(8)),
            "cell_id": cells * 2,
            "drug_id": ["d1"] * 4 + ["d2"] * 4,
            response.column: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
        }
        writer.add_study("Open", pa.table(given))
    return Release.open(folder)


SCREEN = "cell_id\tdrug_id\tauc\nc1\td1\t0.25\nc5\td1\t0.5\nc5\td3\t0.75\nc1\td3\t0.125\nc1\td3\t0.375\nc2\td2\t0.625\n"
CELLS = "cell_id\tname\ttissue\nc5\tfive\tskin\nc9\tnine\tlung\n"
DRUGS = "drug_id\tname\tsmiles\nd3\tthree\tCCO\n"
EXPRESSION = "cell_id\tg3\tg1\tg2\textra\nc5\t3\t1\t2\t9\n"


def make_spec(
    folder: Path,
    *,
    screen=SCREEN,
    cells=CELLS,
    drugs=DRUGS,
    expression=EXPRESSION,
    without=(),
    sections=None,
    **changes,
):
    """A spec and its files; c5 and d3 are new. A section of None is taken out."""
    folder.mkdir(exist_ok=True)
    tables = {"screen": screen, "cells": cells, "drugs": drugs, "expression": expression}
    for name, text in tables.items():
        (folder / f"{name}.tsv").write_text(text)
    document = (
        {
            "name": "Hidden",
            "version": "1",
            "producer": "Example Lab",
            "licence": "none yet",
            "measured_at": date(2026, 1, 2),
            "readable_at": date(2026, 3, 4),
            "dose_low_m": 1e-10,
            "dose_high_m": 1e-4,
            "curve_fit": "3-parameter Hill",
            "quality_filter": "fit R2 >= 0.3",
            "without": list(without),
            "screen": {"file": "screen.tsv"},
            "cells": {"file": "cells.tsv", "name": "name", "tissue": "tissue"},
            "drugs": {"file": "drugs.tsv", "name": "name", "smiles": "smiles"},
            "matrix": [{"entity": "cell", "name": "expression", "file": "expression.tsv"}],
            "computed": [{"name": "morgan", "kind": "fingerprints", "bits": BITS}],
        }
        | changes
        | (sections or {})
    )
    path = folder / "spec.toml"
    path.write_bytes(tomli_w.dumps({name: value for name, value in document.items() if value is not None}).encode())
    return path


def seal(folder: Path, release: Release, **changes):
    """The sealed study of `make_spec`, in folder/out."""
    spec = make_spec(folder / "tables", **changes)
    return seal_study(read_study_spec(spec), spec.parent, folder / "out", release=release, public=KEY.public)


def opened(bundle):
    content = boxes.open(bundle.sealed(), KEY)
    return answers.answers(content, bundle.facts.rows, bundle.facts.commitment)


def make_facts(**changes) -> StudyFacts:
    given = {
        "format": 1,
        "name": "Hidden",
        "version": "1",
        "task": Task.REGRESSION,
        "response": AUC,
        "release_name": "small",
        "release_id": "0" * 64,
        "rows": 6,
        "cells": 3,
        "drugs": 3,
        "new_cells": 1,
        "new_drugs": 1,
        "producer": "Example Lab",
        "measured_at": date(2026, 1, 2),
        "readable_at": date(2026, 3, 4),
        "licence": "none yet",
        "key_id": "1" * 64,
        "commitment": "2" * 64,
        "dose_low_m": 1e-10,
        "dose_high_m": 1e-4,
        "quality_filter": "fit R2 >= 0.3",
    }
    return StudyFacts(**(given | changes))


def forge(bundle, folder: Path, *, files=None, toml=None) -> Path:
    """A copy of a bundle as an attacker makes one: these files are others, and study.toml lists them rightly.

    `toml` changes the document after that.
    """
    files = files or {}
    for file in bundle.facts.file:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(files.get(file.path, (bundle.folder / file.path).read_bytes()))
    document = tomllib.loads((bundle.folder / STUDY).read_text())
    for listed in document["file"]:
        content = (folder / listed["path"]).read_bytes()
        listed["sha256"], listed["size_bytes"] = hashlib.sha256(content).hexdigest(), len(content)
    if toml is not None:
        toml(document)
    (folder / STUDY).write_bytes(tomli_w.dumps(document).encode())
    return folder


def make_parquet(columns, **options) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue().to_pybytes()


def make_npy(values, **options) -> bytes:
    sink = io.BytesIO()
    np.save(sink, values, **options)
    return sink.getvalue()
