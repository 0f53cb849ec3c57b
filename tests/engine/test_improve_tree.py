"""What an IMPROVE model gets to see: its training answers, every row in its place, and nothing of what it is asked."""

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmark_data.csa_export import Layout, row_positions
from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.release import Release
from benchmark_data.writer import ReleaseWriter
from evaluator.arms import Arm
from evaluator.contract.errors import ContractError
from evaluator.contract.improve import ImproveModel
from evaluator.engine.builders import job_builder
from evaluator.engine.improve import tree
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.runs import RunSpec
from evaluator.sandbox.stages import Command, ModelFile
from tests.engine.builders import make_spec
from tests.engine.fakes import CELLS, DRUGS, inside

RESPONSES = ("auc", "ic50", "aac1")
ROWS = len(CELLS) * len(DRUGS)


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> Release:
    """Two studies of the same pairs; three responses a row, no two of them alike."""
    drawn = np.random.default_rng(3).random((2, len(RESPONSES), ROWS)).round(9)
    assert len(np.unique(drawn)) == drawn.size
    folder = tmp_path_factory.mktemp("release") / "r"
    with ReleaseWriter(
        folder, name="two", version="1", task=Task.REGRESSION, response=Response("auc", Direction.LOWER)
    ) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": CELLS, "tissue": ["lung"] * len(CELLS)}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": DRUGS}))
        for number, name in enumerate(("A", "B")):
            rows = np.arange(ROWS) + number * ROWS
            pairs = {"cell_id": np.repeat(CELLS, len(DRUGS)), "drug_id": np.tile(DRUGS, len(CELLS))}
            responses = dict(zip(RESPONSES, drawn[number], strict=True))
            writer.add_study(name, pa.table({"row_id": rows} | pairs | responses))
            writer.add_splits(name, Scheme.RANDOM_ROWS, [(rows[8:], rows[4:8], rows[:4])])
        values = np.arange(len(CELLS) * 3, dtype=np.float32).reshape(len(CELLS), 3)
        writer.add_matrix(Entity.CELL, "expression", ids=CELLS, columns=("g1", "g2", "g3"), values=values)
        writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": DRUGS, "smiles": ["C", "CC", "CCC", "CCCC"]}))
    return Release.open(folder)


def spec_of(release, **changes) -> RunSpec:
    return make_spec(release, **{"improve": ImproveModel("graphdrp")} | changes)


@pytest.fixture
def stages(answered, tmp_path):
    """Train, then infer on A's test rows and on B, for any change of the spec."""

    def built(**changes):
        spec = spec_of(answered, **changes)
        builder = job_builder(answered, tmp_path, spec)
        model = ModelFile(tmp_path / "model", 7, "0" * 64)
        infer = [builder.infer_stage(spec, f"infer-{target.lower()}", target, model) for target in spec.targets]
        return builder.train_stage(spec, "train"), *infer

    return built


def responses_of(stage) -> pd.DataFrame:
    return pd.read_csv(inside(stage, "csa_data/y_data") / "response.tsv", sep="\t")


def split_of(stage, part) -> list[int]:
    return [int(line) for line in (inside(stage, "csa_data/splits") / f"study_split_0_{part}.txt").read_text().split()]


def all_text(stage) -> str:
    files = [path for mount in stage.mounts if mount.source.is_dir() for path in mount.source.rglob("*.t*")]
    assert len(files) >= 6
    return "".join(path.read_text() for path in files)


def test_no_answer_but_those_of_train_and_val_is_in_any_file_of_any_stage(stages, answered):
    split = answered.split("A", Scheme.RANDOM_ROWS, 0)
    stored = {name: pd.read_parquet(answered.folder / f"y/{name}.parquet")[list(RESPONSES)] for name in ("A", "B")}
    seen = stored["A"].iloc[np.concatenate([split.train, split.val])].to_numpy().ravel()
    hidden = [*stored["A"].iloc[split.test].to_numpy().ravel(), *stored["B"].to_numpy().ravel()]
    assert (len(seen), len(hidden)) == (3 * 28, 3 * 36)
    for stage in stages():
        text = all_text(stage)
        assert all(repr(float(answer)) in text for answer in seen), "the search finds what is there"
        assert not any(repr(float(answer)) in text for answer in hidden)


