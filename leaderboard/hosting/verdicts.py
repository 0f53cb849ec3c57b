"""What a submission's rows say of how it ended, in the words that its team is told."""

from evaluator.sandbox.outcomes import Fault
from evaluator.sandbox.stages import Ending
from evaluator.sandbox.told import told
from leaderboard.models import Attempt, Run, Stage, Submission
from leaderboard.states import AttemptState, Purpose, RunState, StageState
from leaderboard.submitting import uploads
from leaderboard.vocabulary import Reason, arm_words, reason_of


def image_found(submission: Submission) -> str:
    """The identity that the check's image stage found."""
    found = Stage.objects.filter(
        attempt__state=AttemptState.DONE, attempt__run__submission=submission, attempt__run__purpose=Purpose.CHECK
    )
    return found.exclude(image="").latest("ended_at").image


def of_failure(submission: Submission) -> dict[str, object]:
    """The first stage that failed by the model's own doing."""
    stages = Stage.objects.filter(
        attempt__state=AttemptState.FAILED, attempt__run__submission=submission, state=StageState.ENDED
    )
    for stage in stages.select_related("attempt__run").order_by("ended_at", "id"):
        ending = Ending.from_json(stage.ending or {})
        if ending.outcome.fault is Fault.THEIRS:
            sentence = told(ending, sealed=False).sentence
            return {"told": reason_of(ending.outcome), "told_detail": f"{_named(stage)}: {sentence}"}
    raise LookupError(f"submission {submission.pk} has a failed run without a failed stage")


def of_archive(submission: Submission) -> dict[str, object]:
    """Empty, unless the archive that no host could load is another than its team announced: theirs, or they could keep
    hosts and operators busy with it for ever."""
    if submission.upload is None or not uploads.is_another(submission.upload):
        return {}
    detail = "The archive's sha256 is not the announced one: upload it again."
    return {"told": Reason.IMAGE_REFUSED, "told_detail": detail}


def of_waiting(submission: Submission) -> dict[str, object]:
    for run in Run.objects.filter(submission=submission, state=RunState.PARKED):
        given_up = Attempt.objects.filter(run=run, state=AttemptState.GIVEN_UP).order_by("-ended_at")
        if len(set(given_up.values_list("host", flat=True)[: run.failures_of_ours])) > 1:
            return {"told": Reason.TWO_HOSTS, "told_detail": ""}
    return {"told": Reason.HOST_TROUBLE, "told_detail": ""}


def _named(stage: Stage) -> str:
    run = stage.attempt.run
    if run.purpose == Purpose.CHECK:
        return "image"
    spec = run.spec
    where = f"{spec['source']}, split {spec['split']}, {arm_words(spec['arm'])}"
    return f"{'smoke run, ' if run.purpose == Purpose.SMOKE else ''}{where}, {stage.kind} {stage.target}".rstrip()
