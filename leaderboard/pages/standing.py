"""What the page of a submission says, as text that is ready: the template only sets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.safestring import SafeString

from evaluator.agent.messages import Phase
from evaluator.sandbox.outcomes import Fault, Outcome
from leaderboard.hosting.forecast import Cost, Estimate, Forecast
from leaderboard.models import Submission
from leaderboard.pages.doors import marked
from leaderboard.reads import amounts
from leaderboard.reads.submissions import RunLine, StageLine, Standing, Step, done, steps
from leaderboard.states import ACTIVE, Purpose, RunState, StageState, SubmissionState
from leaderboard.vocabulary import VOCABULARY, Reason

S = SubmissionState
ESTIMATED = ACTIVE - {S.WAITING, S.SCORING}
WORDS = {
    S.RECEIVED: ("received", "It waits to be looked at."),
    S.CHECKING: ("checking", "The image is fetched and held against the rules of the contract."),
    S.SMOKE: ("smoke run", "It is trained and asked once, on the small release."),
    S.QUEUED: ("queued", "It passed check and smoke run, and waits for a free machine."),
    S.RUNNING: ("running", "It is trained on the track's sources and asked about its targets."),
    S.SCORING: ("scoring", "Everything has run; its scores are computed."),
    S.PUBLISHED: ("published", "Its scores are on the board."),
    S.REJECTED: ("rejected", "It did not pass; nothing counts against your quota."),
    S.FAILED: ("failed", "It failed in the evaluation."),
    S.WAITING: ("waiting for us", "Something of ours has to be looked at; you need to do nothing."),
    S.WITHDRAWN: ("withdrawn", "It was taken back by its team."),
}
RUN_WORDS = {
    RunState.QUEUED: ("waits", "quiet"),
    RunState.RUNNING: ("running", "info"),
    RunState.DONE: ("done", "success"),
    RunState.FAILED: ("failed", "error"),
    RunState.PARKED: ("waiting for us", "warning"),
    RunState.STOPPED: ("stopped", "quiet"),
}
PHASE_WORDS = {Phase.PREPARING: "preparing", Phase.RUNNING: "running", Phase.DELIVERING: "delivering"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the class that gives it its colour."""

    text: str
    badge: str


@dataclass(frozen=True, slots=True)
class StageRow:
    key: str
    name: str
    word: Word
    wall: str
    memory: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunRow:
    id: int
    name: str
    word: Word
    done: str
    wall: str
    memory: str
    lost: str
    stages: tuple[StageRow, ...]


@dataclass(frozen=True, slots=True)
class StepRow:
    word: str
    standing: Standing
    is_here: bool


@dataclass(frozen=True, slots=True)
class Told:
    sentence: str
    detail: str
    remedy: SafeString
    badge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    word: Word
    sentence: str
    since: datetime
    steps: tuple[StepRow, ...]
    done: int
    total: int
    told: Told | None
    first: tuple[RunRow, ...]  # check and smoke
    track: tuple[RunRow, ...]
    is_active: bool


def page(submission: Submission, runs: Sequence[RunLine]) -> Page:
    state = SubmissionState(submission.state)
    word, sentence = WORDS[state]
    progress = done(submission, runs)
    rows = [(run, run_row(run)) for run in runs]
    return Page(
        word=Word(word, f"state-{state}"),
        sentence=sentence,
        since=submission.state_since,
        steps=tuple(_step(step) for step in steps(submission, runs)),
        done=progress.done,
        total=progress.total,
        told=_told(submission),
        first=tuple(row for run, row in rows if run.purpose is not Purpose.TRACK),
        track=tuple(row for run, row in rows if run.purpose is Purpose.TRACK),
        is_active=state in ACTIVE,
    )