def test_every_row_stays_in_its_place_with_zeros_for_what_is_hidden(stages, answered):
    for stage in stages():
        rows = responses_of(stage)
        assert rows["source"].tolist() == ["A"] * ROWS + ["B"] * ROWS
        assert rows["improve_sample_id"].tolist() == 2 * np.repeat(CELLS, len(DRUGS)).tolist()
        hidden = rows.drop(index=[*split_of(stage, "train"), *split_of(stage, "val")])
        answers = hidden.drop(columns=["source", "improve_sample_id", "improve_chem_id", "study"])
        assert answers.columns[0] == "auc"
        assert (answers == 0.0).all(axis=None)


def test_train_is_tested_on_its_own_validation_rows_and_sees_no_query(stages):
    train, *_ = stages()
    assert split_of(train, "test") == split_of(train, "val") == [4, 5, 6, 7]
    assert len(split_of(train, "train")) == 24


def test_a_target_is_asked_about_as_the_test_part_in_an_order_of_its_own(stages, answered):
    train, own, other = stages()
    assert sorted(split_of(own, "test")) == [0, 1, 2, 3]
    assert sorted(split_of(other, "test")) == row_positions(answered, "B").tolist() != split_of(other, "test")
    assert all(split_of(stage, "train") == split_of(train, "train") for stage in (own, other))


def test_the_driver_is_run_in_place_of_an_entry_point_and_told_nothing_of_study_split_or_arm(stages):
    for stage in stages(arm=Arm.parse("intradrug"), settings={"epochs": 5, "learning_rate": 0.01}):
        assert stage.entrypoint[0] == "/bin/sh"
        assert stage.entrypoint[4:] == (
            *("/holdout/.improve.py", "--model", "graphdrp", "--y_col_name", "auc"),
            "--train_options=--epochs 5 --learning_rate 0.01",
        )
        mounted = [f"{mount.source} {mount.target}" for mount in stage.mounts]
        assert not any("intradrug" in paths or paths.endswith(("/A", "/B")) for paths in mounted)
        assert {path.name for path in inside(stage, "csa_data/splits").iterdir()} == {
            f"study_split_0_{part}.txt" for part in ("train", "val", "test")
        }


def test_both_stages_run_as_the_same_user_and_infer_gets_the_model(stages):
    train, own, _ = stages()
    assert (train.command, own.command) == (Command.TRAIN, Command.INFER)
    assert train.uid == own.uid
    assert (train.model, own.model.size_bytes) == (None, 7)


def test_an_arm_gives_the_same_answers_as_to_every_other_model(stages, answered, tmp_path):
    arm = Arm.parse("intradrug")
    train, *_ = stages(arm=arm)
    rows = responses_of(train)
    native = JobBuilder(answered, tmp_path / "native").training_rows(make_spec(answered, arm=arm))
    for part, expected in zip(("train", "val"), native, strict=True):
        np.testing.assert_array_equal(rows["auc"][split_of(train, part)], expected.response)


def test_an_arm_moves_all_responses_of_a_row_together(stages):
    plain, shuffled = (responses_of(stages(arm=Arm.parse(arm))[0])[list(RESPONSES)] for arm in ("real", "intradrug"))
    assert not plain.equals(shuffled)
    assert set(map(tuple, plain.to_numpy())) == set(map(tuple, shuffled.to_numpy()))


def test_rows_that_an_arm_leaves_out_are_hidden_and_in_no_part(stages):
    train, *_ = stages(arm=Arm.parse("k-cells:2"))
    shown = [*split_of(train, "train"), *split_of(train, "val")]
    assert len(split_of(train, "train")) == 2 * len(DRUGS)
    assert np.flatnonzero(responses_of(train)["auc"]).tolist() == sorted(shown)


