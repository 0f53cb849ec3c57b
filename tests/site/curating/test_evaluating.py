"""Who is scored on a sealed study, how often, from what, and what becomes of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.arms import Arm
from evaluator.engine.runs import RunSpec
from evaluator.sealing import keys
from leaderboard.hosting import forecast
from leaderboard.models import Attempt, Evaluation, Run, SealedStudy, StudyStep
from leaderboard.reads.submissions import runs_of
from leaderboard.sealed import evaluating, life, queue
from leaderboard.states import AttemptState, Purpose, RunState, StudyState
from leaderboard.submitting import submissions, teams
from tests.site.builders import (
    make_attempt,
    make_definition,
    make_ending,
    make_model,
    make_person,
    make_release,
    make_run,
    make_spec,
    make_stage,
    make_submission,
    make_team,
    make_track,
)
from tests.site.curating.builders import make_step, make_study
from tests.site.submitting.refusals import refusal

S = StudyState
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    monkeypatch.setattr(queue, "_send", lambda *_: None)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated") / "tiny"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture
def track(tiny):
    definition = make_definition(sources=("SynthA", "SynthB"), targets=("SynthA", "SynthB", "SynthC"))
    return make_track(release=make_release(release_id=tiny.id, folder=str(tiny.folder)), definition=definition)


@pytest.fixture
def published(track, tiny):
    """A model on the track, with the runs of its record: the real arm and the permuted one."""

    def made(**values):
        model = values.pop("model", None) or make_model(**{k: values.pop(k) for k in ("kind", "team") if k in values})
        submission = make_submission(model=model, track=track, state="published", **values)
        for source in track.definition["sources"]:
            for arm in ("real", "intradrug"):
                targets = tuple(track.definition["targets"])
                spec = make_spec(release_id=tiny.id, source=source, arm=Arm.parse(arm), targets=targets, seed=99)
                make_run(submission=submission, spec=spec, state=RunState.DONE)
        return submission

    return made


@pytest.fixture
def live(track):
    return make_study(state=S.LIVE, track=track)


def scored(study):
    return list(Evaluation.objects.filter(study=study).order_by("pk").values_list("submission", flat=True))


def went_live_before(study):
    """So that what is sent now is sent with its feedback at hand."""
    StudyStep.objects.filter(study=study, to=S.LIVE)._raw_delete("default")
    past = timezone.now() - timedelta(days=1)
    people = [make_person(curator=True) for _ in range(2)]
    StudyStep.objects.create(
        study=study, to=S.LIVE, proposed_by=people[0], answered_by=people[1], answered_at=past, is_confirmed=True
    )


def test_every_model_on_the_track_is_scored_when_a_study_goes_live(live, published):
    first, second = published(), published(kind="reference")
    published().model.submissions.update(state="failed")
    make_submission(state="published")  # of another track
    evaluating.advance()
    evaluating.advance()
    assert scored(live) == [first.pk, second.pk]


def test_it_is_trained_again_from_the_record_with_real_labels_alone(live, published, settings):
    submission = published()
    evaluating.advance()
    record = Run.objects.filter(submission=submission, purpose=Purpose.TRACK, spec__arm="real").order_by("id")
    again = Run.objects.filter(submission=submission, purpose=Purpose.SEALED).order_by("id")
    assert [run.evaluation.study for run in again] == [live, live]
    for was, run in zip(record, again, strict=True):
        old, new = RunSpec.from_json(was.spec), RunSpec.from_json(run.spec)
        assert new.trained == old.trained
        assert (new.study, new.seal_to) == (live.study_id, keys.public_key(settings.SCORER_PUBLIC).text)
        assert new.targets == (("SynthC",) if live.summary["rows"] <= 590 else ("SynthB",))


def test_an_open_target_comes_first_that_is_at_least_as_large_and_another_study(track, published):
    large = make_study(state=S.LIVE, track=track, facts={"rows": 700})
    published()
    evaluating.advance()
    asked = {run.spec["source"]: run.spec["targets"] for run in Run.objects.filter(evaluation__study=large)}
    assert asked == {"SynthA": ["SynthB"], "SynthB": ["SynthA"]}


def test_the_newest_version_of_a_model_is_scored(live, published):
    model = make_model()
    published(model=model)
    newer = published(model=model)
    evaluating.advance()
    assert scored(live) == [newer.pk]


def test_nobody_who_curated_a_study_is_scored_on_it_nor_their_team(live, published):
    step = live.steps.first()
    for person in (live.uploaded_by, step.proposed_by, step.answered_by):
        published(team=make_team(owner=person))
        published(team=make_team(members=[person]))
    published(person=live.uploaded_by)
    named = published()
    live.teams_kept_out.add(named.model.team)
    other = published()
    evaluating.advance()
    assert scored(live) == [other.pk]


def test_a_curator_who_leaves_a_team_frees_it_of_nothing(live, published):
    curator, owner = live.uploaded_by, make_person()
    other = live.steps.first().answered_by
    left = published(team=make_team(owner=owner, members=[curator]), person=owner)
    removed = published(team=make_team(owner=owner, members=[other]), person=owner)
    teams.leave(curator, left.model.team)
    teams.remove(owner, removed.model.team, other)
    evaluating.advance()
    assert scored(live) == []


def test_whoever_left_before_a_later_step_made_a_curator_of_them_keeps_the_team_out(live, published):
    later = make_person(curator=True)
    owner = make_person()
    entry = published(team=make_team(owner=owner, members=[later]), person=owner)
    teams.leave(later, entry.model.team)
    make_step(live, S.FROZEN, proposed_by=later, is_open=True)
    evaluating.advance()
    assert scored(live) == []


def test_a_team_that_was_left_before_the_study_came_is_scored(live, published):
    owner = make_person()
    entry = published(team=make_team(owner=owner, members=[live.uploaded_by]), person=owner)
    teams.leave(live.uploaded_by, entry.model.team)
    SealedStudy.objects.update(created_at=timezone.now())
    evaluating.advance()
    assert scored(live) == [entry.pk]


def test_our_reference_models_are_scored_whoever_runs_the_site(live, published):
    ours = published(kind="reference", team=make_team(owner=live.uploaded_by))
    evaluating.advance()
    assert scored(live) == [ours.pk]


def test_what_was_there_before_takes_no_look_and_what_comes_after_takes_one(live, published):
    went_live_before(live)
    team = make_team()
    old = published(team=team, created_at=timezone.now() - timedelta(days=2))
    new = [published(team=team) for _ in range(live.looks + 2)]
    evaluating.advance()
    assert scored(live) == [old.pk, *(one.pk for one in new[: live.looks])]


def test_a_failure_is_a_look(live, published):
    went_live_before(live)
    team = make_team()
    for _ in range(live.looks):
        published(team=team)
    evaluating.advance()
    Run.objects.filter(purpose=Purpose.SEALED).update(state=RunState.FAILED)
    evaluating.advance()
    published(team=team)
    evaluating.advance()
    assert len(scored(live)) == live.looks


def test_an_image_that_is_gone_and_an_improve_model_are_not_scored(live, published):
    published(image_origin="archive")
    published(contract="improve")
    evaluating.advance()
    assert scored(live) == []


@pytest.mark.parametrize("state", [state for state in S if state is not S.LIVE])
def test_nothing_is_scored_by_itself_but_on_live_studies(track, published, state):
    study = make_study(state=state, track=track)
    published(kind="reference")
    evaluating.advance()
    assert scored(study) == []


def test_a_dry_run_has_our_own_models_alone(ann, track, published):
    study = make_study(state=S.SEALED, track=track)
    published()
    ours = [published(kind=kind) for kind in ("reference", "control")]
    assert life.try_out(ann, study) == 2
    assert scored(study) == [one.pk for one in ours]
    assert refusal(life.try_out, ann, study).code == "nothing_due"


@pytest.mark.parametrize("state", [state for state in S if state is not S.SEALED])
def test_a_dry_run_comes_between_sealed_and_live(ann, track, published, state):
    published(kind="reference")
    assert refusal(life.try_out, ann, make_study(state=state, track=track)).code == "no_dry_run"


def test_a_correction_is_tried_out_on_all_that_was_scored_before(ann, live, track, published):
    theirs = published()
    evaluating.advance()
    newer = published()
    correction = make_study(state=S.SEALED, track=track, corrects=live)
    assert life.try_out(ann, correction) == 1
    assert scored(correction) == [theirs.pk]
    evaluating.advance()
    assert scored(live) == [theirs.pk, newer.pk]  # it is still the one that counts


def test_what_was_corrected_takes_no_more_models(live, track, published):
    make_study(state=S.LIVE, track=track, corrects=live)
    published()
    evaluating.advance()
    assert scored(live) == []


def test_a_study_larger_than_every_open_target_is_refused_with_a_reason(ann, track, published):
    published(kind="reference")
    study = make_study(state=S.SEALED, track=track, facts={"rows": 5000})
    assert "no open target has its 5,000 rows" in refusal(life.try_out, ann, study).sentence
    assert scored(study) == []


# What becomes of it.


def test_one_failed_run_ends_the_whole(live, published):
    published()
    evaluating.advance()
    first, other = Run.objects.filter(purpose=Purpose.SEALED).order_by("id")
    attempt = make_attempt(run=other)
    Run.objects.filter(pk=other.pk).update(state=RunState.RUNNING)
    Run.objects.filter(pk=first.pk).update(state=RunState.FAILED)
    evaluating.advance()
    assert Evaluation.objects.get(study=live).finished_at is not None
    other.refresh_from_db()
    attempt.refresh_from_db()
    assert (other.state, attempt.state) == (RunState.STOPPED, AttemptState.STOPPED)
    evaluating.advance()
    assert len(scored(live)) == 1


def test_what_was_begun_at_the_moment_of_a_freeze_ends_too(track, published):
    study = make_study(state=S.FROZEN, track=track)
    begun = Evaluation.objects.create(submission=published(), track=track, study=study)
    evaluating.advance()
    begun.refresh_from_db()
    assert begun.finished_at is not None


def test_a_model_without_a_record_cannot_be_trained_again(live, published):
    published().runs.all().delete()
    other = published()
    evaluating.advance()
    assert scored(live) == [other.pk]


def test_what_failed_by_our_fault_is_tried_again_after_a_day(live, published, monkeypatch):
    published()
    evaluating.advance()
    run = Run.objects.filter(purpose=Purpose.SEALED).first()
    make_attempt(run=run, state=AttemptState.GIVEN_UP, ended_at=timezone.now())
    Run.objects.filter(pk=run.pk).update(state=RunState.PARKED, failures_of_ours=3)
    evaluating.advance()
    run.refresh_from_db()
    assert run.state == RunState.PARKED
    Attempt.objects.update(ended_at=timezone.now() - timedelta(days=2))
    evaluating.advance()
    run.refresh_from_db()
    assert (run.state, run.failures_of_ours) == (RunState.QUEUED, 0)


def test_a_withdrawn_model_is_not_scored_any_more(live, published):
    submission = published()
    evaluating.advance()
    submissions.withdraw(submission.person, submission)
    evaluating.advance()
    assert Evaluation.objects.get(study=live).finished_at is not None
    assert not Run.objects.filter(purpose=Purpose.SEALED, state=RunState.QUEUED).exists()


def test_a_deleted_model_leaves_the_row_of_what_was_told(live, published, settings):
    submission = published()
    evaluating.advance()
    owner = submission.model.team.memberships.get(role="owner").person
    submissions.delete(owner, submission)
    assert scored(live) == [submission.pk]


# What its team sees of it.


def test_a_team_sees_no_run_stage_log_or_cost_of_it(live, published):
    submission = published()
    before, cost = runs_of(submission), forecast.forecast(submission).cost
    evaluating.advance()
    for run in Run.objects.filter(purpose=Purpose.SEALED):
        attempt = make_attempt(run=run, state=AttemptState.DONE)
        make_stage(attempt=attempt, state="ended", ending=make_ending(wall_s=50.0))
        make_stage(attempt=attempt, kind="infer", target="sealed", state="ended", ending=make_ending(wall_s=0.0))
    assert runs_of(submission) == before
    assert forecast.forecast(submission).cost == cost


def test_what_it_costs_is_made_of_what_such_runs_took(live, published):
    submission = published()
    for run in submission.runs.all():
        attempt = make_attempt(run=run, state=AttemptState.DONE)
        make_stage(attempt=attempt, state="ended", ending=make_ending(wall_s=10.0))
        make_stage(attempt=attempt, kind="infer", target="SynthB", state="ended", ending=make_ending(wall_s=2.0))
    cost = evaluating.cost(live, evaluating.due(live))
    assert (cost.models, cost.runs) == (1, 2)
    assert cost.wall_s == pytest.approx(2 * 10 + 4 * 2)
