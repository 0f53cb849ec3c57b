"""What the demonstration submits: two controls and three models of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class DemoModel:
    module: str
    name: str
    kind: str
    description: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


MODELS = (
    DemoModel(
        "drug_mean", "Drug mean", "control", "The mean response of each drug over the cells that it was tried on."
    ),
    DemoModel("mean_effects", "Mean effects", "control", "The mean of each drug plus that of each cell."),
    DemoModel("lgbm", "LightGBM", "reference", "Gradient boosting on expression and fingerprints, row by row."),
    DemoModel("pair_gbdt", "Pair GBDT", "reference", "Exact gradient boosting on pairs of cells and drugs."),
    DemoModel(
        "two_arm",
        "Two-arm network",
        "reference",
        "Two towers, one for expression and one for fingerprints, and a head on both.",
        {"epochs": 8, "batch": 64, "learning_rate": 1e-3},
        "Trained for 8 epochs alone, so that the demonstration is short.",
    ),
)
