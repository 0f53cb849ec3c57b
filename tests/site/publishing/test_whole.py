"""All boards of a track as one table, and what the default one said before."""

import csv
import io
import json

import pyarrow.parquet
import pytest

from leaderboard.models import Board, PastBoard, Submission, WholeBoard
from leaderboard.publishing import boards
from leaderboard.publishing.scoring import score
from leaderboard.publishing.whole import COLUMNS
from leaderboard.states import SubmissionState
from tests.site.publishing.conftest import Maker

pytestmark = pytest.mark.django_db


@pytest.fixture
def publish(deliver, plan):
    def published(name, share=0.3, **values):
        evaluation = deliver(Maker(plan, share), name=name, **values)
        score(evaluation.pk)
        return evaluation

    return published


@pytest.fixture
def content(storage):
    def read(suffix):
        return storage.read(WholeBoard.objects.get().files[suffix]["path"])

    return read


def test_every_measure_on_every_target_of_every_line_is_in_it_as_its_board_says(publish, content, plan):
    publish("=good", 0.3)
    publish("better", 0.5)
    boards.refresh()
    rows = pyarrow.parquet.read_table(io.BytesIO(content("parquet"))).to_pylist()
    assert len(rows) == WholeBoard.objects.get().n_rows == len(plan.views) * 6  # two models and four baselines
    found = {(row["model"], row["measure"], row["target"] or ""): row for row in rows}
    for board in Board.objects.all():
        for line in json.loads(bytes(board.json))["rows"]:
            row = found[line["model"], board.metric, board.target]
            estimate = line["score"]["estimate"]
            assert row["estimate"] == (estimate if isinstance(estimate, float) else None)
            assert [row["rank_first"], row["rank_last"]] == (line["rank"] or [None, None])
            assert row["tie_group"] == line["tie_group"]


def test_its_columns_have_types_and_units_and_it_says_where_it_is_from(publish, content, track, settings):
    settings.BOARD_LICENCE = "CC0-1.0"
    publish("one")
    boards.refresh()
    schema = pyarrow.parquet.read_schema(io.BytesIO(content("parquet")))
    assert schema.names == [column.name for column in COLUMNS]
    assert [str(schema.field(name).type) for name in ("version", "estimate", "published_at")] == [
        "int32",
        "double",
        "timestamp[us, tz=UTC]",
    ]
    assert all(schema.field(name).metadata[b"about"] for name in schema.names)
    assert schema.metadata[b"licence"] == b"CC0-1.0"
    assert track.title in schema.metadata[b"citation"].decode()
    assert schema.metadata[b"release_id"].decode() == track.release.release_id


def test_what_is_undefined_is_null_with_its_reason_and_nothing_else_has_one(publish, content):
    publish("one")
    boards.refresh()
    rows = json.loads(content("json"))["data"]
    constant = next(r for r in rows if (r["model"], r["measure"], r["target"]) == ("Global mean", "pearson", None))
    assert constant["estimate"] is None
    assert "constant" in constant["reason"]
    numbers = ("estimate", "low", "high", "standard_error")
    assert all((row["reason"] is None) == all(row[name] is not None for name in numbers) for row in rows)


def test_the_units_of_errors_are_those_of_the_response(publish, content, track):
    type(track.release).objects.filter(pk=track.release_id).update(
        summary={"response": "auc in [0, 1], lower is stronger"}
    )
    publish("one")
    boards.refresh()
    rows = json.loads(content("json"))["data"]
    assert {row["unit"] for row in rows if row["measure"] in ("rmse", "mae")} == {"auc"}
    assert {row["unit"] for row in rows if row["measure"] not in ("rmse", "mae")} == {"1"}


def test_in_the_csv_no_name_is_a_formula(publish, content):
    publish("=1+1")
    boards.refresh()
    lines = list(csv.DictReader(io.StringIO(content("csv").decode())))
    assert "'=1+1" in {line["model"] for line in lines}
    assert list(lines[0]) == [column.name for column in COLUMNS]


def test_it_is_written_again_with_the_boards_and_the_old_files_go(publish, storage, tmp_path):
    publish("one")
    boards.refresh()
    before = WholeBoard.objects.get()
    boards.refresh()
    assert WholeBoard.objects.get().computed_at == before.computed_at
    publish("two")
    boards.refresh()
    after = WholeBoard.objects.get()
    assert after.n_rows > before.n_rows
    there = {path.name for path in (tmp_path / "storage" / "boards").rglob("*") if path.is_file()}
    assert there == {one["path"].rsplit("/")[-1] for one in after.files.values()}


def test_each_time_that_the_default_board_says_something_else_it_is_kept(publish, track):
    one = publish("one")
    boards.refresh()
    publish("two")
    Submission.objects.filter(pk=one.submission_id).update(state=SubmissionState.WITHDRAWN)
    boards.recompute(track)
    boards.refresh()
    kept = [json.loads(bytes(past.json))["rows"] for past in PastBoard.objects.order_by("at")]
    names = [{row["model"] for row in rows if row["slug"]} for rows in kept]
    assert names == [{"one"}, {"one", "two"}, {"two"}]
