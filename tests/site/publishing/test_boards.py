"""Boards: who stands on them and where, what they say, and that they are never behind for long, nor half written."""

import csv
import io
import json

import numpy as np
import pytest

from evaluator.baselines import Baseline
from evaluator.scorecard.compare import compare
from evaluator.scorecard.draws import Weights
from evaluator.scoring.metrics import Metric
from leaderboard.models import Board, Submission
from leaderboard.publishing import boards
from leaderboard.publishing.scoring import score
from leaderboard.publishing.tables import beats
from leaderboard.states import SubmissionState
from tests.site.publishing.conftest import REPLICATES, Maker

pytestmark = pytest.mark.django_db


def rows(metric="primary", target=""):
    return {
        row["model"]: row for row in json.loads(bytes(Board.objects.get(metric=metric, target=target).json))["rows"]
    }


@pytest.fixture
def publish(deliver, plan):
    def published(name, share=0.3, **values):
        evaluation = deliver(Maker(plan, share), name=name, **values)
        score(evaluation.pk)
        return evaluation

    return published


@pytest.fixture
def three(publish, plan):
    """Three participants' models and two controls, on every board."""
    for name, share in {"good": 0.3, "better": 0.5, "poor": 0.1}.items():
        publish(name, share)
    publish("leak", 0.9, kind="control")
    boards.refresh()


def test_models_are_ranked_as_the_library_compares_them(three, plan):
    shares = {"good": 0.3, "better": 0.5, "poor": 0.1}
    models = {name: Maker(plan, share) for name, share in shares.items()}
    expected = compare(Weights(plan.design, plan.seed, REPLICATES), models, metric=Metric.R2).standings
    found = rows()
    for standing in expected:
        row = found[standing.model]
        assert row["rank"] == [standing.first, standing.last]
        assert row["tie_group"] == standing.tie_group
        assert row["score"]["estimate"] == pytest.approx(standing.estimate.value, abs=1e-12)


def test_baselines_and_controls_stand_among_the_models_without_a_rank(three):
    found = rows()
    assert {name for name, row in found.items() if row["rank"] is None} == {
        "leak",
        "Global mean",
        "Drug average",
        "Cell average",
        "Mean effects",
    }
    assert list(found)[:3] == ["leak", "better", "good"]  # by score
    assert found["Drug average"]["kind"] == "baseline"
    assert found["leak"]["kind"] == "control"
    assert found["Mean effects"]["score"]["estimate"] == pytest.approx(0, abs=1e-6)


def test_an_error_is_ranked_from_the_smallest(three):
    ranked = [row["score"]["estimate"] for row in rows("rmse").values() if row["rank"]]
    assert ranked == sorted(ranked)


def test_a_score_that_is_undefined_says_why_and_comes_last(three):
    last = list(rows("pearson").values())[-1]
    assert last["model"] == "Global mean"
    assert "the predictions are constant" in last["score"]["estimate"]["undefined"]
    assert "the predictions are constant" in Board.objects.get(metric="pearson", target="").html


def test_one_target_is_the_mean_over_the_sources_of_its_column(three, plan):
    predict, target = Maker(plan, 0.3), plan.design.targets[1]
    of_sources = []
    for entry in plan.design.entries():
        if entry.target == target:
            answers = plan.design.rows(entry).response
            of_sources.append(np.sqrt(np.mean((predict("real", entry) - answers) ** 2)))
    found = rows("rmse", target)["good"]["score"]["estimate"]
    assert found == pytest.approx(np.mean(of_sources), abs=1e-6)


def test_the_newest_version_alone_stands_on_the_board(publish):
    first = publish("one", 0.1)
    score_before = rows()["one"]["score"]["estimate"]
    publish("one", 0.5, model=first.submission.model)
    assert rows()["one"]["version"] == 2
    assert rows()["one"]["score"]["estimate"] > score_before
    assert Board.objects.get(metric="primary", target="").n_models == 1


def test_a_withdrawn_model_leaves_every_board_with_the_next_refresh(publish):
    publish("stays")
    gone = publish("goes", 0.5)
    boards.refresh()
    Submission.objects.filter(pk=gone.submission_id).update(state=SubmissionState.WITHDRAWN)
    boards.refresh()
    for board in Board.objects.all():
        assert b"goes" not in bytes(board.json)
        assert b"stays" in bytes(board.json)


