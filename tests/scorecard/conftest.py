"""The tiny release, and predictions of it that are known."""

import numpy as np
import pytest

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.baselines import Baseline
from evaluator.scorecard.design import whole_design


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("tiny") / "release"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture(scope="session")
def design(tiny):
    return whole_design(tiny, splits=(0, 1, 2))


@pytest.fixture(scope="session")
def read(design):
    """Mean effects for the permuted arm; the real one is 30% of the way from there to the truth."""
    made = {}

    def predictions(arm, entry):
        if (arm, entry) not in made:
            rows = design.rows(entry)
            effects = design.baselines(entry.source, entry.split).predict(Baseline.MEAN_EFFECTS, rows.cell, rows.drug)
            share = 0.3 if str(arm) == "real" else 0.0
            made[arm, entry] = (effects + share * (rows.response - effects)).astype(np.float32)
        return made[arm, entry]

    return predictions
