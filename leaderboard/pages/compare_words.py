"""Which is better, in a sentence that is honest about not knowing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.drawing.axis import number
from leaderboard.pages.figures import metric_name
from leaderboard.publishing.comparisons import Compared, Difference, Verdict
from leaderboard.publishing.measures import View

MOST_NAMED = 6
TOO_NARROW = "Over fewer than 60 drugs the intervals of R² are too narrow: more than this one says is uncertain."
OF_TWO = "This is of these two alone; the board compares all its models at once, and asks for more."
KINDS = {
    Verdict.BETTER: "success",
    Verdict.WORSE: "success",
    Verdict.CANNOT_TELL: "info",
    Verdict.UNDEFINED: "warning",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """`kind` is the look of a notice."""

    short: str
    long: str
    kind: str


def which_is_better(labels: Sequence[str], found: Compared) -> Saying:
    return _of_two(labels, found) if len(labels) == 2 else _of_many(labels, found)


def score_name(view: View) -> str:
    where = f"on {view.target}, mean over sources" if view.target else "mean over sources and targets"
    name = metric_name(str(view.measure))
    name = name if name.isupper() or name.startswith("R²") else name[:1].lower() + name[1:]
    return f"{name} ({where})"


def digits_for(difference: Difference) -> int:
    """Three, or as many as show two digits of the interval's half width."""
    half = difference.at_least
    if not half.is_defined or half.value <= 0:
        return 3
    return max(3, min(7, 1 - math.floor(math.log10(half.value))))


def _of_two(labels: Sequence[str], found: Compared) -> Saying:
    difference = found.pairs[0, 1]
    name, verdict, interval = score_name(found.view), difference.verdict, difference.interval
    if verdict is Verdict.UNDEFINED:
        why = interval.estimate.reason or interval.low.reason or Verdict.UNDEFINED
        return Saying(f"{labels[0]} and {labels[1]} cannot be compared by this score.", f"{why}.", "warning")
    digits = digits_for(difference)
    low, high, least = interval.low.value, interval.high.value, number(difference.at_least.value, digits=digits)
    told = [TOO_NARROW] if interval.too_narrow else []
    if verdict is Verdict.CANNOT_TELL:
        short = f"It cannot be told which of {labels[0]} and {labels[1]} is better."
        return Saying(short, " ".join([_not_told(labels, name, difference, least, digits), *told]), KINDS[verdict])
    winner, loser = labels if verdict is Verdict.BETTER else labels[::-1]
    side = "higher" if found.view.measure.higher_is_better else "lower"
    ends = sorted((abs(low), abs(high)))
    by, first, last = (number(one, digits=digits) for one in (abs(interval.estimate.value), *ends))
    long = (
        f"Its {name} is {side} by {by}, with a 95% interval of {first} to {last}; from {least} on, a difference would "
    )
    return Saying(
        f"{winner} is better than {loser}.", " ".join([f"{long}have been told.", OF_TWO, *told]), KINDS[verdict]
    )


def _not_told(labels: Sequence[str], name: str, difference: Difference, least: str, digits: int) -> str:
    interval = difference.interval
    if interval.estimate.value == interval.standard_error.value == 0:
        return f"Their {name} is the same to the last digit, in the sample and in every replicate."
    side = "higher" if interval.estimate.value > 0 else "lower"
    by = number(abs(interval.estimate.value), digits=digits)
    low, high = (number(one.value, digits=digits, sign=True) for one in (interval.low, interval.high))
    return (
        f"The {name} of {labels[0]} is {side} by {by}, but the 95% interval of this difference, {low} to {high}, holds "
        f"zero. With these cells, drugs and trainings a difference could have been told from {least} on. That none was "
        "told does not make the two equal."
    )


def _of_many(labels: Sequence[str], found: Compared) -> Saying:
    placed = [i for i, place in enumerate(found.places) if place.tie_group is not None]
    if len(placed) < 2:
        return Saying("These models cannot be compared by this score.", _left_out(labels, found), "warning")
    leader = min(placed, key=lambda i: (found.places[i].tie_group != 1, _behind(found, i)))
    beside = [i for i in placed if i != leader and not found.told_apart(leader, i)]
    n, name = len(placed), score_name(found.view)
    if not beside:
        others = f"the {n - 1} others" if n > 2 else next(labels[i] for i in placed if i != leader)
        short, kind = f"{labels[leader]} is better than {others}.", "success"
    elif len(beside) == n - 1:
        short, kind = f"It cannot be told which of these {n} is the best.", "info"
    else:
        short = (
            f"The best is {labels[leader]}, or one that cannot be told from it: {_listed([labels[i] for i in beside])}."
        )
        kind = "info"
    side = "highest" if found.view.measure.higher_is_better else "lowest"
    long = f"{labels[leader]} has the {side} {name}. "
    long += f"All {n * (n - 1) // 2} pairs are compared at once, so that with 95% confidence no model is called better "
    long += f"than one that it is not better than. {_reach(found)}{_left_out(labels, found)}"
    return Saying(short, long.strip(), kind)


def _behind(found: Compared, model: int) -> float:
    """By how much a model is behind the best."""
    sign = 1.0 if found.view.measure.higher_is_better else -1.0
    ahead = [
        (sign if b == model else -sign) * difference.interval.estimate.value
        for (a, b), difference in found.pairs.items()
        if model in (a, b) and difference.verdict is not Verdict.UNDEFINED
    ]
    return max(ahead, default=0.0)


def _reach(found: Compared) -> str:
    halves = [one.at_least.value for one in found.pairs.values() if one.at_least.is_defined]
    least, most = (number(one, digits=3) for one in (min(halves), max(halves)))
    return (
        f"A difference could have been told from {least} on for the pair that is known best, from {most} on for the "
        "one that is known least. "
    )


def _left_out(labels: Sequence[str], found: Compared) -> str:
    left = [i for i, place in enumerate(found.places) if place.tie_group is None]
    if not left:
        return ""
    reasons = dict.fromkeys(
        found.pairs[pair].interval.low.reason or "" for pair in found.pairs if set(pair) & set(left)
    )
    return f"Not compared: {_listed([labels[i] for i in left])} ({'; '.join(filter(None, reasons))})."


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