def run_row(run: RunLine) -> RunRow:
    text, badge = RUN_WORDS[run.state]
    name = {Purpose.CHECK: "check", Purpose.SMOKE: "smoke run"}.get(run.purpose, run.name)
    return RunRow(
        id=run.id,
        name=name,
        word=Word(text, badge),
        done=f"{run.n_done} of {run.n_stages}",
        wall=amounts.duration(run.wall_s) if run.wall_s else "",
        memory="" if run.memory_mb is None else amounts.memory(run.memory_mb),
        lost="" if not run.n_lost else f"started again: {run.n_lost} lost by us",
        stages=tuple(stage_row(stage) for stage in run.stages),
    )


def stage_row(stage: StageLine) -> StageRow:
    return StageRow(
        key=stage.key,
        name=stage.name,
        word=_stage_word(stage),
        wall="" if stage.wall_s is None else amounts.duration(stage.wall_s),
        memory="" if stage.memory_mb is None else amounts.memory(stage.memory_mb),
        reason="" if stage.outcome is Outcome.FINISHED else stage.reason,
    )


def _stage_word(stage: StageLine) -> Word:
    if stage.outcome is None:
        if stage.state is StageState.WAITING:
            return Word("waits", "quiet")
        phase = PHASE_WORDS.get(Phase(stage.phase), "running") if stage.phase else "starting"
        return Word(phase, "info")
    if stage.outcome is Outcome.FINISHED:
        return Word("finished", "success")
    if stage.outcome.fault is Fault.OURS:
        return Word("lost by us", "warning")
    return Word(stage.outcome.replace("_", " "), "error")


def _told(submission: Submission) -> Told | None:
    if not submission.told:
        return None
    entry = VOCABULARY[Reason(submission.told)]
    badge = {Fault.THEIRS: "error", Fault.OURS: "warning"}.get(entry.fault, "info")
    return Told(entry.sentence, submission.told_detail, marked(entry.remedy), badge)


def _step(step: Step) -> StepRow:
    return StepRow(
        WORDS[step.state][0], step.standing, step.standing in (Standing.NOW, Standing.HELD, Standing.STOPPED)
    )


def forecast_facts(forecast: Forecast, *, has_estimate: bool) -> tuple[tuple[str, str], ...]:
    facts = []
    if forecast.place is not None:
        facts.append(("Place in the queue", "next" if forecast.place == 1 else str(forecast.place)))
    if forecast.start:
        facts.append(("Expected start", _estimate(forecast.start)))
    if forecast.end:
        facts.append(("Expected end", _estimate(forecast.end)))
    elif has_estimate:
        facts.append(("Expected end", "no estimate yet"))
    return (*facts, ("Cost so far", _cost(forecast.cost, is_under_way=has_estimate)))


def _estimate(estimate: Estimate) -> str:
    return f"{_moment(estimate.expected)} (from {_moment(estimate.earliest)} to {_moment(estimate.latest)})"


def _moment(moment: datetime) -> str:
    form = "%H:%M UTC" if moment.date() == timezone.now().date() else "%-d %b, %H:%M UTC"
    return moment.strftime(form)


def _cost(cost: Cost, *, is_under_way: bool) -> str:
    """What was expected is told while more may come, and it was not too little."""
    text = f"{amounts.duration(cost.cpu_s)} of CPU time"
    if is_under_way and cost.expected_cpu_s is not None and cost.expected_cpu_s > cost.cpu_s:
        text += f", of about {amounts.duration(cost.expected_cpu_s)} in all"
    return text + (f"; {amounts.duration(cost.refunded_cpu_s)} given back" if cost.refunded_cpu_s else "")


@dataclass(frozen=True, slots=True)
class ListRow:
    id: UUID
    name: str
    track: str
    team: str
    word: Word
    told: str
    created_at: datetime


def list_row(submission: Submission) -> ListRow:
    return ListRow(
        id=submission.pk,
        name=str(submission),
        track=str(submission.track),
        team=str(submission.model.team),
        word=Word(WORDS[S(submission.state)][0], f"state-{submission.state}"),
        told=VOCABULARY[Reason(submission.told)].sentence if submission.told else "",
        created_at=submission.created_at,
    )
