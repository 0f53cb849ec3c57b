"""Two models on improvelib, unchanged and without an entry point, through the walls of the real sandbox."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmark_data.csa_export import Layout
from benchmark_data.manifest import Entity
from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.contract.improve import ImproveModel
from evaluator.engine.builders import job_builder
from evaluator.engine.engine import Engine
from evaluator.engine.ledger import Ledger
from evaluator.rows import Rows
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Limits
from tests.engine.builders import make_spec, read_here
from tests.sandbox.stages import docker_or_skip, nothing_left

pytestmark = pytest.mark.docker
IMAGE = "holdout-test-improve"
LIMITS = Limits(cpus=1, memory_mb=1024, pids=64, model_mb=16, out_mb=64, shm_mb=8, wall_s=300)
ROUNDED = 0.5e-4 + 1e-7  # improvelib writes 4 places


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("release") / "tiny"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture
def sandbox(tmp_path):
    sandbox = docker_or_skip(tmp_path / "sandbox")
    yield sandbox
    sandbox.reap()
    assert nothing_left(sandbox, tmp_path)
    sandbox.close()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Built once on a machine: its layers stay, so that improvelib is not installed again for every test run."""
    docker_or_skip(tmp_path_factory.mktemp("sandbox")).close()
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", IMAGE, Path(__file__).parent / "improve_models"],
        check=True,
        timeout=900,
        capture_output=True,
    )
    yield IMAGE
    subprocess.run(["docker", "rmi", "--no-prune", IMAGE], check=True, capture_output=True)


@pytest.fixture
def through(tiny, image, sandbox, tmp_path):
    """A model's run on SynthA's first split, asked about it and about another study."""

    def run(model, **changes):
        source, _, target = tiny.study_names()[:3]
        given = {"source": source, "targets": (source, target), "train": LIMITS, "infer": LIMITS} | changes
        spec = make_spec(tiny, image=sandbox.image_id(image), improve=model, **given)
        builder = job_builder(tiny, tmp_path / "jobs", spec)
        (result,) = Engine(sandbox, builder, Ledger(tmp_path), "e", 1, read=read_here).run([spec])
        return spec, builder, result

    return run


def drug_means(train: Rows, n_drugs: int):
    """The mean answer of each drug, the mean of all where a drug was not trained on."""
    counts = np.bincount(train.drug, minlength=n_drugs)
    sums = np.bincount(train.drug, weights=train.response, minlength=n_drugs)
    return np.divide(sums, counts, out=np.full(n_drugs, train.response.mean()), where=counts > 0)


def assert_predicts(expected, spec, builder, result, folder):
    assert [(ending.outcome, ending.log.tail) for ending in result.infer.values()] == [(Outcome.FINISHED, "")] * 2
    for target in spec.targets:
        rows = builder.target_rows(spec, target)
        values = np.load(Ledger(folder).predictions_path(spec, target))
        np.testing.assert_allclose(values, expected(rows), rtol=0, atol=ROUNDED)


def test_a_model_that_shuffles_its_rows_is_joined_by_the_ids_that_it_writes(tiny, through, tmp_path):
    spec, builder, result = through(ImproveModel("shuffling", Layout.MANY_HEADERS))
    train, _ = builder.training_rows(spec)
    gene = np.asarray(tiny.table(Entity.CELL, "expression").values[:, 0], np.float64)  # one row a cell, in their order
    assert tiny.table(Entity.CELL, "expression").ids == tiny.cells
    scaled = (gene - gene[train.cell].mean()) / gene[train.cell].std()
    mean = drug_means(train, len(tiny.drugs))
    slope = scaled[train.cell] @ (train.response - mean[train.drug]) / (scaled[train.cell] @ scaled[train.cell])
    assert abs(slope) > 10 * ROUNDED, "the gene matters"
    assert_predicts(lambda rows: mean[rows.drug] + slope * scaled[rows.cell], spec, builder, result, tmp_path)


def test_a_model_that_writes_no_ids_is_joined_by_its_own_test_y_data(tiny, through, tmp_path):
    spec, builder, result = through(ImproveModel("nameless", Layout.ONE_HEADER))
    mean = drug_means(builder.training_rows(spec)[0], len(tiny.drugs))
    assert_predicts(lambda rows: mean[rows.drug], spec, builder, result, tmp_path)


def test_a_model_that_the_image_does_not_have_is_the_images_fault_in_a_sentence(through):
    _, _, result = through(ImproveModel("uno"))
    assert result.train.outcome is Outcome.IMAGE_REFUSED
    assert result.train.reason == (
        "there is no uno_preprocess_improve.py in the image's working directory, /models: "
        "set WORKDIR to where the three scripts are"
    )
