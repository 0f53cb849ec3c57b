"""Baselines by hand, against pandas, and for what they have not seen."""

import numpy as np
import pandas as pd
import pytest

from evaluator.baselines import Baseline, fit_baselines
from evaluator.rows import Rows


def rows(cell, drug, response) -> Rows:
    return Rows(np.arange(len(cell)), np.array(cell, np.int32), np.array(drug, np.int32), np.array(response, float))


# Cells 0, 1; drugs 0, 1; answers .2 .4 .9: mean .5, drug 0 .3, drug 1 .9, cell 0 .55, cell 1 .4.
TRAIN = rows([0, 1, 0], [0, 0, 1], [0.2, 0.4, 0.9])


@pytest.mark.parametrize(
    ("baseline", "cell", "drug", "expected"),
    [
        (Baseline.GLOBAL_MEAN, 0, 0, 0.5),
        (Baseline.DRUG_MEAN, 0, 1, 0.9),
        (Baseline.CELL_MEAN, 1, 0, 0.4),
        (Baseline.MEAN_EFFECTS, 0, 0, 0.35),  # .5 + (.3 − .5) + (.55 − .5)
        (Baseline.MEAN_EFFECTS, 1, 1, 0.8),  # .5 + (.9 − .5) + (.4 − .5)
        (Baseline.DRUG_MEAN, 0, 2, 0.5),  # unseen drug: the global mean
        (Baseline.CELL_MEAN, 2, 0, 0.5),
        (Baseline.MEAN_EFFECTS, 2, 0, 0.3),  # unseen cell: the drug's effect alone
        (Baseline.MEAN_EFFECTS, 2, 2, 0.5),
    ],
)
def test_a_baseline_is_the_mean_by_hand(baseline, cell, drug, expected):
    fitted = fit_baselines(TRAIN, n_cells=3, n_drugs=3)
    predicted = fitted.predict(baseline, np.array([cell], np.int32), np.array([drug], np.int32))
    assert predicted == pytest.approx([expected], abs=1e-15)


def test_it_knows_which_cells_and_drugs_it_has_seen():
    fitted = fit_baselines(TRAIN, n_cells=3, n_drugs=3)
    assert fitted.cell_seen.tolist() == [True, True, False]
    assert fitted.drug_seen.tolist() == [True, True, False]


def test_drug_means_equal_those_of_pandas():
    rng = np.random.default_rng(5)
    train = rows(rng.integers(0, 50, 3000), rng.integers(0, 20, 3000), rng.random(3000))
    fitted = fit_baselines(train, n_cells=50, n_drugs=20)
    expected = pd.Series(train.response).groupby(train.drug).mean()
    predicted = fitted.predict(Baseline.DRUG_MEAN, np.zeros(20, np.int32), np.arange(20, dtype=np.int32))
    np.testing.assert_allclose(predicted, expected.to_numpy(), atol=1e-12)


def test_no_rows_have_no_mean():
    with pytest.raises(ValueError, match="at least one training row"):
        fit_baselines(rows([], [], []), n_cells=1, n_drugs=1)
