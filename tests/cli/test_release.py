"""`holdout release`: pages for a person, JSON for a machine, and exit codes that say which it was."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response, Task
from benchmark_data.writer import Origin, ReleaseWriter
from evaluator.cli.release import app


@pytest.fixture
def folder(tmp_path) -> Path:
    auc = Response("auc", Direction.LOWER, low=0.0, high=1.0)
    with ReleaseWriter(tmp_path / "r", name="small", version="1", task=Task.REGRESSION, response=auc) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1", "c2"]}), Origin("a [odd] source", "MIT"))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1"]}))
        rows = {"row_id": [0, 1], "cell_id": ["c1", "c2"], "drug_id": ["d1", "d1"]}
        writer.add_study("A", pa.table({**rows, "auc": [0.5, 0.25]}))
        empty = pa.schema({"row_id": pa.int64(), "cell_id": pa.string(), "drug_id": pa.string(), "auc": pa.float64()})
        writer.add_study("B", empty.empty_table())
        writer.add_matrix(
            Entity.CELL, "expression", ids=["c1"], columns=["g1"], values=np.array([[np.nan]], np.float32)
        )
    return tmp_path / "r"


def holdout(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def test_a_whole_release_is_verified_with_exit_code_0(folder):
    result = holdout("verify", folder)
    assert (result.exit_code, "is what its manifest says: 7 files" in result.stdout) == (0, True)


def test_a_finding_is_named_and_gives_exit_code_1(folder):
    (folder / "y/A.parquet").unlink()
    result = holdout("verify", folder)
    assert result.exit_code == 1
    assert "missing  y/A.parquet: the manifest lists it" in result.stdout
    assert "1 finding; do not use it" in result.stdout


def test_findings_are_json_for_a_machine(folder):
    (folder / "extra").write_text("")
    result = holdout("verify", folder, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"] == [
        {"path": "extra", "fault": "extra", "reason": "the manifest does not list it"}
    ]


def test_the_page_about_a_release_shows_counts_coverage_and_licences(folder):
    page = holdout("info", folder).stdout
    for word in ("small 1", "auc in [0, 1], lower is stronger", "cell/expression", "50.0%", "a [odd] source", "MIT"):
        assert word in page


def test_the_json_about_a_release_has_null_for_what_is_undefined(folder):
    summary = json.loads(holdout("info", folder, "--json").stdout)
    assert summary["studies"][0]["rows"] == 2
    assert summary["tables"][0]["coverage"] == [0.5, None]


SPEC = """
name = "mine"
version = "2"
task = "regression"
response = { column = "auc", direction = "lower", low = 0.0, high = 1.0 }
cells = { file = "cells.tsv" }
drugs = { file = "drugs.tsv", smiles = "smiles" }
[[screen]]
study = "A"
file = "a.tsv"
"""


@pytest.fixture
def tables(tmp_path) -> Path:
    made = tmp_path / "tables"
    made.mkdir()
    (made / "spec.toml").write_text(SPEC)
    (made / "cells.tsv").write_text("cell_id\nc1\n")
    (made / "drugs.tsv").write_text("drug_id\tsmiles\nd1\tC(\n")
    (made / "a.tsv").write_text("cell_id\tdrug_id\tauc\nc1\td1\t0.5\nc1\td1\t\n")
    return made


def test_an_import_reports_what_it_left_out_and_where_the_release_stands(tables, tmp_path):
    result = holdout("import-tables", tables / "spec.toml", tmp_path / "out", "--from", tables)
    assert result.exit_code == 0
    assert "Drugs without a readable SMILES" in result.stdout
    assert f"stands in {tmp_path / 'out'}" in result.stdout
    assert holdout("verify", tmp_path / "out").exit_code == 0


def test_an_import_report_is_json_for_a_machine(tables, tmp_path):
    result = holdout("import-tables", tables / "spec.toml", tmp_path / "out", "--from", tables, "--json")
    report = json.loads(result.stdout)
    assert report["studies"][0]["left_out"]["no answer"] == 1
    assert report["unreadable_smiles"] == [{"drug": "d1", "smiles": "C("}]


def test_a_csa_tree_is_imported_under_the_name_and_terms_given(tmp_path):
    response = tmp_path / "csa/y_data/response.tsv"
    response.parent.mkdir(parents=True)
    response.write_text("source\timprove_sample_id\timprove_chem_id\tstudy\tauc\nCCLE\tACH-1\tDrug_1\tx\t0.5\n")
    result = holdout("import-csa", tmp_path / "csa", tmp_path / "out", "--name", "mine", "--licence", "CC0")
    assert result.exit_code == 0
    assert "Note: CCLE has no split files" in result.stdout
    page = holdout("info", tmp_path / "out").stdout
    assert "mine 1" in page
    assert "CC0" in page


def test_an_import_into_a_folder_that_is_there_changes_nothing(tables, folder):
    result = holdout("import-tables", tables / "spec.toml", folder, "--from", tables)
    assert isinstance(result.exception, ReleaseError)
    assert "never changed" in str(result.exception)
    assert holdout("verify", folder).exit_code == 0


@pytest.mark.parametrize("command", ["verify", "info"])
def test_a_folder_that_is_not_there_is_wrong_use(command, tmp_path):
    assert holdout(command, tmp_path / "nowhere").exit_code == 2


@pytest.mark.parametrize("command", ["verify", "info", "import-tables", "import-csa"])
def test_the_help_shows_an_example(command):
    assert f"Example: holdout release {command}" in holdout(command, "--help").stdout
