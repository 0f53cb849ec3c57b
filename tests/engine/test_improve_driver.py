"""The driver calls three scripts as IMPROVE does, and joins what they predict or says why not."""

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract.improve import ImproveModel
from evaluator.engine.engine import Engine
from evaluator.engine.improve import driver
from evaluator.engine.improve.driver import OUTPUT_REFUSED, Refused, joined
from evaluator.engine.improve.jobs import ImproveJobBuilder
from evaluator.engine.ledger import Ledger
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Command, Log
from tests.engine.builders import make_spec, read_here
from tests.engine.fakes import FakeSandbox

ASKED = [("c1", "d1"), ("c2", "d1"), ("c1", "d1")]
IDS = "improve_sample_id,improve_chem_id,auc_pred\n"
# A model without improvelib: keeps the arguments, turns its rows round, reads an answer from the digits of the ids.
SCRIPTS = {
    "preprocess": """
rows = [line.split("\\t") for line in (Path(given["input_dir"]) / "y_data/response.tsv").open()]
cell, drug = (rows[0].index(name) for name in ("improve_sample_id", "improve_chem_id"))
test = (Path(given["input_dir"]) / "splits" / given["test_split_file"]).read_text().split()
out = Path(given["output_dir"])
out.mkdir()
lines = [f"{rows[int(p) + 1][cell]},{rows[int(p) + 1][drug]},0.0" for p in reversed(test)]
(out / "test_y_data.csv").write_text("\\n".join(["improve_sample_id,improve_chem_id,auc", *lines, ""]))
""",
    "train": """
(Path(given["output_dir"]) / "weights").write_text("learned")
""",
    "infer": """
assert (Path(given["input_model_dir"]) / "weights").read_text() == "learned"
out = Path(given["output_dir"])
out.mkdir()
rows = [line.split(",") for line in (Path(given["input_data_dir"]) / "test_y_data.csv").open()][1:]
lines = [f"0.0,{int(row[0][-1]) / 100 + int(row[1][-1]) / 10}" for row in rows]
(out / "test_y_data_predicted.csv").write_text("\\n".join(["auc_true,auc_pred", *lines, ""]))
""",
}
BEGIN = """
import json, sys
from pathlib import Path
given = dict(zip((word[2:] for word in sys.argv[1::2]), sys.argv[2::2]))
with Path("calls.jsonl").open("a") as calls:
    calls.write(json.dumps([Path(sys.argv[0]).name, *sys.argv[1:]]) + "\\n")
"""


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """The working directory of an image with the model tiny_*_improve.py."""
    folder = tmp_path / "image"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for stage, text in SCRIPTS.items():
        (folder / f"tiny_{stage}_improve.py").write_text(BEGIN + text)
    return folder


class DriverSandbox(FakeSandbox):
    """Runs the driver on the mounts of a stage, as the container would."""

    def collect(self, key, into):
        spec = self.stages[key]
        root = self.home / key
        (root / "csa_data").mkdir(parents=True)
        (root / "out").mkdir()
        (self.home / "model").mkdir(exist_ok=True)
        (root / "model").symlink_to(self.home / "model")
        for mount in spec.mounts:
            if mount.source.is_dir():
                (root / Path(mount.target).relative_to("/holdout")).symlink_to(mount.source)
        driver.main([*spec.entrypoint[5:], str(spec.command)], root)
        self.root = root
        return super().collect(key, into)

    def answer(self, spec):
        return (self.root / "out/predictions.csv").read_text()


def run_of(release, folder, sandbox, **changes):
    spec = make_spec(release, improve=ImproveModel("tiny"), **changes)
    builder = ImproveJobBuilder(release, folder / "jobs")
    (result,) = Engine(sandbox, builder, Ledger(folder), "evaluation", 1, read=read_here).run([spec])
    return spec, result


