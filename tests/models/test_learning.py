"""Every model, small: it repeats itself, and answers after a reload as before. What it learns: test_tiny_release.py."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from reference_models import training
from reference_models.neural import Examples, predict
from reference_models.pairs import pair_up

CONTROLS = ["drug_mean", "mean_effects", "random"]
LEARNERS = [
    "lgbm", "pair_gbdt", "uno", "graphdrp", "deepcdr", "hidra", "tcnns", "two_arm", "deepttc", "xgdp", "elastic_net",
]  # fmt: skip
BRIEF = {name: {"epochs": 2} for name in LEARNERS} | {name: {"trees": 5} for name in ("lgbm", "pair_gbdt")}
BRIEF |= {"elastic_net": {"steps": 5}} | {name: {} for name in CONTROLS}


def r2(truth, predicted):
    return 1 - np.sum((truth - predicted) ** 2) / np.sum((truth - truth.mean()) ** 2)


def test_xgdp_learns_with_graph_attention_too(run_model, screen):
    """The drug mean explains about .2 here, the planted interaction most of the rest, and noise less than .1."""
    truth = np.load(screen / "truth.npy")
    attention = {"convolution": "gat", "attention_widths": [8, 16], "attention_heads": 2}
    assert r2(truth, run_model("xgdp", **attention)) > r2(truth, run_model("drug_mean")) + 0.3


def test_random_answers_explain_nothing(run_model, screen):
    assert r2(np.load(screen / "truth.npy"), run_model("random")) < 0


@pytest.mark.parametrize("name", CONTROLS + LEARNERS)
def test_the_same_seed_gives_the_same_predictions(name, run_model):
    first = run_model(name, **BRIEF[name])
    np.testing.assert_array_equal(run_model(name, **BRIEF[name]), first)


@pytest.mark.parametrize("name", ["random", "uno", "graphdrp"])
def test_another_seed_gives_others(name, run_model):
    first = run_model(name, **BRIEF[name])
    assert (run_model(name, seed=2, **BRIEF[name]) != first).any()


@pytest.mark.parametrize("name", ["uno", "graphdrp", "deepcdr", "hidra", "tcnns", "two_arm", "deepttc", "xgdp"])
def test_predictions_after_a_reload_equal_those_before(name, run_model, make_job, screen, monkeypatch):
    kept = []
    train = training.fit
    monkeypatch.setattr(training, "fit", lambda *args, **named: kept.append(args) or train(*args, **named))
    after = run_model(name, **BRIEF[name])
    model, features = kept[0][:2]
    job = make_job("infer")
    ids = [sorted(set(column.to_pylist())) for column in columns(job)]
    pairs = pair_up(job.rows("query"), *ids)
    before = predict(model, features, Examples.of(pairs, torch.device("cpu")))
    np.testing.assert_array_equal(before.numpy(), after)


def columns(job):
    """All ids of training and validation, in the order in which training has their features."""
    rows = [job.rows(part) for part in ("train", "val")]
    return [pa.chunked_array([getattr(part, entity) for part in rows]) for entity in ("cell", "drug")]
