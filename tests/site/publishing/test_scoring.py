"""From delivered predictions to a published score: what the library says of the same files, and nothing else."""

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection

from evaluator.agent.uploads import UploadError
from evaluator.scorecard.card import score_card
from evaluator.scorecard.compare import compare
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.plain import plain_card
from evaluator.scoring.metrics import Metric
from leaderboard.models import Board, DrugList, Host, Scorecard, Stage
from leaderboard.publishing import scoring
from leaderboard.publishing.boards import refresh
from leaderboard.publishing.cards import brief, read_whole
from leaderboard.publishing.predictions import DeliveryError
from leaderboard.publishing.scoring import score
from leaderboard.publishing.stored_draws import read_draws
from leaderboard.reads.sheets import card_of, record_of
from leaderboard.states import SubmissionState
from tests.site.publishing.conftest import REPLICATES, Maker

pytestmark = pytest.mark.django_db


def test_a_delivered_evaluation_is_scored_as_the_library_scores_the_same_predictions(deliver, plan, storage):
    predict = Maker(plan)
    evaluation = deliver(predict)
    score(evaluation.pk)
    expected = score_card(plan.design, predict, arms=plan.arms, metrics=tuple(Metric), replicates=REPLICATES)
    whole = json.loads(json.dumps(plain_card(expected)))
    stored = Scorecard.objects.get()
    assert json.loads(gzip.decompress(read_whole(storage, evaluation.pk))) == whole
    assert stored.card == brief(whole)
    assert set(whole) - set(stored.card) == {"files"}
    for by in ("mechanism", "drug"):
        parts = {(one.source, one.target): one.scores for one in stored.parts.filter(by=by)}
        assert [{"source": s, "target": t} | parts[s, t] for s, t in parts] == whole["breakdowns"][by]
    names = DrugList.objects.get(release=evaluation.track.release).drugs
    assert set(whole["breakdowns"]["drug"][0]["parts"]) <= set(names)


def test_the_record_of_a_score_stays_as_it_was_when_the_machine_changes(deliver):
    evaluation = deliver()
    hosts = Host.objects.filter(attempts__run__evaluation=evaluation)
    hosts.update(record={"processor": "EPYC"})
    score(evaluation.pk)
    hosts.update(record={"processor": "another"})
    record = card_of(evaluation.submission).record
    assert record.machines == [{"processor": "EPYC"}]
    assert record.runs == record_of(evaluation.pk).runs


def test_a_published_submission_stands_on_the_default_board_at_once(deliver):
    score(deliver(name="Mine").pk)
    board = Board.objects.get()
    assert (board.metric, board.target, board.n_models) == ("primary", "", 1)
    assert "Mine" in {row["model"] for row in json.loads(bytes(board.json))["rows"]}


def test_a_published_submission_stands_on_every_board_after_the_next_refresh(deliver, plan):
    evaluation = deliver(name="Mine")
    score(evaluation.pk)
    refresh()
    evaluation.refresh_from_db()
    evaluation.submission.refresh_from_db()
    assert evaluation.submission.state == SubmissionState.PUBLISHED
    assert evaluation.submission.published_at is not None
    assert evaluation.finished_at is not None
    boards = Board.objects.all()
    assert {(board.metric, board.target) for board in boards} == {(str(v.measure), v.target) for v in plan.views}
    for board in boards:
        assert "Mine" in {row["model"] for row in json.loads(bytes(board.json))["rows"]}


def test_the_primary_draws_are_those_that_models_are_compared_by(deliver, plan, storage):
    predict = Maker(plan)
    score(deliver(predict).pk)
    stored = read_draws(storage, Scorecard.objects.get().draws)
    weights = Weights(plan.design, plan.seed, REPLICATES)
    expected = compare(weights, {"one": predict}, metric=Metric.R2).standings[0].estimate.value
    assert stored[0, 0] == pytest.approx(expected, abs=1e-12)
    assert stored.shape == (len(plan.views), 1 + REPLICATES)


def test_scoring_again_changes_nothing(deliver):
    evaluation = deliver()
    score(evaluation.pk)
    refresh()
    evaluation.submission.refresh_from_db()
    published, etags = evaluation.submission.published_at, set(Board.objects.values_list("etag", flat=True))
    score(evaluation.pk)
    refresh()
    evaluation.submission.refresh_from_db()
    assert evaluation.submission.published_at == published
    assert set(Board.objects.values_list("etag", flat=True)) == etags