def test_predictions_reach_the_rows_that_they_are_of_whatever_the_models_order(release, scripts, tmp_path):
    spec, result = run_of(release, tmp_path / "run", DriverSandbox(tmp_path / "inside"))
    assert {ending.outcome for ending in result.infer.values()} == {Outcome.FINISHED}
    for target in spec.targets:
        study = release.study(target)
        rows = release.split("A", spec.scheme, 0).test if target == "A" else slice(None)
        values = np.load(Ledger(tmp_path / "run").predictions_path(spec, target))
        np.testing.assert_allclose(values, study.response[rows], atol=1e-7)


def test_scripts_are_passed_what_improve_passes_and_nothing_else(release, scripts, tmp_path):
    settings = {"epochs": 3, "batch_size": 64}
    run_of(release, tmp_path / "run", DriverSandbox(tmp_path / "in"), targets=("B",), settings=settings)
    calls = [json.loads(line) for line in (scripts / "calls.jsonl").read_text().splitlines()]
    assert [call[0] for call in calls] == [
        f"tiny_{stage}_improve.py" for stage in ("preprocess", "train", "preprocess", "infer")
    ]
    splits = [f"--{part}_split_file study_split_0_{part}.txt" for part in ("train", "val", "test")]
    first, second = sorted((tmp_path / "in").glob("*/out"), key=lambda out: (out / "predicted").exists())
    paths = [first, first, second, second]
    told = [" ".join(call[1:]).replace(f"{out.parent}/", "") for call, out in zip(calls, paths, strict=True)]
    preprocess = f"{' '.join(splits)} --input_dir csa_data --output_dir out/ml_data --y_col_name auc"
    assert told == [
        preprocess,
        "--input_dir out/ml_data --output_dir model --y_col_name auc --epochs 3 --batch_size 64",
        preprocess,
        "--input_data_dir out/ml_data --input_model_dir model --output_dir out/predicted --y_col_name auc "
        "--calc_infer_scores false",
    ]


def test_the_driver_needs_no_more_than_python_3_7_and_its_library():
    source = Path(driver.__file__).read_text()
    parsed = ast.parse(source, feature_version=(3, 7))
    imported = {node.module for node in ast.walk(parsed) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(parsed) if isinstance(node, ast.Import) for name in node.names}
    assert imported <= sys.stdlib_module_names


def test_a_script_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match=r"there is no uno_train_improve\.py in the image's working directory") as refusal:
        driver.call("uno", "train")
    assert refusal.value.code == driver.IMAGE_REFUSED


def test_a_script_that_fails_is_named_with_its_exit_code(scripts):
    (scripts / "tiny_train_improve.py").write_text("raise SystemExit(65)")
    with pytest.raises(Refused, match=r"^tiny_train_improve\.py ended with exit code 65$") as refusal:
        driver.call("tiny", "train")
    assert refusal.value.code == 1, "a script's own 65 does not mean ours"


