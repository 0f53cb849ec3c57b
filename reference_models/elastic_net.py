"""Control: one elastic net a drug on its cells' expression, as in the first papers on these screens.

Knows nothing of a drug's structure: an unseen drug gets the global mean. The penalty is one number for all drugs,
chosen on the validation rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reference_models.features import landmark_expression, load_inputs, save_inputs, shared_ids
from reference_models.job import Job, Rows, log, main
from reference_models.pairs import Fallback, Pairs, answer, codes, pair_up, present, training_pairs


@dataclass(frozen=True, slots=True)
class Settings:
    genes: int = 958
    l1_ratio: float = 0.5
    penalties: tuple[float, ...] = (0.3, 0.1, 0.03, 0.01)  # times the smallest penalty at which every weight is 0
    steps: int = 100
    least_cells: int = 10  # a drug with fewer keeps its mean


def train(job: Job) -> None:
    settings = job.settings(Settings)
    rows = job.rows("train")
    Fallback.of(rows).save(job.model_dir)
    expression = landmark_expression(job, settings.genes)
    cell_ids = shared_ids(job, [expression], present(rows.cell, job.rows("val").cell))
    drug_ids = screened_drugs(rows, cell_ids)
    cells = expression.make(job, cell_ids).astype(np.float64)
    train_pairs, val_pairs = training_pairs(job, cell_ids, drug_ids)
    paths = np.stack([drug_path(cells, *of_drug(train_pairs, drug), settings) for drug in range(len(drug_ids))])
    weights = paths[:, best_penalty(paths, cells, val_pairs, settings)]  # (drugs, genes + 1)
    save_inputs(job.model_dir, cell=[expression], drug=[])
    (job.model_dir / "drugs.txt").write_text("\n".join(drug_ids))
    np.save(job.model_dir / "weights.npy", weights)


def screened_drugs(rows: Rows, cell_ids: list[str]) -> list[str]:
    """The drugs with at least one training row whose cell has expression; the fallback answers for the others."""
    return present(rows.drug.filter(pa.array(codes(rows.cell, cell_ids) >= 0)))


def of_drug(pairs: Pairs, drug: int) -> tuple[np.ndarray, np.ndarray]:
    mine = pairs.drug == drug
    return pairs.cell[mine], pairs.response[mine]


def drug_path(cells: np.ndarray, cell: np.ndarray, response: np.ndarray, settings: Settings) -> np.ndarray:
    """Weights and intercept for each penalty, (penalties, genes + 1)."""
    path = np.zeros((len(settings.penalties), cells.shape[1] + 1))
    path[:, -1] = response.mean()
    if len(cell) < settings.least_cells:
        return path
    features = cells[cell] - cells[cell].mean(0)  # (rows, genes)
    centred = response - response.mean()
    largest = np.abs(features.T @ centred).max() / len(cell) / settings.l1_ratio
    weights = np.zeros(cells.shape[1])
    if not largest > 0:  # cells that are all alike, or answers: nothing to learn but their mean
        return path
    for i, penalty in enumerate(settings.penalties):
        weights = elastic_net(features, centred, weights, penalty * largest, settings)
        path[i, :-1] = weights
        path[i, -1] = response.mean() - cells[cell].mean(0) @ weights
    return path


def elastic_net(
    features: np.ndarray, response: np.ndarray, start: np.ndarray, penalty: float, settings: Settings
) -> np.ndarray:
    """Accelerated proximal gradient on |y − Xw|²/2n + penalty (ratio |w|₁ + (1 − ratio) |w|²/2)."""
    rows = len(response)
    ridge, lasso = penalty * (1 - settings.l1_ratio), penalty * settings.l1_ratio
    gram = features @ features.T if rows < features.shape[1] else features.T @ features
    step = 1 / (np.linalg.eigvalsh(gram)[-1] / rows + ridge)
    weights = ahead = start
    momentum = 1.0
    for _ in range(settings.steps):
        slope = features.T @ (features @ ahead - response) / rows + ridge * ahead
        moved = ahead - step * slope
        after = np.sign(moved) * np.maximum(np.abs(moved) - step * lasso, 0)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = after + (momentum - 1) / grown * (after - weights)
        weights, momentum = after, grown
    return weights


def best_penalty(paths: np.ndarray, cells: np.ndarray, val: Pairs, settings: Settings) -> int:
    """The penalty with the smallest validation error; without validation rows the strongest."""
    if not len(val):
        return 0
    errors = [np.mean((predict(paths[:, i], cells, val) - val.response) ** 2) for i in range(paths.shape[1])]
    best = int(np.argmin(errors))
    log(f"penalty {settings.penalties[best]} of {settings.penalties}: val mse {errors[best]:.5f}")
    return best


def predict(weights: np.ndarray, cells: np.ndarray, pairs: Pairs) -> np.ndarray:
    of_every_drug = cells @ weights[:, :-1].T + weights[:, -1]  # (cells, drugs)
    return of_every_drug[pairs.cell, pairs.drug]


def infer(job: Job) -> None:
    (expression,), _ = load_inputs(job.model_dir)
    weights = np.load(job.model_dir / "weights.npy")
    drug_ids = (job.model_dir / "drugs.txt").read_text().split("\n")
    query = job.rows("query")
    cell_ids = shared_ids(job, [expression], present(query.cell))
    pairs = pair_up(query, cell_ids, drug_ids)
    answer(job, query, pairs, predict(weights, expression.make(job, cell_ids).astype(np.float64), pairs))


if __name__ == "__main__":
    main(train, infer)
