"""Whether a study's answers are on IMPROVE's scale, by what its curator states of how they were made.

IMPROVE's AUC is over 1e-10 to 1e-4 mol/l of curves fitted with R² of at least .3. An AUC over another window, or of
other curves, is shifted and stretched drug by drug: errors on it measure the window, correlations within a drug do not.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from benchmark_data.manifest import Task
from benchmark_data.study_facts import StudyFacts

WINDOW_M = (1e-10, 1e-4)
LEAST_FIT_R2 = 0.3
_SAME_DOSE = 0.05  # a share: 0.99e-4 is 1e-4
_FIT_R2 = re.compile(r"r\s*(?:2|²|\^2)\s*(?:>=|≥|>|at least)\s*(0?\.\d+|1(?:\.0+)?)", re.IGNORECASE)


class Ranked(StrEnum):
    ALL = "all metrics"
    WITHIN_DRUG = "within-drug correlations"


@dataclass(frozen=True, slots=True)
class Comparability:
    """What may be ranked on a study, and why in one sentence, for every page that shows it."""

    ranked: Ranked
    why: str

    @property
    def is_comparable(self) -> bool:
        return self.ranked is Ranked.ALL


def comparability(facts: StudyFacts) -> Comparability:
    if facts.task is Task.CLASSIFICATION:
        return Comparability(Ranked.ALL, "classes have no scale that a dose window could shift")
    reasons = [*_window(facts), *_fit(facts)]
    if facts.response.column.lower() != "auc":
        reasons.insert(0, f"its answers are {facts.response.column}, not an AUC")
    if reasons:
        return Comparability(
            Ranked.WITHIN_DRUG,
            f"only correlations within a drug are ranked on this study: {'; '.join(reasons)}",
        )
    return Comparability(Ranked.ALL, "its answers are IMPROVE's AUC: 1e-10 to 1e-4 mol/l, fit R² of at least .3")


def _window(facts: StudyFacts) -> list[str]:
    low, high = facts.dose_low_m, facts.dose_high_m
    if low is None or high is None:
        return ["its dose window is not stated"]
    is_same = all(
        math.isclose(ours, theirs, rel_tol=_SAME_DOSE) for ours, theirs in zip((low, high), WINDOW_M, strict=True)
    )
    return [] if is_same else [f"its doses are {low:g} to {high:g} mol/l, and IMPROVE's 1e-10 to 1e-4"]


def _fit(facts: StudyFacts) -> list[str]:
    found = _FIT_R2.search(facts.quality_filter)
    if not found:
        return ["its quality filter does not state a fit of R2 >= 0.3"]
    least = float(found[1])
    return (
        [] if least >= LEAST_FIT_R2 else [f"its quality filter takes fits from R² {least:g} on, and IMPROVE's from .3"]
    )
