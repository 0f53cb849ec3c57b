"""Several models on the same rows and weights: how they differ, and what can be told of it.

Of two, a difference has the interval of any score: estimate ± t(min(cells, drugs) − 1) × standard error of the paired
draws. Of more, all pairs are compared at once, by the same simultaneous max |t| that boards rank by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from evaluator.scorecard.uncertain import EntryKey
from evaluator.scoring.intervals import R2_NEEDS_DRUGS, Interval, interval
from evaluator.scoring.number import Number
from evaluator.scoring.pair_sums import Floats
from evaluator.scoring.ranking import tie_groups
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import Entrant, is_defined
from leaderboard.publishing.entry_draws import EntryDraws
from leaderboard.publishing.measures import View, is_r2
from leaderboard.publishing.placing import Pairwise, Place, pairwise, with_common_replicates

Pair = tuple[int, int]
MOST_IN_DETAIL = 12
MOST = 60
NOT_IN_COMMON = "too few replicates are defined for all that are compared"


class Verdict(StrEnum):
    """Of the first of two, whichever direction the measure has."""

    BETTER = "better"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"
    UNDEFINED = "undefined"


_TURNED = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}


@dataclass(frozen=True, slots=True)
class Difference:
    """The first less the second; `at_least` is the smallest difference that would have been told: half the interval."""

    interval: Interval
    verdict: Verdict

    @property
    def at_least(self) -> Number:
        if not self.interval.high.is_defined:
            return Number.undefined(self.interval.high.reason or Verdict.UNDEFINED)
        return Number(self.interval.high.value - self.interval.estimate.value)

    def turned(self) -> "Difference":
        """The second less the first."""
        of = self.interval
        turned = replace(of, estimate=_minus(of.estimate), low=_minus(of.high), high=_minus(of.low))
        return Difference(turned, _TURNED.get(self.verdict, self.verdict))


@dataclass(frozen=True, slots=True)
class Scores:
    """One score of each model: draws (models, 1 + replicates), and which has no interval and why, or nothing."""

    draws: Floats
    why: Sequence[str]
    units: int
    too_narrow: bool
    higher_is_better: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """`pairs` are all those of the view that is looked at, and `places` follow from them alone. `views` and `entries`
    set each other model against the first, and are empty for more than MOST_IN_DETAIL.

    `entries_why` says why there are no entries to compare.
    """

    view: View
    pairs: Mapping[Pair, Difference]
    places: Sequence[Place]
    views: Mapping[View, Sequence[Difference]]
    entries: Mapping[EntryKey, Sequence[Difference]]
    entries_why: str

    def told_apart(self, a: int, b: int) -> bool:
        return self.pairs[min(a, b), max(a, b)].verdict in {Verdict.BETTER, Verdict.WORSE} if a != b else False


def compared(plan: Plan, who: Sequence[Entrant], entries: Sequence[EntryDraws | None], view: View) -> Compared:
    """`entries` are those of the view's measure, None for a model whose are not stored."""
    scores = of_view(who, view)
    pairs = differences(scores, list(combinations(range(len(who)), 2)))
    found = _places(scores, pairs)
    if len(who) > MOST_IN_DETAIL:
        return Compared(view, pairs, found, {}, {}, "")
    others = [(0, i) for i in range(1, len(who))]
    stored = [of_one for of_one in entries if of_one is not None]
    lacking = [one.model for one, of_one in zip(who, entries, strict=True) if of_one is None]
    return Compared(
        view,
        pairs,
        found,
        views={one: list(differences(of_view(who, one), others).values()) for one in plan.views},
        entries={} if lacking else _entries(plan, [one.model for one in who], stored, view),
        entries_why=f"{', '.join(lacking)} has to be scored again for this" if lacking else "",
    )


def of_view(who: Sequence[Entrant], view: View) -> Scores:
    intervals = [one.intervals[view.key] for one in who]
    return Scores(
        np.stack([one.draws[view.key] for one in who]),
        [
            "" if is_defined(found["low"]) else f"{one.model}: {found['low']['undefined']}"
            for one, found in zip(who, intervals, strict=True)
        ],
        units=min(one.units[view.target] for one in who),
        too_narrow=any(one["too_narrow"] for one in intervals),
        higher_is_better=view.measure.higher_is_better,
    )


def differences(scores: Scores, pairs: Sequence[Pair]) -> dict[Pair, Difference]:
    if len(scores.draws) == 2:
        return {pair: _of_two(scores, *pair) for pair in pairs}
    known = [i for i, why in enumerate(scores.why) if not why]
    usable = with_common_replicates(scores.draws, known)
    at_once = pairwise(scores.draws[usable], units=scores.units) if len(usable) > 1 else None
    place = {model: k for k, model in enumerate(usable)}
    return {(a, b): _of_many(scores, a, b, at_once, place) for a, b in pairs}


