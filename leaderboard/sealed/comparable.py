"""By what models are ranked on a sealed study: as on its track, where its answers are measured as the track's are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.scoring.metrics import ERRORS, Metric

IMPROVE_DOSES_M = (1e-10, 1e-4)
IMPROVE_FIT_R2 = 0.3
_FIT_R2 = re.compile(r"r(?:²|2|\^2|squared)?\s*(?:>=|≥|of at least|at least)\s*(0?\.\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`metric` over all rows, or its average within drugs; `why` is empty where the answers can be compared."""

    metric: Metric
    is_within_drug: bool
    why: str

    @property
    def higher_is_better(self) -> bool:
        return self.metric not in ERRORS

    @property
    def name(self) -> str:
        return f"within drug {self.metric}" if self.is_within_drug else str(self.metric)


def ranking(said: Mapping[str, Any], metric: Metric) -> Ranking:
    """`said` is what study.toml says, as JSON (StudyFacts.plain)."""
    differs = differences(said)
    if not differs:
        return Ranking(metric, False, "")
    why = f"The answers are not measured as those of the open studies: {'; '.join(differs)}."
    why += " So only the order of cells under the same drug is compared."
    return Ranking(Metric.PEARSON, True, why)


def differences(said: Mapping[str, Any]) -> list[str]:
    """From IMPROVE's AUC: doses from 10⁻¹⁰ to 10⁻⁴ M, and fits with R² of at least .3. What is not said differs."""
    found = []
    if str(said.get("response", {}).get("column", "")).lower() != "auc":
        found.append("the response is no AUC")
    low, high = said.get("dose_low_m"), said.get("dose_high_m")
    if low is None or high is None:
        found.append("the dose window is not stated")
    elif not all(abs(dose / usual - 1) < 1e-6 for dose, usual in zip((low, high), IMPROVE_DOSES_M, strict=True)):
        found.append(f"the doses go from {low:g} to {high:g} M, not from 1e-10 to 0.0001 M")
    if not said.get("curve_fit"):
        found.append("the curve fit is not stated")
    fit = _FIT_R2.search(str(said.get("quality_filter", "")))
    if fit is None or float(fit[1]) < IMPROVE_FIT_R2:
        found.append("fits are not filtered by an R² of at least .3")
    return found
