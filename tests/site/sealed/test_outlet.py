"""What the scorer tells, and when: ladder, ranks, times of release, and everything once a study is frozen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evaluator.scoring.ranking import standings
from leaderboard.models import Certificate, Opening, SealedScore, SealedStudy, Submission
from leaderboard.reads.sealed_scores import released_scores
from leaderboard.sealed import looking, outlet, release
from leaderboard.states import StudyState, SubmissionState
from tests.site.builders import make_model, make_team
from tests.site.sealed.conftest import Maker

pytestmark = pytest.mark.django_db


def told(study):
    """By evaluation, after the scorer has looked."""
    looking.look()
    return {one.evaluation_id: one.released for one in release.shown(study, curator=False)}


def moved(study, state):
    SealedStudy.objects.filter(pk=study.pk).update(state=state)
    study.refresh_from_db()
    return study


def test_the_scorer_finds_its_work_in_the_database(study, deliver):
    first, second = deliver(study), deliver(study, done=False)
    assert list(told(study)) == [first.pk]
    second.runs.update(state="done")
    for run in second.runs.all():
        run.attempts.update(state="done")
    assert set(told(study)) == {first.pk, second.pk}
    assert Opening.objects.count() == 2


def test_ranks_are_the_librarys_of_all_that_stand_on_the_study(study, deliver, hidden, vault):
    shares = {0.9: "best", 0.5: "middle", 0.1: "worst"}
    by_pk = {deliver(study, Maker(hidden, share)).pk: name for share, name in shares.items()}
    ranks = {by_pk[pk]: one["rank"] for pk, one in told(study).items()}
    draws = {name: vault.kept(study.study_id, pk).draws for pk, name in by_pk.items()}
    for standing in standings(draws, units=vault.kept(study.study_id, next(iter(by_pk))).whole["units"]):
        ours = ranks[standing.model]
        assert (ours["first"], ours["last"], ours["tie_group"]) == (standing.first, standing.last, standing.tie_group)
        assert ours["of"] == 3
    assert ranks["best"]["first"] == 1
    assert ranks["worst"]["last"] == 3


def test_controls_withdrawn_models_and_older_versions_are_not_ranked(study, deliver, hidden):
    long_ago = timezone.now() - timedelta(days=3)  # before the study was live: no feedback shaped it
    model = make_model()
    old, new = (deliver(study, Maker(hidden, share), model=model, created_at=long_ago) for share in (0.4, 0.5))
    control, gone = deliver(study, kind="control"), deliver(study, created_at=long_ago)
    told(study)
    Submission.objects.filter(pk=gone.submission_id).update(state=SubmissionState.WITHDRAWN)
    ranks = {pk: one["rank"] for pk, one in told(study).items()}
    assert ranks[new.pk] == {"first": 1, "last": 1, "of": 1, "tie_group": 1}
    assert ranks[old.pk] is ranks[control.pk] is ranks[gone.pk] is None


def test_a_look_that_is_no_better_by_more_than_noise_tells_no_number(study, deliver, hidden):
    team = make_team()
    first = deliver(study, Maker(hidden, 0.6, seed=1), model=make_model(team=team))
    told(study)
    second = deliver(study, Maker(hidden, 0.6, seed=1), model=make_model(team=team))
    assert told(study)[second.pk] == {"metric": "r2", "higher_is_better": True, "ladder": release.NOT_AHEAD}
    third = deliver(study, Maker(hidden, 0.95, seed=1), model=make_model(team=team))
    known = told(study)
    assert "sources" in known[third.pk] and "sources" in known[first.pk]
    assert SealedScore.objects.get(evaluation=second).is_standing is False


def test_a_version_that_the_ladder_passed_over_leaves_the_one_before_it_on_the_board(study, deliver, hidden):
    model = make_model()
    first = deliver(study, Maker(hidden, 0.6, seed=1), model=model)
    told(study)
    second = deliver(study, Maker(hidden, 0.6, seed=1), model=model)
    assert "ladder" in told(study)[second.pk]
    assert [score.evaluation for score in released_scores(study)] == [first]


def test_models_from_before_the_study_was_live_are_all_told(study, deliver, hidden):
    team, long_ago = make_team(), timezone.now() - timedelta(days=3)
    both = [
        deliver(study, Maker(hidden, 0.6, seed=1), model=make_model(team=team), created_at=long_ago) for _ in range(2)
    ]
    known = told(study)
    assert all("sources" in known[one.pk] for one in both)


def test_what_was_told_stays_when_another_comes(study, deliver, hidden):
    team = make_team()
    first = deliver(study, Maker(hidden, 0.9), model=make_model(team=team), done=False)
    second = deliver(study, Maker(hidden, 0.5), model=make_model(team=team))
    assert "sources" in told(study)[second.pk]
    first.runs.update(state="done")
    for run in first.runs.all():
        run.attempts.update(state="done")
    known = told(study)
    assert "sources" in known[first.pk] and "sources" in known[second.pk]


def test_nothing_is_told_before_the_fixed_time(study, deliver, settings):
    settings.SEALED_RELEASE_EVERY_H = 24
    evaluation = deliver(study)
    assert told(study) == {}
    waits = SealedScore.objects.get(evaluation=evaluation)
    assert (waits.released, waits.shown_from) == ({}, None)
    SealedScore.objects.update(computed_at=timezone.now() - timedelta(days=1, seconds=1))
    assert evaluation.pk in told(study)


def test_everything_follows_when_the_study_is_frozen_and_no_seed_is_in_it(study, deliver, hidden, vault):
    evaluation = deliver(study)
    assert "card" not in told(study)[evaluation.pk]
    moved(study, StudyState.FROZEN)
    known = told(study)[evaluation.pk]
    assert {"stratum", "mechanism", "drug"} <= known["card"]["breakdowns"].keys()
    assert isinstance(known["mean"]["standard_error"], float)
    assert str(vault.seed(study.study_id)) not in str(known)
    assert Opening.objects.count() == 1  # the answers were not opened again


def test_a_study_whose_rank_alone_is_told_tells_no_number(bring, deliver):
    study = bring(is_rank_only=True)
    evaluation = deliver(study)
    assert told(study)[evaluation.pk] == {
        "metric": "r2",
        "higher_is_better": True,
        "rank": {"first": 1, "last": 1, "of": 1, "tie_group": 1},
    }


def test_a_dry_run_is_told_to_curators_and_certified_to_nobody(bring, deliver):
    study = bring(state=StudyState.SEALED)
    deliver(study, kind="reference")
    assert told(study) == {}
    assert "sources" in release.shown(study, curator=True).get().released
    assert not Certificate.objects.exists()


def test_what_was_tried_out_is_told_and_certified_once_the_study_is_live(bring, deliver):
    study = bring(state=StudyState.SEALED)
    evaluation = deliver(study, kind="reference")
    told(study)
    assert evaluation.pk in told(moved(study, StudyState.LIVE))
    assert Certificate.objects.get().evaluation == evaluation


def test_telling_again_what_was_told_writes_nothing(study, deliver):
    deliver(study)
    told(study)
    assert outlet.publish(study) is False


def test_one_that_cannot_be_computed_again_keeps_nobody_waiting(study, deliver, vault):
    lost, new = deliver(study), deliver(study)
    before = told(study)[lost.pk]
    for file in (vault.draws / study.study_id).glob(f"{lost.pk}.*"):
        file.unlink()
    lost.runs.all().delete()
    third = deliver(study)
    known = told(study)
    assert known[lost.pk] == before
    assert known[third.pk]["rank"]["of"] == 2
    assert new.pk in known


def test_an_evaluation_that_fails_by_our_fault_is_not_tried_again_at_once(study, deliver, monkeypatch):
    evaluation, tries = deliver(study), []
    monkeypatch.setattr("leaderboard.sealed.scoring.scored", lambda *_, **__: tries.append(1) or 1 / 0)
    looking.look()
    looking.look()
    assert len(tries) == 1
    evaluation.refresh_from_db()
    assert evaluation.finished_at is None


def test_one_evaluation_that_cannot_be_scored_keeps_no_other_from_its_score(study, deliver, storage):
    bad, good = deliver(study), deliver(study)
    stage = bad.runs.first().attempts.first().stages.first()
    storage.write(f"attempts/{stage.attempt_id.hex}/infer-sealed/predictions.f4.sealed", b"")
    assert list(told(study)) == [good.pk]
