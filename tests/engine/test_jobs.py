"""What a container gets to see, and what it does not."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmark_data.release import Release
from evaluator.arms import Arm
from evaluator.mechanisms import mechanisms_of
from evaluator.sandbox.stages import Command, ModelFile
from tests.engine.builders import make_engine, make_spec
from tests.engine.fakes import CELLS, FakeSandbox, inside, job_of


@pytest.fixture
def stages(release, tmp_path):
    """Both stages of one run, for any change of its spec."""

    def started(**changes):
        class Kept(FakeSandbox):
            def discard(self, key):
                """Leave the job's files for the test to read."""

        sandbox = Kept(tmp_path)
        engine = make_engine(release, tmp_path / str(len(list(tmp_path.iterdir()))), sandbox, slots=1)
        spec = make_spec(release, targets=("B",), **changes)
        train = engine.builder.train_stage(spec, "train-key")
        model = ModelFile(tmp_path / "model", 7, "0" * 64)
        return train, engine.builder.infer_stage(spec, "infer-key", "B", model)

    return started


def table_of(stage, name):
    return pq.read_table(inside(stage, name)).to_pydict()


def test_train_gets_the_splits_rows_and_no_query(stages, release):
    train, _ = stages()
    assert len(table_of(train, "train.parquet")["response"]) == 24
    assert len(table_of(train, "val.parquet")["response"]) == 4
    assert not any("query" in mount.target for mount in train.mounts)


def test_infer_gets_pairs_in_an_order_of_its_own_and_no_answer(stages, release):
    _, infer = stages()
    query = table_of(infer, "query.parquet")
    assert list(query) == ["row_id", "cell_id", "drug_id"]
    assert query["row_id"] == list(range(32))
    in_file = [release.cells[code] for code in release.study("B").cell]
    assert sorted(query["cell_id"]) == sorted(in_file)
    assert query["cell_id"] != in_file
    assert not any(name in mount.target for mount in infer.mounts for name in ("train", "val"))


def test_nothing_that_a_container_can_read_names_its_arm_study_or_split(stages, release):
    for stage in stages(arm=Arm.parse("intradrug")):
        document = inside(stage, "job.json").read_text()
        paths = [str(mount.source) for mount in stage.mounts if not mount.source.is_relative_to(release.folder)]
        for word in ("intradrug", "random-rows", '"A"', '"B"'):
            assert word not in document
        assert not any("intradrug" in path or path.endswith(("/A", "/B")) for path in paths)


def test_feature_tables_are_mounted_from_the_release_and_not_copied(stages, release):
    train, infer = stages()
    for stage in (train, infer):
        assert inside(stage, "x/cell/expression.npy") == release.folder / "x/cell/expression.npy"
    assert job_of(train)["tables"] == job_of(infer)["tables"]


def test_a_release_that_was_opened_by_a_relative_path_is_mounted_by_an_absolute_one(release, tmp_path, monkeypatch):
    monkeypatch.chdir(release.folder.parent)
    opened = Release.open(release.folder.name)
    engine = make_engine(opened, tmp_path, FakeSandbox(tmp_path), slots=1)
    stage = engine.builder.train_stage(make_spec(opened, targets=("B",)), "key")
    assert all(mount.source.is_absolute() for mount in stage.mounts)


def test_remapped_ids_are_the_same_in_train_and_infer_and_in_every_table(stages, release):
    train, infer = stages(remap_ids=True)
    cells = inside(train, "x/cell/expression.rows.txt").read_text().splitlines()
    assert inside(infer, "x/cell/expression.rows.txt").read_text().splitlines() == cells
    assert len(set(cells)) == len(CELLS)
    assert not set(cells) & set(CELLS)
    answers = dict(zip(release.cells, cells, strict=True))
    study = release.study("A")
    expected = [answers[release.cells[code]] for code in study.cell[release.split("A", "random-rows", 0).train]]
    assert table_of(train, "train.parquet")["cell_id"] == expected
    assert set(table_of(infer, "query.parquet")["drug_id"]) == set(table_of(infer, "x/drug/smiles.parquet")["drug_id"])


def test_onehot_gives_names_in_place_of_features_and_shares_the_matrix(stages):
    train, infer = stages(arm=Arm.parse("onehot"))
    np.testing.assert_array_equal(np.load(inside(train, "x/cell/expression.npy")), np.eye(len(CELLS)))
    assert inside(train, "x/cell/expression.npy") == inside(infer, "x/cell/expression.npy")
    assert len(inside(train, "x/cell/expression.columns.txt").read_text().splitlines()) == len(CELLS)


def test_a_permuted_run_differs_from_the_real_one_in_its_answers_alone(stages):
    real, permuted = (table_of(stages(arm=Arm.parse(arm))[0], "train.parquet") for arm in ("real", "intradrug"))
    assert real["cell_id"] == permuted["cell_id"]
    assert real["drug_id"] == permuted["drug_id"]
    assert real["response"] != permuted["response"]
    assert sorted(real["response"]) == sorted(permuted["response"])


def test_the_job_says_what_the_stage_may_use_and_until_when(stages):
    train, infer = stages()
    assert job_of(train)["deadline"] == 1000.0 + 3600
    assert job_of(train)["resources"] == {"cpus": 1.0, "memory_mb": 4096, "gpus": 0, "wall_s": 3600}
    assert "target" not in job_of(train)
    assert job_of(infer)["target"] == "infer-ke"
    assert (train.command, infer.command) == (Command.TRAIN, Command.INFER)


def test_mechanisms_are_read_from_the_drug_list(release):
    assert mechanisms_of(release) == ({"EGFR"}, {"EGFR", "MEK"}, set(), set())