@pytest.fixture
def left(tmp_path):
    """Joins what a model left: its predictions, and its own test_y_data.csv."""

    def join(predicted, own=None):
        for name, text in (("test_y_data_predicted.csv", predicted), ("test_y_data.csv", own)):
            if text is not None:
                (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return joined(tmp_path, tmp_path, ASKED, y_col_name="auc")

    return join


def test_predictions_are_joined_by_the_ids_beside_them(left):
    # The model's own y file says otherwise, and is not asked.
    own = "improve_sample_id,improve_chem_id\nc1,d1\nc2,d1\nc1,d1\n"
    assert left(IDS + "c2,d1,0.25\nc1,d1,0.5\nc1,d1,0.5\n", own) == [0.5, 0.25, 0.5]


def test_predictions_without_ids_are_joined_by_the_models_own_test_y_data(left):
    own = "improve_chem_id,auc,improve_sample_id\nd1,0.0,c1\nd1,0.0,c1\nd1,0.0,c2\n"
    assert left("auc_true,auc_pred\n0.0,0.5\n0.0,0.5\n0.0,0.25\n", own) == [0.5, 0.25, 0.5]


def test_one_prediction_of_a_repeated_pair_is_enough_and_rounding_is_no_disagreement(left):
    assert left(IDS + "c1,d1,0.5\nc2,d1,0.25\n") == [0.5, 0.25, 0.5]
    assert left(IDS + "c1,d1,0.5\nc2,d1,0.25\nc1,d1,0.5001\n") == [0.5, 0.25, 0.5]


@pytest.mark.parametrize(
    ("predicted", "own", "sentence"),
    [
        (None, None, "infer left no test_y_data_predicted.csv in its output_dir"),
        ("", None, "it is no CSV file with a header"),
        (IDS + "c1,d1,0.5\nc3,d1,0.5\n", None, r"row 2: the pair \('c3', 'd1'\) was not asked for"),
        (IDS + ",d1,0.5\n", None, r"row 1: the pair \('', 'd1'\) was not asked for"),
        (IDS + "c1,d1,0.5\n", None, r"1 of the 3 rows asked for have no prediction, the pair \('c2', 'd1'\) first"),
        (
            IDS + "c1,d1,0.5\nc1,d1,0.6\n",
            None,
            r"row 2: 0.6 for the pair .* and 0.5 in an earlier row: they must agree",
        ),
        (IDS + "c1,d1,nan\n", None, "row 1: 'nan' is not a finite number"),
        (IDS + "c1,d1,-inf\n", None, "row 1: '-inf' is not a finite number"),
        (IDS + "c1,d1,\n", None, "row 1: '' is not a finite number"),
        (IDS + "c1,d1,high\n", None, "row 1: 'high' is not a finite number"),
        (IDS + "c1,d1,0.5\nc2,d1\n", None, "row 2: it has 2 cells, and the header 3"),
        ("improve_sample_id,improve_chem_id,pred\nc1,d1,0.5\n", None, "the column auc_pred 0 times, once is right"),
        ("auc_pred,auc_pred\n0.5,0.5\n", None, "the column auc_pred 2 times, once is right"),
        ("improve_sample_id,auc_pred\nc1,0.5\n", None, "preprocess left no test_y_data.csv that has them"),
        ("auc_pred\n0.5\n", "auc\n0.0\n", "preprocess left no test_y_data.csv that has them"),
        ("auc_pred\n0.5\n", "improve_sample_id,improve_chem_id\nc1,d1\nc2,d1\n", "has 1 rows and no ids, .* left 2"),
        (b"auc_pred\n\x00\n", None, "no CSV file|not a finite number"),
        (IDS + "c1,d1," + "9" * 200_000 + "\n", None, "it is no CSV file"),
    ],
)
def test_what_cannot_be_joined_is_refused_with_a_sentence(left, predicted, own, sentence):
    with pytest.raises(Refused, match=sentence) as refusal:
        left(predicted, own)
    assert refusal.value.code == OUTPUT_REFUSED
    assert "\n" not in str(refusal.value)


class Failing(FakeSandbox):
    """Ends its infer stages with an exit code and a log."""

    code = OUTPUT_REFUSED

    def _ending(self, key):
        ending = super()._ending(key)
        if self.stages[key].command is Command.TRAIN:
            return ending
        log = Log(head="Loaded data\ntest_y_data_predicted.csv: \x1bit has no auc_pred\n")
        return type(ending)(outcome=Outcome.CRASHED, exit_code=self.code, oom_killed=False, wall_s=1.0, log=log)


def test_a_refused_join_is_a_refused_output_with_the_drivers_sentence(release, tmp_path):
    _, result = run_of(release, tmp_path, Failing(tmp_path))
    ending = result.infer["A"]
    assert ending.outcome is Outcome.OUTPUT_REFUSED
    assert ending.reason == "test_y_data_predicted.csv: it has no auc_pred"


def test_another_exit_code_is_a_crash_as_ever(release, tmp_path):
    sandbox = Failing(tmp_path)
    sandbox.code = 1
    _, result = run_of(release, tmp_path, sandbox)
    assert result.infer["A"].outcome is Outcome.CRASHED
