"""Where a submission goes next: a pure function of its state, its runs and its age."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leaderboard.states import Purpose, RunState, SubmissionState

S = SubmissionState
HOUR_S, DAY_S = 3600.0, 86400.0
LONGEST_S: Mapping[SubmissionState, float] = {
    S.RECEIVED: HOUR_S,
    S.CHECKING: DAY_S,
    S.SMOKE: DAY_S,
    S.QUEUED: 14 * DAY_S,
    S.RUNNING: 30 * DAY_S,
    S.SCORING: 6 * HOUR_S,  # longer than its task may take
    S.WAITING: DAY_S,
}
"""After this an operator is told; what waited for one so long is tried again."""
PURPOSE = {S.CHECKING: Purpose.CHECK, S.SMOKE: Purpose.SMOKE, S.QUEUED: Purpose.TRACK, S.RUNNING: Purpose.TRACK}
"""The runs that a state is about."""
DONE = {S.CHECKING: S.SMOKE, S.SMOKE: S.QUEUED, S.RUNNING: S.SCORING}
FAILED = {S.CHECKING: S.REJECTED, S.SMOKE: S.REJECTED, S.RUNNING: S.FAILED}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many runs of the state's purpose are in which state, and whether any has been begun."""

    runs: Mapping[RunState, int] = field(default_factory=dict)
    is_begun: bool = False


def next_state(state: SubmissionState, tally: Tally, age_s: float) -> SubmissionState | None:
    """None to stay. A failure of theirs counts before one of ours; WAITING here means: to where it was."""
    runs = {one: number for one, number in tally.runs.items() if number}
    following: SubmissionState | None = None
    if state is S.QUEUED and tally.is_begun:
        following = S.RUNNING
    elif RunState.FAILED in runs and state in FAILED:
        following = FAILED[state]
    elif RunState.PARKED in runs and state in PURPOSE:
        following = S.WAITING
    elif age_s > LONGEST_S.get(state, float("inf")):
        following = S.WAITING  # before what may have been failing for as long
    elif runs.keys() == {RunState.DONE} and state in DONE:
        following = DONE[state]
    elif state is S.RECEIVED:
        following = S.CHECKING
    return following
