"""The life of a sealed study: what each state allows, and its steps, which take two people each.

What the database itself refuses of this (a step by one person, a way back, looser rules of a study that is sealed)
stands in migration 0004: no page, command or superuser goes around it.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from benchmark_data.synthetic_plans import TINY, TINY_SEALED
from evaluator.contract.errors import ContractError
from leaderboard import audit
from leaderboard.models import Person, SealedScore, SealedStudy, StudyStep, Team
from leaderboard.sealed import evaluating, queue
from leaderboard.sealed.allowed import NEXT, Can, allows
from leaderboard.states import StudyState
from leaderboard.submitting import access, texts
from leaderboard.submitting.errors import Refused

S = StudyState
STEP_LAPSES = timedelta(days=30)
MOST_LOOKS = 100


def propose(person: Person, study: SealedStudy, why: str = "") -> StudyStep:
    """The next step, which another curator has to confirm."""
    demand_curator(person)
    with transaction.atomic():
        study = _locked(study)
        to = NEXT.get(S(study.state))
        if to is None:
            remedy = "Seal a new version of it to go on."
            raise Refused("no_step", f"{study} is {study.state}: nothing follows.", remedy, status=409)
        if study.steps.filter(answered_at=None).exists():
            remedy = "Another curator answers it first."
            raise Refused("step_open", f"A step of {study} is proposed already.", remedy, status=409)
        _demand_ready(study, to)
        why = texts.plain(why, field="why", most=2000)
        step = StudyStep.objects.create(study=study, to=to, proposed_by=person, why=why)
        audit.note(person, f"propose {to}", study, why=why)
    return step


def answer(person: Person, step: StudyStep, *, confirm: bool) -> SealedStudy:
    """Confirm or refuse what another person proposed: nobody answers an own step, superusers included."""
    demand_curator(person)
    with transaction.atomic():
        study = _locked(step.study)
        if step.proposed_by_id == person.pk:
            remedy = "Ask another curator to confirm or refuse it."
            raise Refused("own_step", "A step takes two people: you proposed this one.", remedy, status=403)
        if confirm:
            _demand_ready(study, S(step.to))
        answered = StudyStep.objects.filter(pk=step.pk, answered_at=None).update(
            answered_by=person, answered_at=Now(), is_confirmed=confirm
        )
        if not answered:
            raise Refused("answered", "This step was answered already.", "Look at the study again.", status=409)
        audit.note(person, f"{'confirm' if confirm else 'refuse'} {step.to}", study, why=step.why)
        if confirm:
            _move(study, S(step.to))
    return study


def change_rules(
    person: Person, study: SealedStudy, *, looks: int, is_rank_only: bool, kept_out: list[Team]
) -> SealedStudy:
    """Of a draft alone: who confirms that it is sealed confirms these too."""
    demand_curator(person)
    with transaction.atomic():
        study = _locked(study)
        if not allows(study, Can.CHANGE_RULES):
            remedy = "Seal a new version that corrects this one, with other rules."
            raise Refused("rules_fixed", f"{study} is {study.state}: its rules are fixed.", remedy, status=409)
        if not 1 <= looks <= MOST_LOOKS:
            raise Refused("bad_looks", "A team has from 1 to 100 looks.", "Give such a number.", "looks")
        with audit.acting(person, "change rules", study, kept_out=[team.slug for team in kept_out]):
            SealedStudy.objects.filter(pk=study.pk).update(looks=looks, is_rank_only=is_rank_only)
            study.teams_kept_out.set(kept_out)
    study.refresh_from_db()
    return study


def try_out(person: Person, study: SealedStudy) -> int:
    """The dry run: reference models, and of a correction all that was scored on what it corrects. How many it is."""
    demand_curator(person)
    with transaction.atomic():
        study = _locked(study)
        if not allows(study, Can.TRY_OUT):
            sentence = f"{study} is {study.state}: a dry run comes between sealed and live."
            raise Refused("no_dry_run", sentence, "Have it sealed first.", status=409)
        try:
            begun = len(evaluating.begin(study, evaluating.due(study)))
        except ContractError as error:
            remedy = "Split the study, or take it to a track with larger studies."
            raise Refused("too_large", f"It cannot be tried out: {error.reason}.", remedy, status=409) from error
        if not begun:
            remedy = "Publish a reference model on its track first, or look at those that were scored."
            raise Refused("nothing_due", "There is no model left to try it out on.", remedy, status=409)
        audit.note(person, "begin dry run", study, models=begun)
    return begun


def hindrance(study: SealedStudy) -> tuple[str, str] | None:
    """What has to come before its next step, and what to do about it."""
    to = NEXT.get(S(study.state))
    return None if to is None else _hindrance(study, to)


def lapse() -> None:
    """A step that nobody answers is refused by time, so that another can be proposed."""
    StudyStep.objects.filter(answered_at=None, proposed_at__lt=Now() - STEP_LAPSES).update(
        answered_at=Now(), is_confirmed=False
    )


def demand_curator(person: access.Who) -> None:
    """For everybody else sealed studies have no inside."""
    if not access.is_curator(person):
        raise access.not_found("sealed study")


def has_no_walls(study: SealedStudy) -> bool:
    """A board on one machine can open whatever is sealed to it, so it may serve its own made-up study and no other."""
    if not settings.DEMONSTRATION or settings.SERVE_SEALED_STUDIES_WITHOUT_WALLS:
        return False
    return (study.name, study.track.release.name) != (TINY_SEALED, TINY)


def _locked(study: SealedStudy) -> SealedStudy:
    rows = SealedStudy.objects.select_for_update(of=("self",)).select_related("track__release", "corrects")
    return rows.get(pk=study.pk)


def _demand_ready(study: SealedStudy, to: StudyState) -> None:
    if NEXT.get(S(study.state)) != to:
        raise Refused("moved_on", f"{study} is {study.state} now.", "Look at it again.", status=409)
    if found := _hindrance(study, to):
        sentence, remedy = found
        raise Refused("not_ready", sentence, remedy, status=409)


def _hindrance(study: SealedStudy, to: StudyState) -> tuple[str, str] | None:
    comes_first = {S.SEALED: _before_sealed, S.LIVE: _before_live, S.FROZEN: _before_frozen}.get(to)
    return None if comes_first is None else comes_first(study)


def _before_sealed(study: SealedStudy) -> tuple[str, str] | None:
    if study.report is None:
        return "There is no validation report yet.", "Wait for the scorer's report, and read it."
    if "failed" in study.report:
        return (
            f"Its validation report could not be made: {study.report['failed']}.",
            "Ask for it again, or seal it again.",
        )
    if study.report["stops"]:
        return "Its validation report says that it must not go live.", "Mend what it names, and seal a new version."
    return None


def _before_live(study: SealedStudy) -> tuple[str, str] | None:
    if has_no_walls(study):
        return (
            "This is a demonstration board: nothing in it keeps sealed answers from its operator.",
            "Serve the study from a deployed board, or set HOLDOUT_SERVE_SEALED_STUDIES_WITHOUT_WALLS=1.",
        )
    if evaluating.unfinished(study).exists():
        return "Its dry run is still under way.", "Wait until all of it is scored: it is published in one step."
    if not study.scores.exists():
        return "No reference model has been scored on it yet.", "Begin the dry run, and look at what comes of it."
    return None


def _before_frozen(study: SealedStudy) -> tuple[str, str] | None:
    newer = study.corrected_by.filter(state=S.LIVE).first()
    if newer is None:
        return None
    return f"{newer} corrects it and is live: most of its answers are the same.", f"Freeze {newer} first."


def _move(study: SealedStudy, to: StudyState) -> None:
    moved = SealedStudy.objects.filter(pk=study.pk, state=study.state).update(state=to, state_since=Now())
    assert moved, "its row is locked"
    study.state = to
    if to is S.LIVE and study.corrects_id:
        SealedScore.objects.filter(study=study.corrects_id).update(is_superseded=True)
        evaluating.stop(SealedStudy.objects.get(pk=study.corrects_id))
    if to is S.FROZEN:
        evaluating.stop(study)
    transaction.on_commit(queue.wake)
