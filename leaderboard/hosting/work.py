"""Makes runs, stops them, and sets those going again that wait for an operator."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from benchmark_data.release import Release
from evaluator.arms import Arm
from evaluator.contract.errors import ContractError
from evaluator.contract.improve import ImproveModel
from evaluator.engine import evaluation
from evaluator.engine import submission as sent
from evaluator.engine.check import SMOKE, smoke_spec
from evaluator.engine.evaluation import typed_track
from evaluator.engine.runs import RunSpec
from evaluator.engine.sealed_target import open_before
from evaluator.sandbox.stages import Limits
from evaluator.sealing import keys
from leaderboard.hosting import decision
from leaderboard.hosting.rows import end_attempts, held
from leaderboard.models import Attempt, Evaluation, Host, Run, Submission
from leaderboard.models.entries import Contract
from leaderboard.states import AttemptState, Purpose, RunState, SubmissionState

S = SubmissionState
STAGES = ("train", "infer")
REAL = Arm.parse("real")


def begin_check(submission: Submission) -> None:
    """The image stage alone; its spec says nothing of an image yet."""
    spec = replace(_smoke_spec(submission), image="")
    _add(submission, Purpose.CHECK, [spec])


def begin_smoke(submission: Submission) -> None:
    _add(submission, Purpose.SMOKE, [_smoke_spec(submission)])


def begin_evaluation(submission: Submission) -> None:
    track = typed_track(submission.track.definition)
    train, infer = (_asked(submission, stage, getattr(track, stage)) for stage in STAGES)
    specs = evaluation.specs(
        replace(track, train=train, infer=infer), submission.track.release.release_id, _sent(submission)
    )
    made, is_new = Evaluation.objects.get_or_create(submission=submission, track=submission.track, study=None)
    if is_new:
        _add(submission, Purpose.TRACK, specs, made)


def begin_sealed(made: Evaluation) -> None:
    """The trainings of the record once more, real labels alone; each model is asked about an open target, and then
    about the study."""
    submission, study = made.submission, made.study
    assert study is not None
    release = Release.open(Path(submission.track.release.folder))
    seal_to = keys.public_key(settings.SCORER_PUBLIC).text
    record = Run.objects.filter(submission=submission, purpose=Purpose.TRACK, spec__arm=str(REAL)).order_by("id")
    specs = [
        replace(
            spec, targets=(open_before(release, spec, study.summary["rows"]),), study=study.study_id, seal_to=seal_to
        )
        for spec in map(RunSpec.from_json, record.values_list("spec", flat=True))
    ]
    if not specs:
        raise ContractError(str(submission), reason="nothing is left of the runs that its scores were made of")
    _add(submission, Purpose.SEALED, specs, made)


def stop_evaluation(made: Evaluation) -> None:
    """What of it has not ended ends now; it has no score, and is not begun again."""
    with transaction.atomic():
        if Evaluation.objects.filter(pk=made.pk, finished_at=None).update(finished_at=Now()):
            _stop(Run.objects.filter(evaluation=made))


def stop(submission: Submission) -> None:
    """Everything of it ends; hosts remove what runs with their next report. Call it in the transaction that moves the
    submission."""
    with transaction.atomic():
        _stop(Run.objects.filter(submission=submission))


def _stop(runs: QuerySet[Run]) -> None:
    _hold_hosts()
    runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING, RunState.PARKED)).update(
        state=RunState.STOPPED, ended_at=Now()
    )
    Attempt.objects.filter(run__in=runs, state=AttemptState.OPEN).update(state=AttemptState.STOPPED, ended_at=Now())


def put_back(host_name: str) -> None:
    """An operator stopped a host, and what ran there with it: it is done again, here or elsewhere."""
    with transaction.atomic():
        host = Host.objects.select_for_update().annotate(now=Now()).get(name=host_name)
        end_attempts([decision.put_back(attempt) for attempt in held(host, host.now)])


def release_parked(run: Run) -> None:
    """An operator has seen to what was wrong: the run is tried again, with all its tries."""
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=run.submission_id)
        _requeue(Run.objects.filter(pk=run.pk).values_list("pk", flat=True))
        if not submission.runs.filter(state=RunState.PARKED).exists():
            resume(submission)


def release(submission: Submission) -> None:
    """The same for all that is parked of a submission."""
    with transaction.atomic():
        locked = Submission.objects.select_for_update().get(pk=submission.pk)
        _requeue(locked.runs.values_list("pk", flat=True))
        resume(locked)


def resume(submission: Submission) -> None:
    """WAITING → where it was."""
    Submission.objects.filter(pk=submission.pk, state=S.WAITING).update(
        state=_stood(submission), state_since=Now(), told="", told_detail=""
    )


def _stood(submission: Submission) -> SubmissionState:
    runs = submission.runs.all()
    track = runs.filter(purpose=Purpose.TRACK)
    if track.exists():
        if not track.exclude(state=RunState.DONE).exists():
            return S.SCORING
        return S.RUNNING if Attempt.objects.filter(run__in=track).exists() else S.QUEUED
    if runs.filter(purpose=Purpose.SMOKE).exists():
        return S.SMOKE
    if not runs.exists():
        begin_check(submission)
    return S.CHECKING


def _requeue(runs: Iterable[int]) -> None:
    _hold_hosts()
    Run.objects.filter(pk__in=runs, state=RunState.PARKED).update(state=RunState.QUEUED, failures_of_ours=0)


def _hold_hosts() -> None:
    """Attempts are moved under their hosts' locks; a new one may be about to begin on any of them."""
    list(Host.objects.order_by("pk").select_for_update().values_list("pk"))


def _add(submission: Submission, purpose: Purpose, specs: list[RunSpec], made: Evaluation | None = None) -> None:
    Run.objects.bulk_create(
        Run(
            submission=submission,
            evaluation=made,
            team_id=submission.model.team_id,
            purpose=purpose,
            spec=spec.to_json(),
        )
        for spec in specs
    )


def _sent(submission: Submission) -> sent.Submission:
    improve = ImproveModel(submission.improve_model) if submission.contract == Contract.IMPROVE else None
    return sent.Submission(submission.image_id, submission.settings, improve)


def _smoke_spec(submission: Submission) -> RunSpec:
    """Within the limits that the track's own runs have."""
    track = typed_track(submission.track.definition)
    release = Release.open(Path(submission.track.smoke_release.folder))
    train, infer = (_asked(submission, stage, _smoke_limits(getattr(track, stage))) for stage in STAGES)
    return replace(smoke_spec(_sent(submission), release), train=train, infer=infer)


def _smoke_limits(most: Limits) -> Limits:
    return replace(SMOKE, gpus=most.gpus).capped(most)


def _asked(submission: Submission, stage: str, most: Limits) -> Limits:
    """What a submission asks for, at most what it may have."""
    asked = {name: min(value, getattr(most, name)) for name, value in submission.resources.get(stage, {}).items()}
    return replace(most, **asked)
