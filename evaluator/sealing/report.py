"""The validation report of a hidden study: what a curator has to know before it goes live, without a single answer.

A pure function of opened answers and the release. Everything in it is a count, a name that is no secret, or an
aggregate rounded to two digits.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark_data.manifest import Task
from benchmark_data.release import Release
from benchmark_data.sealed_ask import Asked, ask
from benchmark_data.sealed_study import Bundle
from benchmark_data.sheet import Sheet, count, percent
from benchmark_data.study_facts import StudyFacts
from evaluator.scoring.ceiling import ceiling
from evaluator.sealing.answers import Answers
from evaluator.sealing.comparable import Comparability, comparability
from evaluator.sealing.overlap import Overlap, headline, overlap
from evaluator.sealing.power import Power, power
from evaluator.sealing.twins import Twin, twins

Floats = NDArray[np.float64]
VERSION = 1


class Level(StrEnum):
    STOPS = "stops"  # do not go live with it
    LOOK = "look"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    about: str
    words: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the answers: rounded, and nothing of any single one."""

    mean: float
    deviation: float
    outside: int  # of the release's range, or no number
    at_low: float  # share of rows at the range's low end
    at_high: float


@dataclass(frozen=True, slots=True)
class Repeats:
    pairs: int
    repeated_pairs: int
    rows_of_repeated_pairs: int
    equal_rows: int  # that repeat another row's pair and answer exactly


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the best possible model could score, from the replicates; None with its reason."""

    r2: float | None
    noise_deviation: float | None
    drugs: int
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    headline: str
    findings: tuple[Finding, ...]
    rows: int
    cells: int
    drugs: int
    new_cells: int
    new_drugs: int
    spread: Spread
    repeats: Repeats
    overlaps: tuple[Overlap, ...]
    twins: tuple[Twin, ...]
    ceiling: Ceilings
    power: Power
    comparability: Comparability

    @property
    def stops(self) -> bool:
        """Whether anything in it says that the study must not go live as it is."""
        return any(finding.level is Level.STOPS for finding in self.findings)

    def plain(self) -> dict[str, Any]:
        """As JSON, what is undefined as null."""
        return {"version": VERSION, "stops": self.stops, **_plain(asdict(self))}


def validation_report(release: Release, bundle: Bundle, opened: Answers) -> Report:
    """Raises ReleaseError where the bundle does not fit the release, SealingError where the answers do not fit it."""
    asked = ask(bundle, release)
    found = twins(release, bundle)
    return report(release, asked, opened.in_order_of(asked.row_id), bundle.facts, found)


def report(release: Release, asked: Asked, response: Floats, facts: StudyFacts, found: Sequence[Twin] = ()) -> Report:
    """The same from values in memory, such as a study that is not sealed yet."""
    low, high = facts.response.low, facts.response.high
    spread, repeats = _spread(response, low, high), _repeats(asked, response)
    bounds = [bound for bound in (low, high) if bound is not None]
    usable = np.isfinite(response).all()
    overlaps = tuple(
        _rounded_overlap(overlap(asked, response, release.study(name), at_bounds=bounds))
        for name in release.study_names()
        if usable
    )
    is_regression = facts.task is Task.REGRESSION and bool(usable)
    able = power(asked, response) if is_regression else Power(math.nan, math.nan, "answers are classes, or no numbers")
    able = Power(rounded(able.r2), rounded(able.within_drug), able.reason)
    best = _ceiling(asked, response) if is_regression else Ceilings(None, None, 0, able.reason)
    scale = comparability(facts)
    return Report(
        headline=headline(overlaps),
        findings=tuple(_findings(spread, repeats, overlaps, found, best, able, scale, facts)),
        rows=facts.rows,
        cells=facts.cells,
        drugs=facts.drugs,
        new_cells=facts.new_cells,
        new_drugs=facts.new_drugs,
        spread=spread,
        repeats=repeats,
        overlaps=overlaps,
        twins=tuple(found),
        ceiling=best,
        power=able,
        comparability=scale,
    )


def rounded(value: float, digits: int = 2) -> float:
    """To so many significant digits, NaN as it is."""
    return value if not math.isfinite(value) or value == 0 else float(f"{value:.{digits - 1}e}")


def _spread(response: Floats, low: float | None, high: float | None) -> Spread:
    outside = ~np.isfinite(response)
    outside |= False if low is None else response < low
    outside |= False if high is None else response > high
    inside = response[~outside]
    mean, deviation = (float(inside.mean()), float(inside.std())) if len(inside) else (math.nan, math.nan)
    ends = [math.nan if end is None or not len(inside) else float((inside == end).mean()) for end in (low, high)]
    return Spread(rounded(mean), rounded(deviation), int(outside.sum()), *map(rounded, ends))


def _repeats(asked: Asked, response: Floats) -> Repeats:
    pair = asked.cell.astype(np.int64) * len(asked.drugs) + asked.drug
    _, times = np.unique(pair, return_counts=True)
    differing = np.unique(np.stack([pair.astype(np.float64), response]), axis=1).shape[1]
    return Repeats(len(times), int((times > 1).sum()), int(times[times > 1].sum()), len(pair) - differing)


def _rounded_overlap(found: Overlap) -> Overlap:
    return Overlap(
        study=found.study,
        cells=found.cells,
        drugs=found.drugs,
        pairs=found.pairs,
        pair_share=rounded(found.pair_share),
        copied_drugs=found.copied_drugs,
        compared_drugs=found.compared_drugs,
        copied_share=rounded(found.copied_share),
        drug_means=None if found.drug_means is None else round(found.drug_means, 2),
    )


def _ceiling(asked: Asked, response: Floats) -> Ceilings:
    found = ceiling(response, cell=asked.cell, drug=asked.drug)
    reason = found.r2.reason or found.noise_variance.reason or ""
    return Ceilings(
        r2=rounded(found.r2.value) if found.r2.is_defined else None,
        noise_deviation=rounded(math.sqrt(found.noise_variance.value)) if found.noise_variance.is_defined else None,
        drugs=found.drugs,
        reason=reason,
    )


def _findings(
    spread: Spread,
    repeats: Repeats,
    overlaps: Sequence[Overlap],
    found: Sequence[Twin],
    best: Ceilings,
    able: Power,
    scale: Comparability,
    facts: StudyFacts,
) -> Iterator[Finding]:
    yield _range_finding(spread, facts)
    if repeats.equal_rows:
        words = f"{count(repeats.equal_rows)} rows repeat a pair with the very same answer: copies count twice"
        yield Finding(Level.LOOK, "duplicates", words)
    else:
        yield Finding(
            Level.FINE, "duplicates", f"no row repeats another; {count(repeats.repeated_pairs)} pairs have replicates"
        )
    yield from _overlap_findings(overlaps)
    for twin in found:
        words = f"new {twin.entity} '{twin.new}' has the very features of the release's '{twin.known}': use that id"
        yield Finding(Level.LOOK, "new ids", words)
    yield _ceiling_finding(best)
    yield _power_finding(able)
    yield Finding(Level.FINE if scale.is_comparable else Level.LOOK, "comparability", scale.why)


def _range_finding(spread: Spread, facts: StudyFacts) -> Finding:
    if spread.outside:
        words = f"{count(spread.outside)} answers are outside the range of {facts.response.column}, or no numbers"
        return Finding(Level.STOPS, "range", words)
    if spread.deviation == 0:
        return Finding(Level.STOPS, "range", "all answers are the same: no model can be told from another")
    return Finding(Level.FINE, "range", f"every answer is in the range of {facts.response.column}")


def _overlap_findings(overlaps: Sequence[Overlap]) -> Iterator[Finding]:
    for one in overlaps:
        if one.copied_drugs:
            words = f"{percent(one.copied_share)} of the rows have the answers of {one.study}: they can be looked up"
            yield Finding(Level.STOPS if one.copied_share >= 0.1 else Level.LOOK, "overlap", words)
        if one.drug_means is not None and one.drug_means < 0:
            words = (
                f"drugs that are strong in {one.study} are weak here (r = {one.drug_means:.2f}): "
                "the answers may run the other way"
            )
            yield Finding(Level.LOOK, "direction", words)
    if not any(one.copied_drugs for one in overlaps):
        yield Finding(Level.FINE, "overlap", headline(overlaps))


def _ceiling_finding(best: Ceilings) -> Finding:
    if best.r2 is None:
        return Finding(Level.LOOK, "noise", f"the best possible R² is {best.reason or 'not known'}")
    words = f"no model can pass an R² of about {best.r2:.2f} here, by {count(best.drugs)} drugs with replicates"
    return Finding(Level.FINE if best.r2 > 0 else Level.STOPS, "noise", words)


def _power_finding(able: Power) -> Finding:
    told = [
        f"{what} differs by {size:g} or more"
        for what, size in (("R²", able.r2), ("correlation within drugs", able.within_drug))
        if not math.isnan(size)
    ]
    words = f"it can tell two models apart whose {', or whose '.join(told)}" if told else "it tells no two models apart"
    if able.reason:
        words += f"; {able.reason}"
    is_weak = math.isnan(able.r2) or able.r2 > 0.1
    return Finding(Level.LOOK if is_weak else Level.FINE, "power", words)


def sheets(plain: dict[str, Any]) -> tuple[Sheet, ...]:
    """The report as tables, from its JSON: what a page and a terminal show."""
    counts = {name: count(plain[name]) for name in ("rows", "cells", "drugs", "new_cells", "new_drugs")}
    repeats, best, able = plain["repeats"], plain["ceiling"], plain["power"]
    facts = {
        **{name.replace("_", " "): value for name, value in counts.items()},
        "pairs": count(repeats["pairs"]),
        "pairs with replicates": count(repeats["repeated_pairs"]),
        "answers: mean, deviation": f"{_figure(plain['spread']['mean'])}, {_figure(plain['spread']['deviation'])}",
        "best possible R²": _figure(best["r2"]) if best["r2"] is not None else f"n/a: {best['reason']}",
        "noise of a replicate": _figure(best["noise_deviation"]),
        "smallest difference told, R²": _figure(able["r2"]),
        "smallest difference told, within drugs": _figure(able["within_drug"]),
        "ranked": plain["comparability"]["ranked"],
    }
    overlaps = tuple(
        (
            one["study"],
            count(one["cells"]),
            count(one["drugs"]),
            percent(one["pair_share"]),
            f"{count(one['copied_drugs'])} of {count(one['compared_drugs'])}",
            percent(one["copied_share"]),
            _figure(one["drug_means"]),
        )
        for one in plain["overlaps"]
    )
    return (
        Sheet(
            plain["headline"],
            ("", "about", "finding"),
            tuple((one["level"], one["about"], one["words"]) for one in plain["findings"]),
        ),
        Sheet("The study", ("what", "value"), tuple(facts.items()), POWER_NOTE),
        Sheet("Shared with public studies", _OVERLAP_COLUMNS, overlaps, OVERLAP_NOTE),
    )


_OVERLAP_COLUMNS = ("study", "cells", "drugs", "rows of shared pairs", "drugs copied", "rows copied", "drug means, r")
OVERLAP_NOTE = (
    "A drug counts as copied when its answers over 8 or more shared cells have a Spearman of .98 or more, or at least "
    "half of them (3 or more) are equal to three decimals."
)
POWER_NOTE = (
    "A difference is told when its 95% interval excludes zero in at least four of five cases; simulated with models "
    "whose predictions correlate by about .9 and that err about drugs, cells and pairs, on scoring's own weights."
)


def _figure(value: float | None) -> str:
    return "n/a" if value is None or math.isnan(value) else f"{value:g}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return str(value)
    return None if isinstance(value, float) and math.isnan(value) else value
