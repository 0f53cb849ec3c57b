"""LGBM: LightGBM on landmark expression and Mordred descriptors, the baseline of the IMPROVE benchmark.

The rows reach LightGBM through lgb.Sequence, a few thousand at a time: a matrix of rows × features never exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from reference_models.features import drug_descriptors, landmark_expression, load_inputs, save_inputs, shared_ids
from reference_models.job import Job, log, main
from reference_models.pairs import Fallback, Pairs, answer, pair_up, present, training_pairs

PREDICTED_AT_ONCE = 8192
SPARE_S = 60.0  # kept of the deadline for writing the model


@dataclass(frozen=True, slots=True)
class Settings:
    trees: int = 1000
    learning_rate: float = 0.1
    leaves: int = 31
    depth: int = -1
    leaf_rows: int = 20
    patience: int = 50
    genes: int = 958
    sample: int = 20_000  # rows that LightGBM bins by; 200,000 of them cost gigabytes and gain nothing


class PairRows(lgb.Sequence):
    """The rows of pairs, made when asked for."""

    batch_size = 4096

    def __init__(self, cells: np.ndarray, drugs: np.ndarray, pairs: Pairs) -> None:
        self.cells, self.drugs, self.pairs = cells, drugs, pairs

    def __getitem__(self, rows: int | slice | list[int]) -> np.ndarray:
        cell, drug = self.cells[self.pairs.cell[rows]], self.drugs[self.pairs.drug[rows]]
        return np.concatenate([cell, drug], axis=-1, dtype=np.float64)  # (rows, genes + descriptors)

    def __len__(self) -> int:
        return len(self.pairs)


def train(job: Job) -> None:
    settings = job.settings(Settings)
    cell_input, drug_input = inputs = tree_inputs(job, settings.genes)
    Fallback.of(job.rows("train")).save(job.model_dir)
    cells, drugs, train_pairs, val_pairs = training_entities(job, *inputs)
    rows = lgb.Dataset(PairRows(cells, drugs, train_pairs), train_pairs.response)
    val_rows = rows.create_valid(PairRows(cells, drugs, val_pairs), val_pairs.response) if len(val_pairs) else None
    booster = boost(rows, val_rows, settings, job)
    save_inputs(job.model_dir, cell=[cell_input], drug=[drug_input])
    booster.save_model(job.model_dir / "booster.txt", num_iteration=booster.best_iteration)


def tree_inputs(job: Job, genes: int):
    return landmark_expression(job, genes, keep_missing=True), drug_descriptors(job, keep_missing=True)


def training_entities(job: Job, cell_input, drug_input) -> tuple[np.ndarray, np.ndarray, Pairs, Pairs]:
    rows = [job.rows(name) for name in ("train", "val")]
    cell_ids = shared_ids(job, [cell_input], present(*(part.cell for part in rows)))
    drug_ids = shared_ids(job, [drug_input], present(*(part.drug for part in rows)))
    pairs = training_pairs(job, cell_ids, drug_ids)
    return cell_input.make(job, cell_ids), drug_input.make(job, drug_ids), *pairs


def boost(rows: lgb.Dataset, val_rows: lgb.Dataset | None, settings: Settings, job: Job) -> lgb.Booster:
    parameters = {
        "objective": "regression",
        "metric": "l2",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "max_depth": settings.depth,
        "min_data_in_leaf": settings.leaf_rows,
        "bin_construct_sample_cnt": settings.sample,
        "feature_pre_filter": False,  # it would filter by the default of min_data_in_leaf, not by ours
        "force_col_wise": True,
        "deterministic": True,
        "seed": job.seed,
        "num_threads": job.cpus,
        "verbosity": -1,
    }
    callbacks = [progress(job)]
    if val_rows is not None:
        callbacks.append(lgb.early_stopping(settings.patience, verbose=False))
    watched = {"valid_sets": [val_rows], "valid_names": ["val"]} if val_rows else {}
    return lgb.train(parameters, rows, settings.trees, callbacks=callbacks, **watched)


def progress(job: Job):
    """A line every fiftieth tree, and the end of growing when the deadline is near, with the best tree so far."""
    losses: list[float] = []

    def after_tree(state: lgb.callback.CallbackEnv) -> None:
        losses.extend(loss for _, _, loss, _ in state.evaluation_result_list)  # none without validation rows
        if state.iteration % 50 == 0 and losses:
            log(f"tree {state.iteration + 1}: val mse {losses[-1]:.5f}")
        if job.seconds_left < SPARE_S:
            log(f"stopped at tree {state.iteration + 1}, the deadline is near")
            best = int(np.argmin(losses)) if losses else state.iteration
            raise lgb.callback.EarlyStopException(best, state.evaluation_result_list)

    after_tree.order = 5
    return after_tree


def infer(job: Job) -> None:
    (cell_input,), (drug_input,) = load_inputs(job.model_dir)
    query = job.rows("query")
    cell_ids = shared_ids(job, [cell_input], present(query.cell))
    drug_ids = shared_ids(job, [drug_input], present(query.drug))
    pairs = pair_up(query, cell_ids, drug_ids)
    rows = PairRows(cell_input.make(job, cell_ids), drug_input.make(job, drug_ids), pairs)
    booster = lgb.Booster(model_file=job.model_dir / "booster.txt")
    parts = [booster.predict(rows[part], num_threads=job.cpus) for part in slices(len(rows))]
    answer(job, query, pairs, np.concatenate(parts) if parts else np.empty(0))


def slices(rows: int) -> Iterator[slice]:
    return (slice(start, start + PREDICTED_AT_ONCE) for start in range(0, rows, PREDICTED_AT_ONCE))


if __name__ == "__main__":
    main(train, infer)
