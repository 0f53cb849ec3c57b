import numpy as np

from evaluator.scoring.metrics import Metric
from evaluator.scoring.strata import Stratum, strata, stratum_groups, stratum_scores
from evaluator.scoring.truth import Why
from tests.scoring.builders import make_truth

# Training rows are the pairs (0, 0) and (1, 1); the target's rows a replicate, a new pair, a new cell and a new drug.
TRAIN = {"train_cell": np.array([0, 1], dtype=np.int32), "train_drug": np.array([0, 1], dtype=np.int32)}
CELL, DRUG = [0, 0, 2, 1], [0, 1, 0, 2]


def test_rows_fall_into_strata_by_what_training_held():
    rows = strata(make_truth([0.0, 1.0, 2.0, 3.0], cell=CELL, drug=DRUG), **TRAIN)
    assert {str(stratum): np.flatnonzero(is_in).tolist() for stratum, is_in in rows.items()} == {
        "seen cell": [0, 1, 3],
        "unseen cell": [2],
        "seen drug": [0, 1, 2],
        "unseen drug": [3],
        "seen pair": [0],
        "unseen pair": [1, 2, 3],
    }


def test_each_stratum_is_scored_on_its_own_rows():
    truth = make_truth([0.0, 1.0, 2.0, 3.0], cell=CELL, drug=DRUG)
    groups = stratum_groups(truth, strata(truth, **TRAIN))
    found = stratum_scores(groups, np.array([9.0, 2.0, 4.0, 6.0], dtype=np.float32))
    assert found[Stratum.SEEN_PAIR].n_rows == 1
    assert found[Stratum.SEEN_PAIR].scores[Metric.MAE].value == 9.0
    assert found[Stratum.SEEN_PAIR].scores[Metric.R2].reason == Why.TOO_FEW_ROWS
    assert found[Stratum.UNSEEN_PAIR].n_rows == 3
    assert found[Stratum.UNSEEN_PAIR].scores[Metric.MAE].value == 2.0  # errors 1, 2 and 3
    assert found[Stratum.UNSEEN_PAIR].scores[Metric.SPEARMAN].value == 1.0


def test_a_stratum_without_rows_is_there_and_undefined():
    truth = make_truth([0.0, 1.0], cell=[0, 1], drug=[0, 1])
    groups = stratum_groups(truth, strata(truth, **TRAIN), ranked=False)
    found = stratum_scores(groups, np.array([0.0, 1.0]), metrics=[Metric.R2])
    assert found[Stratum.UNSEEN_CELL].n_rows == 0
    assert found[Stratum.UNSEEN_CELL].scores[Metric.R2].reason == Why.NO_ROWS
    assert list(found) == list(Stratum)
