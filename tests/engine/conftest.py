"""A small release of two studies."""

import numpy as np
import pyarrow as pa
import pytest

from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.release import Release
from benchmark_data.writer import ReleaseWriter
from tests.engine.fakes import CELLS, DRUGS, answers


@pytest.fixture(scope="session")
def release(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("release") / "r"
    response = Response("auc", Direction.LOWER, 0.0, 1.0)
    with ReleaseWriter(folder, name="two-studies", version="1", task=Task.REGRESSION, response=response) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": CELLS}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": DRUGS, "mechanisms": ["EGFR", "EGFR;MEK", None, " "]}))
        for number, name in enumerate(("A", "B")):
            first = 100 * number
            writer.add_study(name, answers(first))
            rows = np.arange(first, first + len(CELLS) * len(DRUGS))
            writer.add_splits(
                name, Scheme.RANDOM_ROWS, [(rows[8:], rows[4:8], rows[:4]), (rows[:24], rows[24:28], rows[28:])]
            )
        values = np.arange(len(CELLS) * 3, dtype=np.float32).reshape(len(CELLS), 3)
        writer.add_matrix(Entity.CELL, "expression", ids=CELLS, columns=("g1", "g2", "g3"), values=values)
        writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": DRUGS, "smiles": ["C", "CC", "CCC", "CCCC"]}))
    return Release.open(folder)
