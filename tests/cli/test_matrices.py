import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from evaluator.cli.matrices import EXAMPLE, matrices_command

PUBLISHED = Path(__file__).parents[1] / "published"
SCORES = PUBLISHED / "r2_scores.csv"
FIGURES = json.loads((PUBLISHED / "figures.json").read_text())  # where each figure is from stands in the file
MODELS = ["deepcdr", "graphdrp", "hidra", "tcnns"]

app = typer.Typer()
app.command("matrices", epilog=EXAMPLE)(matrices_command)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def found():
    return json.loads(run("--scores", SCORES, "--metric", "r2", "--json").stdout)


def test_the_models_come_in_the_order_of_the_table(found):
    assert list(found) == MODELS
    assert found["hidra"]["order"] == FIGURES["order"]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("matrix", ["Ga", "Gna", "Gn"])
def test_the_published_matrices_come_out_with_difference_nought(found, model, matrix):
    assert np.abs(np.subtract(found[model][matrix], FIGURES[matrix][model])).max() == 0.0


@pytest.mark.parametrize("model", ["deepcdr", "hidra"])
def test_the_published_spread_comes_out_to_the_16_decimals_that_are_printed(found, model):
    assert found[model]["G_std"] == pytest.approx(np.array(FIGURES["G_std"][model]), abs=1e-15)


@pytest.mark.parametrize("model", MODELS)
def test_the_diagonal_is_table_4_of_the_paper_to_its_3_decimals(found, model):
    diagonal = dict(zip(FIGURES["order"], np.diag(found[model]["G"]), strict=True))
    assert [diagonal[study] for study in FIGURES["within_order"]] == pytest.approx(
        FIGURES["within"][model], abs=0.00051
    )


def test_without_the_rounding_the_published_figures_differ_by_up_to_5e_5():
    exact = json.loads(run("--scores", SCORES, "--exact", "--json").stdout)
    differences = [np.abs(np.subtract(exact[model]["Ga"], FIGURES["Ga"][model])).max() for model in MODELS]
    assert 1e-6 < max(differences) <= 5e-5


def make_table(folder, *lines):
    path = folder / "scores.csv"
    path.write_text("".join(f"{line}\n" for line in ("met,split,value,src,trg,model", *lines)))
    return path


def test_what_is_undefined_is_null_with_a_reason(tmp_path):
    path = make_table(tmp_path, "r2,0,0.5,A,A,m", "r2,1,0.5,A,A,m", "r2,0,0.2,A,B,m")
    answer = json.loads(run("--scores", path, "--json").stdout)["m"]
    assert answer["G"] == [[0.5, None], [None, None]]
    assert answer["Ga"] == [None, None]
    assert answer["undefined"]["G[A,B]"] == "no score for split 1"
    assert answer["undefined"]["Ga[A]"] == "G[A,B] is undefined"


def test_people_get_tables_with_the_reasons_below(tmp_path):
    path = make_table(
        tmp_path, "r2,0,0.5,A,A,[red]m", "r2,1,0.7,A,A,[red]m", "r2,0,0.2,A,B,[red]m", "r2,1,0.4,A,B,[red]m"
    )
    answer = run("--scores", path)
    assert answer.exit_code == 0
    assert "[red]m, r2: G ± spread, and Ga" in answer.stdout
    assert "[red]m, r2: Gn and Gna" in answer.stdout
    assert "± 0.1414" in answer.stdout  # of 0.5 and 0.7, ddof=1
    assert "G[B,A] is n/a: there are no scores" in answer.stdout


def test_errors_have_no_gn(tmp_path):
    path = make_table(tmp_path, *(f"mse,{n},0.{n + 1},{s},{t},m" for n in range(2) for s in "AB" for t in "AB"))
    answer = run("--scores", path, "--metric", "mse").stdout
    assert "m, mse: no Gn and Gna, since a ratio of mse means nothing" in answer
    assert "n/a" not in answer


def test_a_metric_that_is_not_in_the_table_is_wrong_use():
    answer = run("--scores", SCORES, "--metric", "mae")
    assert answer.exit_code == 2
    assert "the table has no 'mae'; it has r2." in answer.stderr


def test_a_table_that_does_not_exist_is_wrong_use(tmp_path):
    assert run("--scores", tmp_path / "scores.csv").exit_code == 2


def test_help_has_an_example():
    assert EXAMPLE.removeprefix("Example: ") in run("--help").stdout
