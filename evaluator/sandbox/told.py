"""What a participant is told of a stage's ending. On sealed data that is one word, whatever happened in there."""

from dataclasses import dataclass

from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.stages import Ending, Log, Peaks

SCORED, FAILED_ON_SEALED = "scored", "failed on sealed data"
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Told:
    word: str
    sentence: str = ""
    exit_code: int | None = None
    wall_s: float | None = None
    peaks: Peaks | None = None
    log: Log | None = None


def bare(ending: Ending) -> Ending:
    """What a host says of a sealed stage, and a site keeps of it: that it worked, that it failed, or that we did."""
    theirs = ending.outcome.fault is Fault.THEIRS
    outcome = Outcome.FAILED_ON_SEALED if theirs else ending.outcome
    return Ending(outcome=outcome, exit_code=None, oom_killed=False, wall_s=0.0)


def told(ending: Ending, *, sealed: bool) -> Told:
    """Exit code, log, time, memory and sizes can each carry what the container read, so sealed data lets none of them
    out. What is our fault is tried again and is nobody's news."""
    if ending.outcome.fault is Fault.OURS:
        return Told(WAITING)
    if sealed:
        return Told(SCORED if ending.outcome is Outcome.FINISHED else FAILED_ON_SEALED)
    sentence = ending.reason or ending.outcome.sentence
    return Told(str(ending.outcome), sentence, ending.exit_code, ending.wall_s, ending.peaks, ending.log)
