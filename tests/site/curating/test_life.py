"""Every state × every action × everybody; two people to each step, whatever they are; and no way back."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from benchmark_data.synthetic_plans import TINY, TINY_SEALED
from leaderboard.models import Act, Evaluation, SealedStudy, StudyStep
from leaderboard.sealed import life
from leaderboard.sealed.allowed import ALLOWS, NEXT, Can, allows
from leaderboard.states import RunState, StudyState
from tests.site.builders import make_evaluation, make_person, make_release, make_run, make_submission, make_track
from tests.site.curating.builders import make_sealed_score, make_step, make_study
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once

pytestmark = pytest.mark.django_db
S = StudyState
TABLE = """
          rules  seen  tried  scored  scores  all  answers
draft     x      -     -      -       -       -    -
sealed    -      x     x      -       -       -    -
live      -      x     -      x       x       -    -
frozen    -      x     -      -       x       x    -
retired   -      x     -      -       x       x    -
released  -      x     -      -       x       x    x
"""


def as_table():
    rows = {state: ["x" if can in ALLOWS[state] else "-" for can in Can] for state in StudyState}
    return {str(state): cells for state, cells in rows.items()}


def ready(study):
    """With what its next step asks for."""
    if study.state == S.SEALED:
        make_sealed_score(study)
    return study


def test_what_each_state_allows():
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    assert as_table() == {state: cells for state, *cells in rows}


def test_one_state_follows_another_and_none_the_last():
    assert list(NEXT.items()) == [
        (S.DRAFT, S.SEALED),
        (S.SEALED, S.LIVE),
        (S.LIVE, S.FROZEN),
        (S.FROZEN, S.RETIRED),
        (S.RETIRED, S.RELEASED),
    ]


@pytest.mark.parametrize(("state", "to"), NEXT.items())
def test_two_curators_move_a_study_on(ann, ben, state, to):
    study = ready(make_study(state=state))
    step = life.propose(ann, study, "it is time")
    study.refresh_from_db()
    assert study.state == state
    assert life.answer(ben, step, confirm=True).state == to
    study.refresh_from_db()
    assert study.state == to
    assert list(Act.objects.order_by("pk").values_list("what", "person")) == [
        (f"propose {to}", ann.pk),
        (f"confirm {to}", ben.pk),
    ]


@pytest.mark.parametrize("state", NEXT)
def test_a_refused_step_leaves_it_as_it_was_and_another_can_be_proposed(ann, ben, state):
    study = ready(make_study(state=state))
    life.answer(ben, life.propose(ann, study), confirm=False)
    study.refresh_from_db()
    assert study.state == state
    assert life.propose(ben, study).to == NEXT[state]


@pytest.mark.parametrize("confirm", [True, False])
@pytest.mark.parametrize("staff", [True, False])
@pytest.mark.parametrize("state", NEXT)
def test_nobody_answers_an_own_step_superusers_included(state, staff, confirm):
    person = make_person(staff=staff, curator=not staff)
    step = life.propose(person, ready(make_study(state=state)))
    assert refusal(life.answer, person, step, confirm=confirm).code == "own_step"


@pytest.mark.parametrize("state", StudyState)
def test_who_is_no_curator_finds_nothing(ann, state):
    study, stranger = make_study(state=state), make_person()
    step = make_step(study, NEXT.get(state, S.RELEASED), proposed_by=ann, is_open=True)
    for act in (
        lambda: life.propose(stranger, study),
        lambda: life.answer(stranger, step, confirm=True),
        lambda: life.change_rules(stranger, study, looks=5, is_rank_only=True, kept_out=[]),
        lambda: life.try_out(stranger, study),
    ):
        assert refusal(act).status == 404


def test_staff_without_a_second_factor_are_no_curators(ann):
    staff = make_person(staff=True)
    staff.authenticator_set.all().delete()
    assert refusal(life.propose, staff, make_study()).status == 404


def test_nothing_follows_released(ann):
    assert refusal(life.propose, ann, make_study(state=S.RELEASED)).code == "no_step"


def test_one_step_is_open_at_a_time(ann, ben):
    study = make_study()
    life.propose(ann, study)
    assert refusal(life.propose, ben, study).code == "step_open"


def test_a_step_is_answered_once(ann, ben):
    step = life.propose(ann, make_study())
    life.answer(ben, step, confirm=False)
    assert refusal(life.answer, ben, step, confirm=True).code == "answered"


def test_a_step_that_nobody_answers_lapses(ann, ben, monkeypatch):
    study = make_study()
    step = life.propose(ann, study)
    life.lapse()
    step.refresh_from_db()
    assert step.answered_at is None
    monkeypatch.setattr(life, "STEP_LAPSES", timedelta(seconds=-1))
    life.lapse()
    step.refresh_from_db()
    assert (step.is_confirmed, step.answered_by) == (False, None)
    assert refusal(life.answer, ben, step, confirm=True).code == "answered"
    assert life.propose(ben, study)


# What comes first.


def test_a_study_is_not_sealed_before_its_report(ann):
    assert refusal(life.propose, ann, make_study(report=None)).code == "not_ready"


def test_a_study_does_not_go_live_without_a_dry_run(ann):
    study = make_study(state=S.SEALED)
    assert "No reference model" in refusal(life.propose, ann, study).sentence
    make_evaluation(submission=make_submission(track=study.track), study=study)
    make_sealed_score(study)
    assert "under way" in refusal(life.propose, ann, study).sentence


def test_what_has_to_come_first_is_asked_again_when_it_is_confirmed(ann, ben):
    study = ready(make_study(state=S.SEALED))
    step = life.propose(ann, study)
    make_evaluation(submission=make_submission(track=study.track), study=study)
    assert refusal(life.answer, ben, step, confirm=True).code == "not_ready"
    study.refresh_from_db()
    assert study.state == S.SEALED


def test_a_demonstration_goes_live_with_its_own_study_alone_unless_told_what_that_gives_up(ann, settings):
    settings.DEMONSTRATION = True
    theirs = ready(make_study(state=S.SEALED))
    assert "demonstration" in refusal(life.propose, ann, theirs).sentence
    track = make_track(release=make_release(name=TINY))
    assert life.propose(ann, ready(make_study(state=S.SEALED, track=track, facts={"name": TINY_SEALED})))
    settings.SERVE_SEALED_STUDIES_WITHOUT_WALLS = True
    assert life.propose(ann, theirs)


def test_what_is_corrected_is_not_frozen_while_its_correction_is_live(ann):
    old = make_study(state=S.LIVE)
    new = make_study(state=S.LIVE, corrects=old, track=old.track)
    assert str(new) in refusal(life.propose, ann, old).sentence


# What follows.


def test_a_correction_that_goes_live_marks_the_old_scores_and_keeps_them(ann, ben):
    old = make_study(state=S.LIVE)
    was = make_sealed_score(old, released={"rank": 1})
    new = ready(make_study(state=S.SEALED, corrects=old, track=old.track))
    life.answer(ben, life.propose(ann, new), confirm=True)
    was.refresh_from_db()
    assert (was.is_superseded, was.released) == (True, {"rank": 1})
    assert not new.scores.get().is_superseded


def test_nothing_more_is_scored_on_what_is_frozen(ann, ben):
    study = make_study(state=S.LIVE)
    evaluation = make_evaluation(submission=make_submission(track=study.track), study=study)
    run = make_run(submission=evaluation.submission, evaluation=evaluation, purpose="sealed")
    life.answer(ben, life.propose(ann, study), confirm=True)
    run.refresh_from_db()
    assert run.state == RunState.STOPPED
    assert not Evaluation.objects.filter(finished_at=None).exists()


# Rules.


def test_rules_are_changed_of_a_draft_and_every_change_is_written_down(ann):
    study, team = make_study(), make_submission().model.team
    study = life.change_rules(ann, study, looks=2, is_rank_only=True, kept_out=[team])
    assert (study.looks, study.is_rank_only, list(study.teams_kept_out.all())) == (2, True, [team])
    assert Act.objects.get().what == "change rules"
    assert refusal(life.change_rules, ann, study, looks=0, is_rank_only=True, kept_out=[]).field == "looks"


@pytest.mark.parametrize("state", [state for state in StudyState if Can.CHANGE_RULES not in ALLOWS[state]])
@pytest.mark.parametrize("staff", [True, False])
def test_nobody_changes_the_rules_of_what_is_sealed(state, staff):
    person, study = make_person(staff=staff, curator=True), make_study(state=state)
    assert not allows(study, Can.CHANGE_RULES)
    code = refusal(life.change_rules, person, study, looks=1, is_rank_only=True, kept_out=[]).code
    assert code == "rules_fixed"


LOOSER = [
    {"looks": 6},
    {"is_rank_only": False},
    {"state": S.DRAFT},
    {"commitment": "d0" * 32},
    {"summary": {}},
    {"study_id": "e0" * 32},
]


@pytest.mark.parametrize("change", LOOSER, ids=lambda change: next(iter(change)))
@pytest.mark.parametrize("state", [S.SEALED, S.LIVE, S.RELEASED])
def test_the_database_itself_refuses_to_loosen_what_is_sealed(db, state, change):
    study = make_study(state=state, looks=5, is_rank_only=True)
    with transaction.atomic(), pytest.raises(DatabaseError), transaction.atomic():
        SealedStudy.objects.filter(pk=study.pk).update(**change)
    SealedStudy.objects.filter(pk=study.pk).update(looks=1)
    study.refresh_from_db()
    assert study.looks == 1


@pytest.mark.parametrize("state", [S.SEALED, S.LIVE, S.RELEASED])
def test_the_database_itself_keeps_what_is_sealed(db, state):
    study = make_study(state=state)
    with pytest.raises(DatabaseError), transaction.atomic():
        SealedStudy.objects.filter(pk=study.pk)._raw_delete("default")


def test_the_database_itself_takes_no_step_of_one_person(ann, ben):
    step = life.propose(ann, make_study())
    with pytest.raises(IntegrityError), transaction.atomic():
        StudyStep.objects.filter(pk=step.pk).update(answered_by=ann, answered_at=timezone.now(), is_confirmed=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        StudyStep.objects.filter(pk=step.pk).update(answered_at=timezone.now(), is_confirmed=True)
    life.answer(ben, step, confirm=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        StudyStep.objects.filter(pk=step.pk).update(is_confirmed=True)


# At one moment.


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_one_moment_one_is_heard(ann, ben):
    third, study = make_person(curator=True), make_study()
    step = life.propose(ann, study)
    heard = at_once(lambda: life.answer(ben, step, confirm=True), lambda: life.answer(third, step, confirm=False))
    assert sorted(isinstance(one, SealedStudy) for one in heard) == [False, True]
    step.refresh_from_db()
    study.refresh_from_db()
    assert (study.state == S.SEALED) == step.is_confirmed == (step.answered_by_id == ben.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_propose_at_one_moment_one_does_and_neither_confirms_the_own(ann, ben):
    study = make_study()
    made = at_once(lambda: life.propose(ann, study), lambda: life.propose(ben, study))
    assert [one for one in made if isinstance(one, str)] == ["step_open"]
    step = StudyStep.objects.get()
    answers = at_once(*[lambda: life.answer(step.proposed_by, step, confirm=True)] * 2)
    assert answers == ["own_step", "own_step"]
    study.refresh_from_db()
    assert study.state == S.DRAFT
