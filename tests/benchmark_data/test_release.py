"""A release is written once, read as typed values, and refused when it is not what it says."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.release import Release, read_parquet
from benchmark_data.writer import ReleaseWriter

ROWS = {"row_id": [10, 11, 12, 13], "cell_id": ["c1", "c2", "c1", "c2"], "drug_id": ["d1", "d1", "d2", "d2"]}
ANSWERS = [0.5, 0.25, 1.0, 0.0]
AUC = Response("auc", Direction.LOWER, low=0.0, high=1.0)


def write_release(folder: Path, *, answers=ANSWERS, rows=ROWS, splits=(), scheme=Scheme.RANDOM_ROWS) -> Path:
    with ReleaseWriter(folder, name="small", version="1", task=Task.REGRESSION, response=AUC) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1", "c2", "c3"], "tissue": ["lung", "skin", "lung"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1", "d2"]}))
        writer.add_study("A", pa.table({**rows, "auc": answers}))
        values = np.arange(6, dtype=np.float32).reshape(2, 3)
        writer.add_matrix(Entity.CELL, "expression", ids=["c2", "c1"], columns=["g1", "g2", "g3"], values=values)
        writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": ["d1", "d2"], "smiles": ["C", "CC"]}))
        writer.add_splits("A", scheme, splits)
    return folder


def test_rows_come_back_as_codes_into_the_lists_of_the_release(tmp_path):
    release = Release.open(write_release(tmp_path / "r"))
    study = release.study("A")
    assert [release.cells[code] for code in study.cell] == ROWS["cell_id"]
    assert [release.drugs[code] for code in study.drug] == ROWS["drug_id"]
    assert study.response.tolist() == ANSWERS
    assert study.row_id.tolist() == ROWS["row_id"]


def test_a_cell_that_no_row_has_does_not_show_through_the_file_of_a_study(tmp_path):
    cells = pa.DictionaryArray.from_arrays(np.array([0, 1, 0, 1], np.int32), ["c1", "c2", "hidden-cell"])
    folder = write_release(tmp_path / "r", rows=ROWS | {"cell_id": cells})
    stored = read_parquet(folder / "y" / "A.parquet", dictionaries=["cell_id"])["cell_id"].combine_chunks()
    assert stored.dictionary.to_pylist() == ["c1", "c2"]


def test_a_table_is_mapped_and_tells_where_each_cell_stands(tmp_path):
    release = Release.open(write_release(tmp_path / "r"))
    table = release.table(Entity.CELL, "expression")
    assert isinstance(table.values, np.memmap)
    assert table.row_of(release.cells).tolist() == [1, 0, -1]
    assert table.columns == ("g1", "g2", "g3")
    assert release.text_table(Entity.DRUG, "smiles")["smiles"].to_pylist() == ["C", "CC"]


def test_a_split_keeps_the_order_it_was_published_in(tmp_path):
    folder = write_release(tmp_path / "r", splits=[([13, 10], [12], [11])])
    split = Release.open(folder).split("A", Scheme.RANDOM_ROWS, 0)
    assert (split.train.tolist(), split.val.tolist(), split.test.tolist()) == ([3, 0], [2], [1])


@pytest.mark.parametrize(
    ("scheme", "parts", "what"),
    [
        (Scheme.RANDOM_ROWS, ([10, 11], [11], [12]), "has row 1 of the study in two places"),
        (Scheme.CELL_BLIND, ([10], [11], [12]), "a cell of test in another part"),
        (Scheme.DRUG_BLIND, ([10], [11], [12]), "a drug of val in another part"),
        (Scheme.PAIR_GROUPED, ([10], [14], [12]), "a pair of val in another part"),
        (Scheme.TISSUE_BLIND, ([10], [], [14]), "a tissue of test in another part"),
    ],
)
def test_a_split_that_breaks_its_promise_is_refused_when_loaded(tmp_path, scheme, parts, what):
    rows = {
        "row_id": [*ROWS["row_id"], 14],
        "cell_id": [*ROWS["cell_id"], "c3" if scheme is Scheme.TISSUE_BLIND else "c1"],
        "drug_id": [*ROWS["drug_id"], "d1"],
    }
    folder = write_release(tmp_path / "r", rows=rows, answers=[*ANSWERS, 0.1], splits=[parts], scheme=scheme)
    with pytest.raises(ReleaseError, match=what):
        Release.open(folder).split("A", scheme, 0)


def test_rows_may_come_in_any_order_of_their_ids(tmp_path):
    rows = ROWS | {"row_id": [7, 3, 90, 5]}
    folder = write_release(tmp_path / "r", rows=rows, splits=[([90], [3], [5])])
    split = Release.open(folder).split("A", Scheme.RANDOM_ROWS, 0)
    assert (split.train.tolist(), split.val.tolist(), split.test.tolist()) == ([2], [1], [3])


def test_a_split_of_a_row_that_the_study_does_not_have_is_refused(tmp_path):
    folder = write_release(tmp_path / "r", splits=[([99], [], [])])
    with pytest.raises(ReleaseError, match="study A has no row 99"):
        Release.open(folder).split("A", Scheme.RANDOM_ROWS, 0)


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), -0.01, 1.01])
def test_an_answer_outside_the_stated_range_is_not_written(tmp_path, answer):
    with pytest.raises(ReleaseError, match=r"study A, row 2: auc is"):
        write_release(tmp_path / "r", answers=[0.5, 0.5, answer, 0.5])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("key", "word"), [("cell_id", "cell 'x'"), ("drug_id", "drug 'x'")])
def test_a_row_of_an_unlisted_cell_or_drug_is_not_written(tmp_path, key, word):
    with pytest.raises(ReleaseError, match=word):
        write_release(tmp_path / "r", rows=ROWS | {key: [*ROWS[key][:3], "x"]})


def test_the_same_parts_give_the_same_release_id(tmp_path):
    first, second = (Release.open(write_release(tmp_path / name)) for name in "ab")
    assert first.id == second.id


def test_a_name_that_leads_out_of_the_folder_is_not_written(tmp_path):
    with (
        pytest.raises(ReleaseError, match="not a plain path"),
        ReleaseWriter(tmp_path / "r", name="small", version="1", task=Task.REGRESSION, response=AUC) as writer,
    ):
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1"]}))
        row = {"row_id": [0], "cell_id": ["c1"], "drug_id": ["d1"], "auc": [0.5]}
        writer.add_study("../../evil", pa.table(row))
    assert list(tmp_path.iterdir()) == []


def test_a_release_is_never_written_over(tmp_path):
    write_release(tmp_path / "r")
    with pytest.raises(ReleaseError, match="never changed"):
        write_release(tmp_path / "r")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("format = 1", "format = 9", "format is 9"),
        ('name = "small"', 'name = "../up"', "is not a name"),
        ('task = "regression"', "", "task is missing"),
        ('task = "regression"', 'task = "guess"', "'guess' is not a valid Task"),
        ('"x/cell/info.parquet"', '"/etc/passwd"', "not a plain path"),
        ('"x/cell/info.parquet"', '"x/other.parquet"', "no checksum for x/cell/info.parquet"),
        ("format = 1", "format = 1 1", "is not TOML"),
    ],
)
def test_a_manifest_that_is_not_one_is_refused_with_its_reason(tmp_path, old, new, what):
    manifest = write_release(tmp_path / "r") / "release.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))
    with pytest.raises(ReleaseError, match=what):
        Release.open(tmp_path / "r")


def test_asking_for_what_is_not_there_names_what_is(tmp_path):
    release = Release.open(write_release(tmp_path / "r"))
    with pytest.raises(ReleaseError, match="no study 'B'; it has: A"):
        release.study("B")
    with pytest.raises(ReleaseError, match="no cell table 'mutation'; it has: expression"):
        release.table(Entity.CELL, "mutation")
    with pytest.raises(ReleaseError, match="no cell-blind splits; it has: random-rows"):
        release.split("A", Scheme.CELL_BLIND, 0)


def test_opening_a_study_and_a_split_imports_neither_pandas_nor_folders_of_files(tmp_path):
    folder = write_release(tmp_path / "r", splits=[([10], [11], [12])])
    code = (
        "import sys; from benchmark_data.release import Release, read_parquet; "
        f"Release.open({str(folder)!r}).split('A', 'random-rows', 0); "
        "print(*{'pandas', 'pyarrow.dataset'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "\n"