def test_recomputing_takes_a_withdrawn_model_off_the_default_board_at_once(publish, track):
    gone = publish("goes")
    Submission.objects.filter(pk=gone.submission_id).update(state=SubmissionState.WITHDRAWN)
    boards.recompute(track)
    assert "goes" not in rows()


def test_a_track_on_which_nothing_was_published_gets_no_boards(track):
    boards.recompute(track)
    boards.refresh()
    assert not Board.objects.exists()


def test_a_refresh_that_has_nothing_to_do_writes_nothing(publish, django_assert_max_num_queries):
    publish("one")
    boards.refresh()
    before = set(Board.objects.values_list("computed_at", flat=True))
    with django_assert_max_num_queries(8):
        boards.refresh()
    assert set(Board.objects.values_list("computed_at", flat=True)) == before


def test_a_new_name_reaches_the_boards(publish):
    evaluation = publish("old name")
    boards.refresh()
    model = evaluation.submission.model
    type(model).objects.filter(pk=model.pk).update(name="<b>new</b>")
    boards.refresh()
    assert "&lt;b&gt;new&lt;/b&gt;" in Board.objects.get(metric="r2", target="").html
    assert "<b>new</b>" not in Board.objects.get(metric="r2", target="").html


def test_somebody_published_while_boards_are_made_is_on_all_of_them_in_the_end(publish, plan, monkeypatch):
    publish("first")
    made, written = [], boards._write

    def write(found):
        written(found)
        made.append(found)
        if len(made) == 3:
            monkeypatch.setattr(boards, "_write", written)
            publish("second", 0.5)

    monkeypatch.setattr(boards, "_write", write)
    boards.refresh()
    assert Board.objects.count() == len(plan.views)
    for board in Board.objects.all():
        assert b"second" in bytes(board.json)


def test_scores_that_cannot_be_used_stand_last_and_stop_nobody(publish, storage, caplog):
    publish("whole")
    broken = publish("broken", 0.5)
    storage.write(f"scores/{broken.pk}/draws.npy", b"nothing of the kind")
    publish("third")
    assert rows()["whole"]["rank"] is not None
    assert rows()["broken"]["score"]["estimate"] == {"undefined": "its scores have to be computed again"}
    assert "cannot be used" in caplog.text


def test_a_board_has_an_etag_of_its_content(publish):
    publish("one")
    first = Board.objects.get(metric="primary", target="").etag
    publish("two")
    assert Board.objects.get(metric="primary", target="").etag != first


def test_the_csv_says_what_the_json_says(three):
    board = Board.objects.get(metric="r2", target="")
    lines = list(csv.DictReader(io.StringIO(bytes(board.csv).decode())))
    for line, row in zip(lines, rows("r2").values(), strict=True):
        assert line["model"] == row["model"]
        assert float(line["score_estimate"]) == row["score"]["estimate"]
        assert [line["rank_first"], line["rank_last"]] == [str(place) for place in row["rank"] or ["", ""]]


def test_no_spreadsheet_takes_a_name_for_a_formula(publish):
    publish("=1+1")
    assert b"'=1+1" in bytes(Board.objects.get(metric="primary", target="").csv)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.2, "yes"), (-0.3, -0.1, "no"), (0.0, 0.0, "no"), (-0.1, 0.1, "cannot tell"), ({}, {}, "cannot tell")],
)
def test_a_model_beats_the_drug_average_where_the_whole_interval_is_above_zero(low, high, said):
    assert beats({"low": low, "high": high}) == said


def test_the_alarm_of_a_track_with_one_split_is_undefined_and_says_why(publish):
    publish("one")
    assert rows()["one"]["memory_alarm"] == {"state": "undefined", "reason": "the alarm needs at least 10 shuffles"}


def test_the_baselines_are_computed_once(publish, monkeypatch):
    publish("one")
    monkeypatch.setattr("leaderboard.publishing.baselines._scored", lambda *_: 1 / 0)
    publish("two")
    assert len([row for row in rows().values() if row["kind"] == "baseline"]) == len(Baseline)
