"""A draft study refers to a release, is read whole or not at all, and shows nothing of what it must not."""

import numpy as np
import pyarrow as pa
import pytest

from benchmark_data.draft_study import DraftStudyWriter, read_draft_study
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response, Task
from benchmark_data.release import Release
from benchmark_data.writer import ReleaseWriter

NEW_CELLS = pa.table({"cell_id": ["c3"], "tissue": ["skin"]})
ROWS = {"row_id": [7, 5], "cell_id": ["c3", "c1"], "drug_id": ["d1", "d1"], "auc": [0.25, 0.75]}


@pytest.fixture
def release(tmp_path) -> Release:
    auc = Response("auc", Direction.LOWER, low=0.0, high=1.0)
    with ReleaseWriter(tmp_path / "r", name="small", version="1", task=Task.REGRESSION, response=auc) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1", "c2"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1"]}))
    return Release.open(tmp_path / "r")


def write_draft(release, *, new_cells=NEW_CELLS, rows=ROWS):
    folder = release.folder.with_name("draft")
    with DraftStudyWriter(folder, release=release, name="Hidden", version="1") as writer:
        writer.add_info(Entity.CELL, new_cells)
        values = np.ones((len(new_cells), 2), np.float32)
        ids = new_cells["cell_id"].to_pylist()
        writer.add_matrix(Entity.CELL, "expression", ids=ids, columns=["g1", "g2"], values=values)
        writer.add_rows(pa.table(rows))
    return folder


def test_a_draft_comes_back_as_it_was_written(release):
    draft = read_draft_study(write_draft(release))
    assert (draft.name, draft.task, draft.response) == ("Hidden", Task.REGRESSION, release.manifest.response)
    assert (draft.release.name, draft.release.id) == ("small", release.id)
    assert draft.query().to_pydict() == {key: ROWS[key] for key in ("row_id", "cell_id", "drug_id")}
    assert draft.answers().to_pydict() == {key: ROWS[key] for key in ("row_id", "auc")}
    assert draft.new(Entity.CELL).to_pydict() == NEW_CELLS.to_pydict()
    assert draft.table(Entity.CELL, "expression").ids == ("c3",)


def test_a_table_that_the_draft_does_not_have_is_named(release):
    with pytest.raises(ReleaseError, match="Hidden has no drug matrix 'morgan'"):
        read_draft_study(write_draft(release)).table(Entity.DRUG, "morgan")


def test_the_query_does_not_hold_the_answers(release):
    assert "auc" not in read_draft_study(write_draft(release)).query().column_names


def test_a_cell_of_the_release_is_not_new(release):
    with pytest.raises(ReleaseError, match="cell 'c1' is in the release already"):
        write_draft(release, new_cells=pa.table({"cell_id": ["c1"]}))


@pytest.mark.parametrize(
    ("key", "values", "what"),
    [
        ("cell_id", ["c9", "c1"], "cell 'c9'"),
        ("drug_id", ["d1", "d9"], "drug 'd9'"),
        ("row_id", [5, 5], "a row_id stands twice"),
        ("auc", [0.5, float("nan")], "row 1: auc is nan"),
    ],
)
def test_rows_that_cannot_be_asked_or_answered_are_not_written(release, key, values, what):
    with pytest.raises(ReleaseError, match=what):
        write_draft(release, rows=ROWS | {key: values})
    assert not release.folder.with_name("draft").exists()


@pytest.mark.parametrize("path", ["y.parquet", "x/cell/expression.npy"])
def test_a_file_that_changed_is_refused_by_name(release, path):
    folder = write_draft(release)
    content = bytearray((folder / path).read_bytes())
    content[-1] ^= 1
    (folder / path).write_bytes(content)
    with pytest.raises(ReleaseError, match=f"{path} is missing or has changed"):
        read_draft_study(folder)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("format = 1", "format = 2", "format is 2"),
        ('task = "regression"', 'task = "guess"', "'guess' is not a valid Task"),
        ("format = 1", "format = = 1", "is not TOML"),
    ],
)
def test_a_document_that_is_no_draft_is_refused_with_its_reason(release, old, new, what):
    folder = write_draft(release)
    document = folder / "study.toml"
    document.write_text(document.read_text().replace(old, new))
    with pytest.raises(ReleaseError, match=what):
        read_draft_study(folder)


def test_a_folder_without_a_study_is_no_draft(tmp_path):
    with pytest.raises(ReleaseError, match=r"is not a draft study: study\.toml cannot be read"):
        read_draft_study(tmp_path)
