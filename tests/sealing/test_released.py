"""Released answers are held against the commitment: any other answer, salt, row or study is found out."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark_data.sealed_study import read
from evaluator.sealing import boxes, released
from evaluator.sealing.errors import SealingError
from tests.sealing.builders import KEY, make_parquet, opened, seal


@pytest.fixture
def folder(bundle, tmp_path):
    return publish(bundle, tmp_path / "released")


def publish(bundle, folder, **changes):
    folder.mkdir()
    for name, content in released.published(replace(opened(bundle), **changes), bundle.facts).files.items():
        (folder / name).write_bytes(content)
    return folder


def test_what_was_sealed_and_released_is_right(bundle, folder):
    assert released.check(bundle, folder).response.tolist() == opened(bundle).response.tolist()


def test_the_payload_itself_is_right_too(bundle, tmp_path):
    (tmp_path / "payload").write_bytes(boxes.open(bundle.sealed(), KEY))
    assert released.check(bundle, tmp_path / "payload").row_id.tolist() == [0, 1, 2, 3, 4, 5]


def test_another_answer_is_found_out(bundle, tmp_path):
    answers = opened(bundle).response
    folder = publish(bundle, tmp_path / "f", response=np.nextafter(answers, 1))
    with pytest.raises(SealingError, match="is not what study Hidden 1 committed to"):
        released.check(bundle, folder)


@pytest.mark.parametrize("changes", [{"salt": bytes(32)}, {"row_id": np.arange(1, 7)}, {"row_id": np.arange(6)[::-1]}])
def test_another_salt_or_row_is_found_out(bundle, tmp_path, changes):
    with pytest.raises(SealingError, match="is not what study Hidden 1 committed to"):
        released.check(bundle, publish(bundle, tmp_path / "f", **changes))


def test_the_answers_of_another_study_are_found_out(bundle, release, tmp_path):
    (tmp_path / "other").mkdir()
    other = read(Path(seal(tmp_path / "other", release).folder))
    with pytest.raises(SealingError, match="is not what study Hidden 1 committed to"):
        released.check(bundle, publish(other, tmp_path / "f"))


def test_a_query_that_asks_about_other_rows_is_found_out(bundle, folder, monkeypatch):
    asked = bundle.query()
    monkeypatch.setattr(type(bundle), "query", lambda _: replace(asked, row_id=asked.row_id + 1))
    with pytest.raises(SealingError, match="the released row ids are not those that study Hidden 1 asks about"):
        released.check(bundle, folder)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("salt.txt", b"xyz", "salt.txt is not 32 bytes in hex"),
        ("salt.txt", b"00" * 31, "salt.txt is not 32 bytes in hex"),
        ("salt.txt", b"\xff", "salt.txt is not 32 bytes in hex"),
        ("y.parquet", b"", "does not begin and end as a Parquet file"),
        ("y.parquet", make_parquet({"row_id": [1], "auc": [0.5]}), "has 1 rows, and study.toml says 6"),
        ("y.parquet", make_parquet({"row_id": [1], "ic50": [0.5]}), "has not the columns row_id, auc"),
        ("y.parquet", bytes(3 << 20), "is larger than the answers of 6 rows can be"),
    ],
)
def test_files_that_are_none_are_refused(bundle, folder, name, content, what):
    (folder / name).write_bytes(content)
    with pytest.raises(SealingError, match=what):
        released.check(bundle, folder)


def test_a_missing_file_is_named(bundle, folder):
    (folder / "salt.txt").unlink()
    with pytest.raises(SealingError, match=r"salt\.txt cannot be read"):
        released.check(bundle, folder)
    shutil.rmtree(folder)
    with pytest.raises(SealingError, match="cannot be read"):
        released.check(bundle, folder)
