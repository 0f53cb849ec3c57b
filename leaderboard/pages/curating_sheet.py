"""What curators are told of a sealed study: what each step will do, what it costs, and who sees what of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark_data.sheet import Sheet
from evaluator.sealing import report
from leaderboard.models import SealedStudy, StudyStep
from leaderboard.pages.figures import Figure, figure, metric_name
from leaderboard.reads.amounts import duration
from leaderboard.reads.curating import Trial
from leaderboard.sealed.allowed import ALLOWS, NEXT, Can
from leaderboard.sealed.evaluating import Cost
from leaderboard.states import RunState, StudyState

S = StudyState
BUTTONS = {
    S.SEALED: "Publish its commitment",
    S.LIVE: "Go live",
    S.FROZEN: "Freeze it",
    S.RETIRED: "Retire it",
    S.RELEASED: "Release its answers",
}
WILL = {
    S.SEALED: (
        "Everybody sees that the study is here: its name, counts, dates and commitment. No answer, and no score.",
        "From now on nothing of it can be changed, its looks and rules included. A correction is a new version.",
        "Reference models can be scored on it for curators alone: the dry run.",
    ),
    S.LIVE: (
        "Every model on the track is trained again from the record and scored on it.",
        "What was scored in the dry run is published at once.",
        "Models that are published on the track from now on are scored on it too, within their teams' looks.",
        "Everybody sees for each model the track's primary metric, rounded, and its rank; or the rank alone.",
    ),
    S.FROZEN: (
        "Nothing more is scored on it: what is under way ends without a score.",
        "Everything that was scored may be told: exact numbers, strata, drugs, mechanisms, other metrics.",
    ),
    S.RETIRED: ("It is used no more, and says so. Its page and its scores stay.",),
    S.RELEASED: (
        "The scorer publishes its answers and their salt, for everybody to download, for ever.",
        "Anybody can check with `holdout verify` that they are those that were committed to.",
    ),
}
NO_WAY_BACK = "There is no way back from it."
SEEN_BY = (
    ("Answers", "the scorer alone, every time with an entry in the audit", None),
    ("Questions and features of new cells and drugs", "the site, its hosts, and each model while it is asked", None),
    ("Validation report, dry run, audit", "curators and operators", None),
    ("Name, counts, dates, commitment", "everybody", Can.BE_SEEN),
    ("Primary metric, rounded, and rank", "everybody", Can.SHOW_SCORES),
    ("Everything that was scored", "everybody", Can.SHOW_ALL),
    ("Answers and salt", "everybody", Can.GIVE_ANSWERS),
)
STATE_BADGE = {S.DRAFT: "", S.SEALED: "info", S.LIVE: "success", S.FROZEN: "warning", S.RETIRED: "", S.RELEASED: "info"}
LEVELS = {"stops": "error", "look": "warning", "fine": "success"}


@dataclass(frozen=True, slots=True)
class Step:
    to: str
    button: str
    will: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A state on the way of a study's life."""

    name: str
    standing: str  # done, now or ahead, as a class of the style sheet


@dataclass(frozen=True, slots=True)
class TrialRow:
    model: str
    slug: str
    beside: str
    word: str
    badge: str
    rank: str
    values: tuple[Figure, ...]
    before: tuple[Figure, ...]  # on the study that this one corrects


@dataclass(frozen=True, slots=True)
class Trials:
    metric: str
    sources: tuple[str, ...]
    has_before: bool
    rows: tuple[TrialRow, ...]


def lines(studies: Iterable[SealedStudy]) -> list[tuple[SealedStudy, str]]:
    """Each with the badge of its state."""
    return [(study, STATE_BADGE[S(study.state)]) for study in studies]


def step_of(to: StudyState) -> Step:
    return Step(to, BUTTONS[to], (*WILL[to], NO_WAY_BACK))


def next_step(study: SealedStudy) -> Step | None:
    to = NEXT.get(S(study.state))
    return None if to is None else step_of(to)


def open_step(step: StudyStep | None) -> Step | None:
    return None if step is None else step_of(S(step.to))


def stops(study: SealedStudy) -> list[Stop]:
    order = list(S)
    at = order.index(S(study.state))
    return [Stop(str(one), "done" if n < at else "now" if n == at else "ahead") for n, one in enumerate(order)]


def seen_by(study: SealedStudy) -> list[tuple[str, str, str]]:
    """What, by whom, and whether that is so now."""
    allowed = ALLOWS[S(study.state)]
    return [(what, who, "now" if can is None or can in allowed else "not yet") for what, who, can in SEEN_BY]


def cost_text(cost: Cost) -> str:
    models = f"{cost.models:,} model{'' if cost.models == 1 else 's'}, {cost.runs:,} trainings"
    if not cost.models:
        return "No model is due: it costs nothing now."
    if cost.cpu_s is None or cost.wall_s is None:
        return f"{models}. How long they take is not known yet: nothing has been run on this track."
    return f"{models}: about {duration(cost.cpu_s)} of processors, {duration(cost.wall_s)} one after the other."


def sheets(study: SealedStudy) -> tuple[Sheet, ...]:
    made = _report(study)
    return report.sheets(made) if made else ()


def _report(study: SealedStudy) -> dict[str, Any]:
    """Empty where none could be made."""
    return study.report if study.report is not None and "failed" not in study.report else {}


def findings(study: SealedStudy) -> list[tuple[str, str, str, str]]:
    """Level, its badge, what it is about, and the words."""
    found = _report(study).get("findings", ())
    return [(one["level"], LEVELS.get(one["level"], ""), one["about"], one["words"]) for one in found]


def trials(found: Sequence[Trial], before: Sequence[Trial]) -> Trials:
    """Each model, beside what it had on the corrected study where there is one."""
    told = [one.score.released for one in (*found, *before) if one.score is not None]
    sources = tuple(sorted({source for released in told for source in released.get("sources", {})}))
    metric = next((released["metric"] for released in told if "metric" in released), "")
    old = {one.evaluation.submission_id: one for one in before}
    rows = tuple(_row(one, old.get(one.evaluation.submission_id), sources) for one in found)
    return Trials(metric_name(metric) if metric else "", sources, bool(before), rows)


def _row(trial: Trial, before: Trial | None, sources: Sequence[str]) -> TrialRow:
    submission = trial.evaluation.submission
    word, badge = _word(trial)
    rank = (trial.score.released.get("rank") if trial.score else None) or {}
    return TrialRow(
        model=submission.model.name,
        slug=submission.model.slug,
        beside=f"{submission.model.kind} · {submission.model.team} · v{submission.version}",
        word=word,
        badge=badge,
        rank=f"{rank['first']} to {rank['last']}" if rank else "",
        values=_values(trial, sources),
        before=_values(before, sources) if before else tuple(figure(None) for _ in sources),
    )


def _values(trial: Trial, sources: Sequence[str]) -> tuple[Figure, ...]:
    told = trial.score.released.get("sources", {}) if trial.score else {}
    return tuple(figure(told.get(source)) for source in sources)


def _word(trial: Trial) -> tuple[str, str]:
    if trial.score is not None:
        return "scored", "success"
    if trial.states.get(RunState.FAILED):
        return "failed on sealed data", "error"
    if trial.states.get(RunState.STOPPED):
        return "stopped", ""
    if trial.states.get(RunState.PARKED):
        return "waits for an operator", "warning"
    return f"{trial.done} of {trial.total} runs done", "info"
