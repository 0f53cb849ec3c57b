"""pair_gbdt: exact leaf-wise boosting on pairs, which sums gradients by cell and by drug and never builds the rows.

Inputs and settings are LGBM's, so that the two stand beside each other on a board; see pair_boosting for the method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reference_models.features import load_inputs, save_inputs, shared_ids
from reference_models.job import Job, log, main
from reference_models.lgbm import SPARE_S, training_entities, tree_inputs
from reference_models.pair_boosting import PairBooster
from reference_models.pairs import Fallback, answer, pair_up, present


@dataclass(frozen=True, slots=True)
class Settings:
    trees: int = 1000
    learning_rate: float = 0.1
    leaves: int = 31
    leaf_rows: int = 20
    patience: int = 50
    genes: int = 958


def train(job: Job) -> None:
    settings = job.settings(Settings)
    cell_input, drug_input = inputs = tree_inputs(job, settings.genes)
    Fallback.of(job.rows("train")).save(job.model_dir)
    cells, drugs, rows, val = training_entities(job, *inputs)
    booster = PairBooster(
        n_estimators=settings.trees,
        learning_rate=settings.learning_rate,
        num_leaves=settings.leaves,
        min_child_samples=settings.leaf_rows,
        early_stopping_rounds=settings.patience if len(val) else None,
    )
    valid = (val.cell, val.drug, val.response) if len(val) else None
    booster.fit(cells, drugs, rows.cell, rows.drug, rows.response, valid=valid, report=progress(job))
    save_inputs(job.model_dir, cell=[cell_input], drug=[drug_input])
    booster.save(job.model_dir / "booster.npz")


def progress(job: Job) -> Callable[[int, float, float], bool]:
    """A line every fiftieth tree, and the end of growing when the deadline is near."""

    def after_tree(tree: int, train_loss: float, val_loss: float) -> bool:
        if tree % 50 == 0:
            log(f"tree {tree + 1}: train mse {train_loss:.5f}, val mse {val_loss:.5f}")
        if is_last := job.seconds_left < SPARE_S:
            log(f"stopped at tree {tree + 1}, the deadline is near")
        return is_last

    return after_tree


def infer(job: Job) -> None:
    (cell_input,), (drug_input,) = load_inputs(job.model_dir)
    query = job.rows("query")
    cell_ids = shared_ids(job, [cell_input], present(query.cell))
    drug_ids = shared_ids(job, [drug_input], present(query.drug))
    pairs = pair_up(query, cell_ids, drug_ids)
    cells, drugs = cell_input.make(job, cell_ids), drug_input.make(job, drug_ids)
    predictions = np.empty(0)
    if len(pairs):
        booster = PairBooster.load(job.model_dir / "booster.npz")
        predictions = booster.predict(cells, drugs, pairs.cell, pairs.drug)
    answer(job, query, pairs, predictions)


if __name__ == "__main__":
    main(train, infer)