def _of_two(scores: Scores, a: int, b: int) -> Difference:
    if why := scores.why[a] or scores.why[b]:
        return _undefined(scores, a, b, why)
    found = interval(scores.draws[a] - scores.draws[b], units=scores.units, too_narrow=scores.too_narrow)
    return Difference(found, _verdict(found, _negligible(scores.draws[[a, b], 0]), scores.higher_is_better))


def _of_many(scores: Scores, a: int, b: int, at_once: Pairwise | None, place: Mapping[int, int]) -> Difference:
    if at_once is None or a not in place or b not in place:
        return _undefined(scores, a, b, scores.why[a] or scores.why[b] or NOT_IN_COMMON)
    i, j = place[a], place[b]
    estimate, error = float(at_once.ahead[i, j]), float(at_once.error[i, j])
    margin = at_once.critical * error
    numbers = (Number(estimate), Number(estimate - margin), Number(estimate + margin), Number(error))
    found = Interval(*numbers, max(scores.units - 1, 0), at_once.replicates, scores.too_narrow)
    return Difference(found, _verdict(found, float(at_once.negligible[i, j]), scores.higher_is_better))


def _undefined(scores: Scores, a: int, b: int, why: str) -> Difference:
    """The difference itself may be known where only its interval is not."""
    nothing, ahead = Number.undefined(why), float(scores.draws[a, 0] - scores.draws[b, 0])
    known = Number(ahead) if np.isfinite(ahead) else nothing
    found = Interval(known, nothing, nothing, nothing, max(scores.units - 1, 0), 0, scores.too_narrow)
    return Difference(found, Verdict.UNDEFINED)


def _verdict(found: Interval, negligible: float, higher_is_better: bool) -> Verdict:
    if not found.low.is_defined:
        return Verdict.UNDEFINED
    if not found.excludes_zero or abs(found.estimate.value) <= negligible:
        return Verdict.CANNOT_TELL
    return Verdict.BETTER if (found.estimate.value > 0) == higher_is_better else Verdict.WORSE


def _minus(number: Number) -> Number:
    return Number(-number.value) if number.is_defined else number


def _negligible(estimates: Floats) -> float:
    """What rounding leaves of no difference, as when ranks are made."""
    return 1e-12 * float(np.abs(estimates).max())


def _places(scores: Scores, pairs: Mapping[Pair, Difference]) -> list[Place]:
    """As boards give them, from these verdicts: rank and sentence never say different things.

    Without a rank is who has no interval, and who leaves too few replicates in common with the others.
    """
    n = len(scores.draws)
    better = np.zeros((n, n), dtype=np.bool_)
    for (a, b), difference in pairs.items():
        better[a, b] = difference.verdict is Verdict.BETTER
        better[b, a] = difference.verdict is Verdict.WORSE
    sign = -1 if scores.higher_is_better else 1
    apart = {i for i in range(n) if scores.why[i]}
    kept = {i for pair, one in pairs.items() if one.verdict is not Verdict.UNDEFINED for i in pair}
    ranked = sorted(kept or set(range(n)) - apart, key=lambda i: sign * scores.draws[i, 0])
    groups = tie_groups(better[np.ix_(ranked, ranked)])
    found = [Place(len(ranked) + 1, n, None)] * n
    for i, group in zip(ranked, groups, strict=True):
        found[i] = Place(1 + int(better[:, i].sum()), len(ranked) - int(better[i].sum()), group)
    return found


def _entries(
    plan: Plan, names: Sequence[str], stored: Sequence[EntryDraws], view: View
) -> dict[EntryKey, list[Difference]]:
    """Every entry, by the measure of `view`."""
    narrow = is_r2(view.measure, plan.metric)
    others = [(0, i) for i in range(1, len(names))]
    found = {}
    for k, key in enumerate(stored[0].keys):
        cells, drugs = stored[0].units[k]
        scores = Scores(
            np.stack([one.draws[k] for one in stored]),
            [_why(name, one, k) for name, one in zip(names, stored, strict=True)],
            units=min(cells, drugs),
            too_narrow=narrow and drugs < R2_NEEDS_DRUGS,
            higher_is_better=view.measure.higher_is_better,
        )
        found[key] = list(differences(scores, others).values())
    return found


def _why(name: str, stored: EntryDraws, entry: int) -> str:
    own = interval(stored.draws[entry], units=min(stored.units[entry]))
    return "" if own.low.is_defined else f"{name}: {stored.why[entry] or own.low.reason}"
