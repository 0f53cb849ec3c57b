"""Every model, small: it learns what is planted, it repeats itself, and it answers every row asked."""

import importlib

import numpy as np
import pytest

CONVOLUTION = {"epochs": 30, "batch": 32, "learning_rate": 3e-3, "kernel": 4, "channels": [8, 16, 16]}
CONVOLUTION |= {"head_layers": [64, 32], "head_dropout": 0.0, "drug_dropout": 0.0}
TRANSFORMER = {"transformer_layers": 1, "attention_heads": 2, "embedding": 16, "feed_forward": 32, "length": 20}
SMALL = {
    "drug_mean": {},
    "mean_effects": {},
    "random": {},
    "elastic_net": {},
    "lgbm": {"trees": 100, "leaf_rows": 5},
    "pair_gbdt": {"trees": 100, "leaf_rows": 5},
    "two_arm": {"epochs": 40, "batch": 32, "learning_rate": 1e-3, "cell_layers": [64, 32], "drug_layers": [32, 16]},
    "uno": {"epochs": 12, "width": 64, "learning_rate": 3e-3, "warm_up": 2},
    "graphdrp": CONVOLUTION,
    "xgdp": CONVOLUTION | {"graph_widths": [16, 16, 16], "pooled": 32},
    "hidra": {"epochs": 60, "patience": 60, "learning_rate": 3e-3},
    "tcnns": {"epochs": 40, "channels": [8, 8, 8], "head": 64, "learning_rate": 3e-3, "dropout": 0.0, "batch": 32},
    "deepcdr": {
        "epochs": 30,
        "patience": 30,
        "graph_layers": [16, 16, 16],
        "omics_layers": [32, 16],
        "mutation_kernels": [10, 5],
        "head": 100,
        "head_kernels": [50, 5, 5],
    },
    "deepttc": TRANSFORMER
    | {
        "epochs": 30,
        "cell_layers": [64, 32],
        "vocabulary": 100,
        "head_layers": [64, 32],
        "learning_rate": 3e-3,
        "batch": 32,
        "dropout": 0.0,
    },
}
LEARN_THE_INTERACTION = sorted(set(SMALL) - {"drug_mean", "mean_effects", "random"})


def run(name, make_job, *, seed=1, **changes):
    model = importlib.import_module(f"reference_models.{name}")
    model.train(make_job("train", seed=seed, settings=SMALL[name] | changes))
    job = make_job("infer", seed=seed)
    model.infer(job)
    return np.load(job.root / "out" / "predictions.npy")


def r2(truth, predicted):
    return 1 - np.sum((truth - predicted) ** 2) / np.sum((truth - truth.mean()) ** 2)


@pytest.mark.parametrize("name", LEARN_THE_INTERACTION)
def test_a_model_with_cell_features_beats_the_drug_mean_where_cells_and_drugs_interact(name, make_job, screen):
    truth = np.load(screen / "truth.npy")
    by_drug = r2(truth, run("drug_mean", make_job))
    got = r2(truth, run(name, make_job))
    print(name, got, by_drug)
    assert got > by_drug + 0.2
