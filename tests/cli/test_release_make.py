"""`holdout release tiny` and `full-scale`: what they write, and what they say of it."""

import json

import pytest
import typer
from typer.testing import CliRunner

from benchmark_data.errors import ReleaseError
from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.cli import release_make
from evaluator.cli.release_make import FULL_SCALE_EXAMPLE, TINY_EXAMPLE, full_scale_command, tiny_command

app = typer.Typer()
app.command("tiny", epilog=TINY_EXAMPLE)(tiny_command)
app.command("full-scale", epilog=FULL_SCALE_EXAMPLE)(full_scale_command)


def holdout(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def test_tiny_says_where_the_release_and_the_study_to_seal_are(tmp_path):
    result = holdout("tiny", tmp_path / "r")
    assert result.exit_code == 0
    assert f"{tmp_path / 'r'} is the tiny release ({Release.open(tmp_path / 'r').id[:12]})" in result.stdout
    assert f"{tmp_path / 'r-to-seal'} is a study to seal with `holdout seal`, its answers in the clear" in result.stdout


def test_tiny_answers_a_machine_in_json(tmp_path):
    result = holdout("tiny", tmp_path / "r", "--json")
    assert json.loads(result.stdout) == {
        "release": str(tmp_path / "r"),
        "id": Release.open(tmp_path / "r").id,
        "to_seal": str(tmp_path / "r-to-seal"),
    }


def test_a_release_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "r").mkdir()
    result = holdout("tiny", tmp_path / "r")
    assert isinstance(result.exception, ReleaseError)
    assert "is there already" in str(result.exception)


@pytest.fixture
def small_full_scale(monkeypatch):
    """Its own size takes seconds: the command is the same over the tiny release."""
    monkeypatch.setattr(release_make, "write_full_scale", write_tiny)


@pytest.mark.usefixtures("small_full_scale")
@pytest.mark.parametrize(("layout", "headers"), [("0.1.0", 3), ("1.0.0", 1)])
def test_full_scale_writes_the_tree_of_improve_beside_the_release(tmp_path, layout, headers):
    result = holdout("full-scale", tmp_path / "r", "--as-csa", "--csa-layout", layout, "--json")
    answer = json.loads(result.stdout)
    assert (answer["release"], answer["csa"]) == (str(tmp_path / "r"), str(tmp_path / "r-csa"))
    lines = (tmp_path / "r-csa" / "x_data" / "cancer_gene_expression.tsv").read_text().splitlines()
    assert sum(line.startswith("improve_sample_id\t") for line in lines) == headers


@pytest.mark.usefixtures("small_full_scale")
def test_full_scale_without_the_tree_writes_none(tmp_path):
    result = holdout("full-scale", tmp_path / "r")
    assert "is the full-scale release" in result.stdout
    assert not (tmp_path / "r-csa").exists()


def test_a_tree_that_is_in_the_way_is_named_before_anything_is_written(tmp_path):
    (tmp_path / "r-csa").mkdir()
    result = holdout("full-scale", tmp_path / "r", "--as-csa")
    assert isinstance(result.exception, ReleaseError)
    assert "r-csa is there already" in str(result.exception)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", ["tiny", "full-scale"])
def test_help_has_an_example(command):
    assert f"Example: holdout release {command}" in holdout(command, "--help").stdout


def test_wrong_use_ends_with_2(tmp_path):
    assert holdout("full-scale", tmp_path / "r", "--csa-layout", "2.0.0").exit_code == 2
