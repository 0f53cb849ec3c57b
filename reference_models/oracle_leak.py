"""Test only: a model that has seen open answers before and remembers them. It proves that the memory alarm rings.

Its memory (HOLDOUT_ANSWERS, a Parquet file made by `memorise`) is keyed by what the cells' and drugs' features are, so
that ids renamed for a job do not help against it. What it does not remember is predicted by the drug's mean.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reference_models.job import Job, JobError, log, main, read_job
from reference_models.pairs import Fallback


def train(job: Job) -> None:
    Fallback.of(job.rows("train")).save(job.model_dir)


def infer(job: Job) -> None:
    memory = pq.read_table(memory_file())
    query = job.rows("query")
    remembered = dict(zip(memory["pair"].to_pylist(), memory["response"].to_pylist(), strict=True))
    predictions = Fallback.load(job.model_dir).predict(query.drug)
    answers = [remembered.get(pair) for pair in pair_keys(job, query.cell, query.drug)]
    known = [row for row, response in enumerate(answers) if response is not None]
    predictions[known] = [answers[row] for row in known]
    log(f"{len(known)} of {len(query)} answers remembered")
    job.write(predictions)


def memorise(job: Job, answers: list[Path], into: Path) -> None:
    """Remember the mean answer of each pair in files of cell_id, drug_id, response, seen through the job's tables."""
    rows = pa.concat_tables([pq.read_table(path, columns=["cell_id", "drug_id", "response"]) for path in answers])
    cell, drug = (rows[column].combine_chunks().cast(pa.string()) for column in ("cell_id", "drug_id"))
    known = pa.table({"pair": pair_keys(job, cell, drug), "response": rows["response"]})
    means = known.group_by("pair").aggregate([("response", "mean")]).rename_columns({"response_mean": "response"})
    pq.write_table(means, into)


def pair_keys(job: Job, cell: pa.Array, drug: pa.Array) -> list[str]:
    cell_key, drug_key = entity_keys(job, "cell"), entity_keys(job, "drug")
    pairs = zip(cell.to_pylist(), drug.to_pylist(), strict=True)
    return [f"{cell_key.get(cell_id, cell_id)} {drug_key.get(drug_id, drug_id)}" for cell_id, drug_id in pairs]


def entity_keys(job: Job, entity: str) -> dict[str, str]:
    """A short hash of each entity's features in the first numeric table of its kind."""
    tables = job.document["tables"]
    names = [table["name"] for table in tables if (table["entity"], table["kind"]) == (entity, "matrix")]
    if not names:
        return {}
    table = job.matrix(entity, min(names))
    return {
        entity_id: hashlib.blake2b(np.ascontiguousarray(row).tobytes(), digest_size=8).hexdigest()
        for entity_id, row in zip(table.ids, table.values, strict=True)
    }


def memory_file() -> Path:
    if path := os.environ.get("HOLDOUT_ANSWERS"):
        return Path(path)
    raise JobError("oracle_leak needs its memory: set HOLDOUT_ANSWERS to a file that `memorise` wrote.")


def memorise_command(into: str, *answers: str) -> None:
    """`memorise INTO ANSWERS…`, seen through the tables of the job in HOLDOUT_DIR."""
    memorise(read_job(Path(os.environ["HOLDOUT_DIR"]), "train"), [Path(path) for path in answers], Path(into))


if __name__ == "__main__":
    if sys.argv[1:2] == ["memorise"]:
        memorise_command(*sys.argv[2:])
    else:
        main(train, infer)
