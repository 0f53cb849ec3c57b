"""Builders for the tests of scores: each takes only what the test is about."""

import numpy as np

from evaluator.scoring.truth import Truth


def make_truth(y, *, drug=None, cell=None, n_drugs=None, n_cells=None):
    y = np.asarray(y, dtype=np.float64)
    drug = np.zeros(y.size, dtype=np.int32) if drug is None else np.asarray(drug, dtype=np.int32)
    cell = np.arange(y.size, dtype=np.int32) if cell is None else np.asarray(cell, dtype=np.int32)
    return Truth.of(
        y,
        cell=cell,
        drug=drug,
        n_cells=n_cells or int(cell.max(initial=0)) + 1,
        n_drugs=n_drugs or int(drug.max(initial=0)) + 1,
    )
