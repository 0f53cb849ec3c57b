"""Specs and engines that take only what a test is about."""

import numpy as np

from benchmark_data.manifest import Scheme
from evaluator.arms import Arm
from evaluator.contract.predictions import read_predictions
from evaluator.engine.engine import Engine
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.ledger import Ledger
from evaluator.engine.runs import RunSpec
from evaluator.sandbox.stages import Limits


def make_spec(release, **changes) -> RunSpec:
    values = {
        "image": "sha256:" + "0" * 64,
        "release_id": release.id,
        "source": "A",
        "scheme": Scheme.RANDOM_ROWS,
        "split": 0,
        "arm": Arm.parse("real"),
        "seed": 7,
        "targets": ("A", "B"),
        "train": Limits(),
        "infer": Limits(),
    }
    return RunSpec(**values | changes)


def read_here(path, name, *, n_rows):
    """The reader without its child process, which most tests are not about."""
    return read_predictions(path, row_id=np.arange(n_rows)).prediction


def make_engine(release, folder, sandbox, **changes) -> Engine:
    builder = JobBuilder(release, folder / "jobs", now=lambda: 1000.0)
    return Engine(sandbox, builder, Ledger(folder), "evaluation", **{"slots": 2, "read": read_here} | changes)
