"""`holdout score` as it is typed: files in any format, what is missing, what is wrong."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.cli.app import app
from evaluator.contract.errors import ContractError
from evaluator.scorecard.design import whole_design


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "release"
    write_tiny(folder)
    return folder


@pytest.fixture
def predictions(release, tmp_path):
    """The truth, for one split."""
    design = whole_design(Release.open(release), splits=(0,))
    for entry in design.entries():
        folder = tmp_path / "real" / entry.source / str(entry.split)
        folder.mkdir(parents=True, exist_ok=True)
        rows = design.rows(entry)
        if entry.is_diagonal:
            lines = [f"{row},{answer}" for row, answer in zip(rows.row_id, rows.response, strict=True)]
            (folder / f"{entry.target}.csv").write_text("\n".join(["row_id,prediction", *reversed(lines), ""]))
        else:
            np.save(folder / f"{entry.target}.npy", rows.response.astype(np.float32))
    return tmp_path


def score(release, predictions, *more):
    arguments = ["score", "--release", str(release), "--predictions", str(predictions), "--splits", "1", *more]
    return CliRunner().invoke(app, arguments)


def test_the_truth_scores_one_whatever_the_format_and_order_of_its_files(release, predictions):
    result = score(release, predictions, "--json", "--replicates", "0")
    assert result.exit_code == 0
    g = np.array(json.loads(result.stdout)["matrices"]["real"]["r2"]["G"])
    np.testing.assert_allclose(g, 1, atol=1e-6)


def test_the_tables_are_for_people(release, predictions):
    result = score(release, predictions, "--replicates", "100")
    assert result.exit_code == 0
    for title in ("real: r2 from source (row)", "within drug", "Skill over each baseline", "Noise ceiling"):
        assert title in result.stdout


def test_a_missing_file_is_named_as_missing_and_is_a_finding(release, predictions):
    (predictions / "real/SynthA/0/SynthB.npy").unlink()
    result = score(release, predictions, "--replicates", "0")
    assert result.exit_code == 1
    assert "missing files: 1 of real" in result.stderr


def test_a_broken_file_is_refused_in_the_readers_words(release, predictions):
    (predictions / "real/SynthA/0/SynthB.npy").write_bytes(b"not numpy")
    result = score(release, predictions)
    assert isinstance(result.exception, ContractError)


def test_two_files_for_one_entry_are_refused(release, predictions):
    (predictions / "real/SynthA/0/SynthB.csv").write_text("")
    result = score(release, predictions)
    assert isinstance(result.exception, ContractError)
    assert "keep one of the two" in str(result.exception)


@pytest.mark.parametrize("wrong", [("--arm", "permuted"), ("--metric", "r3"), ("--splits", "0"), ("--scheme", "x")])
def test_wrong_use_is_exit_code_two(release, predictions, wrong):
    assert score(release, predictions, *wrong).exit_code == 2


def test_a_folder_without_arms_is_wrong_use(release, tmp_path):
    assert score(release, tmp_path).exit_code == 2


def test_a_folder_that_is_no_arm_is_refused_by_name(release, predictions):
    (predictions / "permuted").mkdir()
    result = score(release, predictions)
    assert isinstance(result.exception, ContractError)
    assert "'permuted'" in str(result.exception)
