"""What is said of a sealed study: what its study.toml declares, where it stands, and no number made of an answer."""

from dataclasses import dataclass

from benchmark_data.sheet import count
from leaderboard.models import SealedStudy
from leaderboard.reads.releases import said_of
from leaderboard.states import StudyState

LABELS = {
    "rows": "Rows",
    "cells": "Cells",
    "drugs": "Drugs",
    "new_cells": "Cells that the release does not have",
    "new_drugs": "Drugs that the release does not have",
    "producer": "Who produced it",
    "measured_at": "Measured, as declared",
    "readable_at": "Readable outside the producer, as declared",
    "response": "Response",
    "direction": "Stronger is",
    "dose_low_m": "Lowest dose (M)",
    "dose_high_m": "Highest dose (M)",
    "curve_fit": "Curve fit",
    "quality_filter": "Quality filter",
    "licence": "Licence",
}
STATES = {
    StudyState.SEALED: ("sealed", "Its commitment is public. Nothing has been scored on it for the board."),
    StudyState.LIVE: ("live", "Models are scored on it. Its answers are known to nobody but the scorer."),
    StudyState.FROZEN: ("frozen", "No more models are scored on it; all that was scored may be told."),
    StudyState.RETIRED: ("retired", "It is used no more. Its scores stay."),
    StudyState.RELEASED: ("released", "Its answers and salt are public: anybody can check that nothing was changed."),
}


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    url: str
    state: str
    facts: str


@dataclass(frozen=True, slots=True)
class Page:
    state: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    comparability: str


def address(study: SealedStudy) -> str:
    return f"{study.name}-{study.version}"


def line(study: SealedStudy, url: str) -> Line:
    said = said_of(study)
    counts = [f"{_text(said[name])} {name}" for name in ("rows", "cells", "drugs") if name in said]
    return Line(str(study), url, STATES[StudyState(study.state)][0], " · ".join(counts))


def page(study: SealedStudy) -> Page:
    made = study.report or {}
    return Page(*STATES[StudyState(study.state)], facts(study), made.get("comparability", {}).get("why", ""))


def facts(study: SealedStudy) -> tuple[tuple[str, str], ...]:
    return tuple((LABELS[name], _text(value)) for name, value in said_of(study).items())


def _text(value: object) -> str:
    return count(value) if isinstance(value, int) else str(value)
