"""A release is held against its manifest: each thing that can be wrong is named by its path."""

import os
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tomli_w

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.verify import Fault, verify
from benchmark_data.writer import ReleaseWriter, sha256_of

AUC = Response("auc", Direction.LOWER, low=0.0, high=1.0)


@pytest.fixture
def folder(tmp_path) -> Path:
    with ReleaseWriter(tmp_path / "r", name="small", version="1", task=Task.REGRESSION, response=AUC) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1", "c2"], "tissue": ["lung", "skin"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1", "d2"]}))
        rows = {"row_id": [0, 1, 2], "cell_id": ["c1", "c2", "c1"], "drug_id": ["d1", "d1", "d2"]}
        writer.add_study("A", pa.table({**rows, "auc": [0.5, 0.25, 1.0]}))
        values = np.zeros((2, 3), np.float32)
        writer.add_matrix(Entity.CELL, "expression", ids=["c1", "c2"], columns=["g1", "g2", "g3"], values=values)
        writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": ["d1", "d2"], "smiles": ["C", "CC"]}))
        writer.add_splits("A", Scheme.RANDOM_ROWS, [([0], [1], [2]), ([2], [0], [1])])
    return tmp_path / "r"


def restate(folder: Path, path: str, **other) -> None:
    """Make the manifest agree with a changed file, so that only its content is wrong."""
    manifest = tomllib.loads((folder / "release.toml").read_text())
    place = folder / path
    manifest["files"][path] |= {"sha256": sha256_of(place), "size_bytes": place.stat().st_size} | other
    (folder / "release.toml").write_text(tomli_w.dumps(manifest))


def found(folder: Path) -> list[tuple[str, str]]:
    return [(finding.path, str(finding.fault)) for finding in verify(folder).findings]


def test_a_release_as_it_was_written_has_no_findings(folder):
    verdict = verify(folder)
    assert verdict.findings == ()
    assert verdict.files == 9  # two lists, one study, three files of the matrix, one text table, two splits
    assert verdict.size_bytes == sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and p.suffix != ".toml")


def test_every_missing_extra_and_changed_file_is_named(folder):
    (folder / "y/A.parquet").unlink()
    (folder / "x/cell/notes.txt").write_text("mine")
    with (folder / "x/drug/smiles.parquet").open("r+b") as file:
        file.seek(10)
        file.write(b"\x00\xff")
    (folder / "x/cell/expression.columns.txt").write_text("g1\n")
    assert found(folder) == [
        ("x/cell/notes.txt", Fault.EXTRA),
        ("y/A.parquet", Fault.MISSING),
        ("x/cell/expression.columns.txt", Fault.DIFFERS),
        ("x/drug/smiles.parquet", Fault.DIFFERS),
    ]


def test_a_link_is_named_even_when_it_leads_to_the_right_bytes(folder, tmp_path):
    (folder / "y/A.parquet").rename(tmp_path / "elsewhere.parquet")
    (folder / "y/A.parquet").symlink_to(tmp_path / "elsewhere.parquet")
    assert found(folder) == [("y/A.parquet", Fault.LINK)]


def test_a_linked_folder_is_one_finding_not_one_a_file(folder, tmp_path):
    (folder / "splits").rename(tmp_path / "splits")
    (folder / "splits").symlink_to(tmp_path / "splits")
    assert found(folder) == [("splits", Fault.LINK)]


def test_a_linked_manifest_is_refused(folder, tmp_path):
    (folder / "release.toml").rename(tmp_path / "release.toml")
    (folder / "release.toml").symlink_to(tmp_path / "release.toml")
    with pytest.raises(ReleaseError, match="is a link"):
        verify(folder)


def test_a_pipe_is_named_and_not_opened(folder):
    os.mkfifo(folder / "x/cell/pipe")
    assert found(folder) == [("x/cell/pipe", Fault.EXTRA)]


@pytest.mark.parametrize("path", ["y/A.parquet", "x/cell/expression.npy", "x/cell/expression.rows.txt"])
def test_a_row_count_that_the_manifest_has_wrong_is_named(folder, path):
    restate(folder, path, rows=7)
    assert found(folder) == [(path, Fault.ROWS)]


def write_table(folder: Path, path: str, columns: dict) -> None:
    pq.write_table(pa.table(columns), folder / path)
    restate(folder, path, rows=len(next(iter(columns.values()))))


STUDY = {"row_id": [0, 1, 2], "cell_id": ["c1", "c2", "c1"], "drug_id": ["d1", "d1", "d2"], "auc": [0.5, 0.25, 1.0]}


@pytest.mark.parametrize(
    ("path", "columns", "reason"),
    [
        ("x/cell/info.parquet", {"cell_id": ["c1", "c2", "c1"]}, "cell_id 'c1' stands twice"),
        ("y/A.parquet", STUDY | {"cell_id": ["c1", "c2", "x"]}, "has 'x'"),
        ("y/A.parquet", STUDY | {"auc": [0.5, float("nan"), 1.0]}, "row 1: auc is nan"),
        ("y/A.parquet", STUDY | {"auc": [0.5, 0.5, 1.5]}, "row 2: auc is 1.5"),
        ("y/A.parquet", STUDY | {"row_id": [0, 1, 1]}, "row_id stands twice"),
        ("x/drug/smiles.parquet", {"drug_id": ["d1", "d3"], "smiles": ["C", "CC"]}, "'d3' is in no list"),
        ("splits/A/random-rows/1.parquet", {"row_id": [0, 1, 1], "part": ["train", "val", "test"]}, "in two places"),
        ("splits/A/random-rows/1.parquet", {"row_id": [0, 1, 9], "part": ["train", "val", "test"]}, "no row 9"),
        ("splits/A/random-rows/1.parquet", {"row_id": [0, 1, 2], "part": ["train", "val", "tset"]}, "has 'tset'"),
    ],
)
def test_content_that_breaks_a_promise_is_named_though_its_checksum_is_right(folder, path, columns, reason):
    write_table(folder, path, columns)
    findings = verify(folder).findings
    assert reason in " ".join(finding.reason for finding in findings if finding.path == path)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((2, 4), np.float32), "(2, 4) values for 2 ids and 3 feature names"),
        (np.zeros((2, 3), np.float64), "values are float64"),
        (np.asfortranarray(np.zeros((2, 3), np.float32)), "row-major"),
    ],
)
def test_a_matrix_of_the_wrong_shape_type_or_order_is_named(folder, values, reason):
    np.save(folder / "x/cell/expression.npy", values)
    restate(folder, "x/cell/expression.npy")
    (finding,) = verify(folder).findings
    assert (finding.path, finding.fault) == ("x/cell/expression.npy", Fault.CONTENT)
    assert reason in finding.reason


@pytest.mark.parametrize("path", ["y/A.parquet", "x/cell/expression.npy"])
def test_a_file_that_cannot_be_read_at_all_is_named_in_one_line(folder, path):
    (folder / path).write_bytes(b"not what its name says")
    restate(folder, path)
    (finding,) = verify(folder).findings
    assert (finding.path, finding.fault) == (path, Fault.CONTENT)
    assert "\n" not in finding.reason


def test_a_text_table_may_be_about_features_and_have_no_ids(folder):
    write_table(folder, "x/drug/smiles.parquet", {"set": ["TP53 pathway"], "gene": ["MDM2"]})
    assert found(folder) == []


def test_a_folder_without_a_manifest_is_no_release(tmp_path):
    with pytest.raises(ReleaseError, match="is not a release"):
        verify(tmp_path)