def test_features_are_written_once_and_shared_by_stages_runs_and_threads(answered, tmp_path, monkeypatch):
    written = []
    write = tree.write_matrix
    monkeypatch.setattr(tree, "write_matrix", lambda *args, **kwargs: (written.append(1), write(*args, **kwargs)))
    places = []

    def ask():
        places.append(tree.shared_features(answered, tmp_path, layout=Layout.ONE_HEADER, identity=False))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 1
    assert len(places) == 4
    assert set(places) == {tmp_path / f"{answered.id[:20]}-1.0.0"}


def test_what_a_killed_writer_left_of_the_features_is_not_taken_for_them(answered, tmp_path, monkeypatch):
    def killed(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(tree, "write_names", killed)
        tree.shared_features(answered, tmp_path, layout=Layout.ONE_HEADER, identity=False)
    place = tree.shared_features(answered, tmp_path, layout=Layout.ONE_HEADER, identity=False)
    files = {"cancer_gene_expression.tsv", "drug_SMILES.tsv", "drug_info.tsv"}
    assert {path.name for path in place.iterdir()} == files


@pytest.mark.parametrize(("layout", "headers"), [(Layout.MANY_HEADERS, 3), (Layout.ONE_HEADER, 1)])
def test_a_model_gets_the_header_rows_that_it_declares(stages, layout, headers):
    train, *_ = stages(improve=ImproveModel("graphdrp", layout))
    lines = (inside(train, "csa_data/x_data") / "cancer_gene_expression.tsv").read_text().splitlines()
    assert len(lines) == headers + len(CELLS)
    assert lines[0] == "improve_sample_id\tg1\tg2\tg3"


def test_onehot_gives_names_for_features_in_a_place_of_their_own(stages):
    train, *_ = stages(arm=Arm.parse("onehot"))
    place = inside(train, "csa_data/x_data")
    read = pd.read_csv(place / "cancer_gene_expression.tsv", sep="\t", index_col=0, header=[0, 1, 2])
    np.testing.assert_array_equal(read.to_numpy(), np.eye(len(CELLS)))
    assert place != inside(stages()[0], "csa_data/x_data")
    assert "lung" not in all_text(train)


def test_a_track_that_renames_ids_is_refused(answered, tmp_path):
    with pytest.raises(ContractError, match="a track that renames ids"):
        job_builder(answered, tmp_path, spec_of(answered, remap_ids=True))


def test_a_classification_release_is_refused(answered, tmp_path):
    release = Release.open(answered.folder)
    release.manifest = replace(release.manifest, task=Task.CLASSIFICATION)
    with pytest.raises(ContractError, match="for regression alone"):
        job_builder(release, tmp_path, spec_of(release))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epoch": 5}, "column epoch: an IMPROVE model is passed epochs, learning_rate, batch_size and nothing else"),
        ({"epochs": 2.5}, "column epochs: '2.5' is no whole number above zero"),
        ({"epochs": True}, "column epochs: 'True' is no whole number above zero"),
        ({"learning_rate": "1 --config_file x"}, "column learning_rate: '1 --config_file x' is no number above zero"),
        ({"batch_size": 0}, "column batch_size: '0' is no whole number above zero"),
    ],
)
def test_settings_that_a_script_would_end_at_are_refused_beforehand(answered, tmp_path, settings, sentence):
    with pytest.raises(ContractError, match=sentence):
        job_builder(answered, tmp_path, spec_of(answered, settings=settings))


@pytest.mark.parametrize("name", ["", "-x", "a b", "../up", "x" * 65])
def test_a_models_name_is_a_name(name):
    with pytest.raises(ContractError, match="is no name of a model"):
        ImproveModel(name)


def test_a_spec_with_an_improve_model_survives_being_written_down_and_has_a_key_of_its_own(answered):
    spec = spec_of(answered, improve=ImproveModel("uno", Layout.ONE_HEADER))
    assert RunSpec.from_json(spec.to_json()) == spec
    assert len({spec.key(), spec_of(answered).key(), make_spec(answered).key()}) == 3


def test_a_submission_of_our_own_contract_gets_its_own_builder(answered, tmp_path):
    assert type(job_builder(answered, tmp_path, make_spec(answered))) is JobBuilder
