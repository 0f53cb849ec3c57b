"""Scores that are computed again: the same stay as they are, others change in sight of everybody."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from leaderboard.hosting.scoring import hand_over
from leaderboard.models import Act, Board, Scorecard
from leaderboard.publishing import rescoring
from leaderboard.publishing.scoring import score
from leaderboard.submitting.errors import Refused
from leaderboard.tasks import score as score_task
from tests.site.builders import make_evaluation, make_person
from tests.site.submitting.refusals import refusal

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "primary/"


@pytest.fixture
def evaluation(deliver):
    """Scored and published."""
    evaluation = deliver(name="Mine")
    score(evaluation.pk)
    evaluation.refresh_from_db()
    return evaluation


@pytest.fixture
def wrong(evaluation):
    """What a mistake of ours had made of its score."""
    card = Scorecard.objects.get()
    card.summary["intervals"][KEY]["estimate"] = 0.99
    card.save()
    return card


@pytest.fixture
def asked(monkeypatch):
    """Tasks that are sent."""
    sent = []
    monkeypatch.setattr("leaderboard.hosting.scoring.current_app.send_task", lambda _, **how: sent.append(how["args"]))
    return sent


def made_of():
    return Board.objects.get(metric="primary", target="").made_of


def test_what_comes_out_the_same_changes_nothing_and_is_written_down(evaluation):
    before, board = Scorecard.objects.get(), made_of()
    assert rescoring.rescore(evaluation, why="to be sure") == []
    after = Scorecard.objects.get()
    assert (after.computed_at, made_of()) == (before.computed_at, board)
    (said,) = after.changes
    assert (said["why"], said["n_changed"], said["before"]) == ("to be sure", 0, said["after"])
    assert Act.objects.get(what="rescore").detail == {"why": "to be sure", "changed": [], "n_changed": 0}


def test_what_comes_out_another_is_said_with_its_reason_and_the_old_value_kept(evaluation, wrong):
    before = made_of()
    changed = rescoring.rescore(evaluation, why="a mistake in 1.2", person=make_person(name="operator"))
    card = Scorecard.objects.get()
    right = card.summary["intervals"][KEY]["estimate"]
    assert changed == [f"summary.intervals.{KEY}.estimate"]
    (change,) = card.changes
    assert (change["why"], change["before"], change["after"]) == ("a mistake in 1.2", 0.99, right)
    assert card.computed_at > wrong.computed_at
    assert made_of() != before
    written = Act.objects.get(what="rescore")
    assert written.who.startswith("operator-")
    assert written.detail["before"]["intervals"][KEY]["estimate"] == 0.99
    assert written.detail["after"]["intervals"][KEY]["estimate"] == right


def test_of_the_times_that_nothing_changed_readers_see_the_last(evaluation, wrong):
    for why in ("a mistake in 1.2", "to be sure", "to be surer"):
        rescoring.rescore(evaluation, why=why)
    assert [said["why"] for said in Scorecard.objects.get().changes] == ["a mistake in 1.2", "to be surer"]


def test_draws_that_are_damaged_are_written_anew(evaluation, settings):
    card = Scorecard.objects.get()
    path = Path(settings.STORAGE, card.draws)
    good = path.read_bytes()
    path.write_bytes(b"rubbish")
    assert rescoring.rescore(evaluation, why="its draws are damaged") == []
    assert path.read_bytes() == good
    assert Scorecard.objects.get().computed_at > card.computed_at


def test_an_operator_asks_and_the_scorer_does_it_once(evaluation, wrong, asked):
    person = make_person(name="operator")
    rescoring.ask(person, evaluation, "a mistake in 1.2")
    assert asked == [[evaluation.pk]]
    score_task(evaluation.pk)
    score_task(evaluation.pk)
    card = Scorecard.objects.get()
    assert (len(card.changes), card.rescore_why, card.rescore_by) == (1, "", None)
    assert Act.objects.get(what="rescore").person == person


def test_what_was_asked_for_is_asked_again_until_it_is_done(evaluation, asked):
    rescoring.ask(None, evaluation, "again")
    type(evaluation).objects.update(scoring_asked_at=None)
    hand_over()
    assert asked == [[evaluation.pk]] * 2


def test_what_cannot_be_computed_is_written_down_and_not_tried_for_ever(evaluation, asked, monkeypatch):
    before = Scorecard.objects.get()
    rescoring.ask(None, evaluation, "again")
    monkeypatch.setattr(rescoring, "scored", lambda *_: 1 / 0)
    score_task(evaluation.pk)
    after = Scorecard.objects.get()
    assert (after.rescore_why, after.summary) == ("", before.summary)
    assert "ZeroDivisionError" in Act.objects.get(what="rescore failed").detail["error"]


def test_a_reason_is_needed_and_scores_too(evaluation):
    assert refusal(rescoring.ask, None, evaluation, " ").code == "no_reason"
    assert refusal(rescoring.ask, None, make_evaluation(), "again").code == "no_scores"


def test_what_is_on_a_sealed_study_is_its_scorers_alone(evaluation):
    evaluation.study_id = 1
    with pytest.raises(Refused, match="sealed study"):
        rescoring.ask(None, evaluation, "again")


def test_the_command_does_a_whole_track_and_says_what_changed(evaluation, wrong, capsys):
    call_command("rescore", track=evaluation.track.slug, why="a mistake in 1.2")
    assert capsys.readouterr().out.endswith(f"1 values changed, summary.intervals.{KEY}.estimate first\n")
    call_command("rescore", str(evaluation.submission_id), why="again")
    assert capsys.readouterr().out.endswith(": as it was\n")
    assert Act.objects.filter(what="rescore", who__startswith="manage.py rescore, by ").count() == 4


def test_the_command_names_what_is_missing(evaluation):
    with pytest.raises(CommandError, match="give ids, or --track"):
        call_command("rescore", why="again")
