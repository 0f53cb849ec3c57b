"""Control: global mean + cell effect + drug effect, an effect being a raw mean's distance from the global mean.

An unseen cell or drug has an effect of 0. It knows no features.
"""

import json

import numpy as np
import pyarrow as pa

from reference_models.job import Job, main
from reference_models.pairs import codes, present


def train(job: Job) -> None:
    rows = job.rows("train")
    overall = float(rows.response.mean())
    centred = rows.response - overall
    document = {"overall": overall, "cell": effects(rows.cell, centred), "drug": effects(rows.drug, centred)}
    (job.model_dir / "effects.json").write_text(json.dumps(document))


def effects(column: pa.Array, centred: np.ndarray) -> dict[str, float]:
    ids = present(column)
    code = codes(column, ids)
    means = np.bincount(code, centred) / np.bincount(code)
    return dict(zip(ids, means.tolist(), strict=True))


def effect_of(column: pa.Array, effect: dict[str, float]) -> np.ndarray:
    return np.append(list(effect.values()), 0.0)[codes(column, list(effect))]


def infer(job: Job) -> None:
    document = json.loads((job.model_dir / "effects.json").read_text())
    query = job.rows("query")
    cell, drug = effect_of(query.cell, document["cell"]), effect_of(query.drug, document["drug"])
    job.write(document["overall"] + cell + drug)


if __name__ == "__main__":
    main(train, infer)