def test_a_scorer_that_was_killed_after_its_card_is_simply_done_again(deliver, monkeypatch):
    evaluation = deliver()
    monkeypatch.setattr("leaderboard.publishing.scoring.publish", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score(evaluation.pk)
    monkeypatch.undo()
    monkeypatch.setattr("leaderboard.publishing.scoring.scored", lambda *_: 1 / 0)  # is not asked for again
    score(evaluation.pk)
    evaluation.submission.refresh_from_db()
    assert evaluation.submission.state == SubmissionState.PUBLISHED


def test_a_board_that_fails_leaves_the_submission_to_be_scored_again(deliver, monkeypatch):
    evaluation = deliver()
    monkeypatch.setattr("leaderboard.publishing.boards.html_table", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score(evaluation.pk)
    evaluation.submission.refresh_from_db()
    assert evaluation.submission.state == SubmissionState.SCORING
    assert not Board.objects.exists()


@pytest.mark.parametrize("state", [SubmissionState.WITHDRAWN, SubmissionState.WAITING, SubmissionState.RUNNING])
def test_a_submission_in_another_state_is_not_scored(deliver, state):
    score(deliver(state=state).pk)
    assert not Scorecard.objects.exists()


def test_a_submission_withdrawn_while_it_is_scored_is_not_published(deliver, monkeypatch):
    evaluation = deliver()

    def withdrawn(*_):
        type(evaluation.submission).objects.update(state=SubmissionState.WITHDRAWN)

    monkeypatch.setattr("leaderboard.publishing.scoring.baselines", withdrawn)
    score(evaluation.pk)
    evaluation.submission.refresh_from_db()
    assert evaluation.submission.state == SubmissionState.WITHDRAWN
    assert not Board.objects.exists()


def spoil(storage, content=None, **_):
    """Change what lies in storage under a stage that is done."""
    stage = Stage.objects.filter(kind="infer").first()
    folder = f"attempts/{stage.attempt_id.hex}/infer-{stage.target}"
    if content is not None:
        storage.write(f"{folder}/predictions.f4", content)
    return stage, folder


def test_predictions_that_are_not_what_their_manifest_says_are_ours_to_mend(deliver, storage):
    evaluation = deliver()
    spoil(storage, b"\0" * 40)
    with pytest.raises(UploadError, match="not what its manifest says"):
        score(evaluation.pk)
    assert not Scorecard.objects.exists()


def test_a_manifest_that_is_not_the_reported_one_is_refused(deliver, storage):
    evaluation = deliver()
    stage, _ = spoil(storage)
    Stage.objects.filter(pk=stage.pk).update(manifest="0" * 64)
    with pytest.raises(UploadError, match="not the one that was reported"):
        score(evaluation.pk)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(lambda values: values[:-1], "bytes"), (lambda values: np.append(values[:-1], np.nan), "not finite")],
)
def test_well_signed_predictions_of_the_wrong_length_or_kind_are_refused(deliver, plan, change, sentence):
    made = Maker(plan)
    evaluation = deliver(lambda arm, entry: change(made(arm, entry)))
    with pytest.raises(DeliveryError, match=sentence):
        score(evaluation.pk)


def test_a_model_is_never_scored_on_a_part_of_what_it_had_to_predict(deliver):
    evaluation = deliver()
    Stage.objects.filter(kind="infer").last().delete()
    with pytest.raises(DeliveryError, match="was not delivered"):
        score(evaluation.pk)


def test_an_evaluation_that_was_deleted_is_not_scored():
    score(10**9)
    assert not Scorecard.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_scorers_at_once_publish_once(deliver, monkeypatch):
    """They meet twice: before the card is kept, and before the state moves."""
    evaluation = deliver(name="Mine")
    meeting = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(scoring, "keep", meeting_first(meeting, scoring.keep))
    monkeypatch.setattr(scoring, "publish", meeting_first(meeting, scoring.publish))

    def scorer():
        score(evaluation.pk)
        connection.close()

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(scorer) for _ in range(2)]:
            done.result()
    assert Scorecard.objects.count() == 1
    assert json.loads(bytes(Board.objects.get().json))["rows"][0]["model"] == "Mine"
    evaluation.submission.refresh_from_db()
    assert evaluation.submission.state == SubmissionState.PUBLISHED


def meeting_first(barrier, function):
    def met(*arguments):
        barrier.wait()
        return function(*arguments)

    return met
