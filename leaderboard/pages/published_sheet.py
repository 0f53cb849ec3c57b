"""Published matrices as tables: means of each model over targets, and G and Gn of each model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.scoring.matrices import NORMALISED, GMatrices
from leaderboard.pages.figures import LOWER_IS_BETTER, Figure, heat, text
from leaderboard.pages.model_sheet import Cell, SourceRow
from leaderboard.reads.published import PublishedMatrices

DIGITS = 4  # as the paper rounds G


@dataclass(frozen=True, slots=True)
class Means:
    """Ga or Gna: rows are models, columns sources."""

    name: str
    rows: tuple[SourceRow, ...]


@dataclass(frozen=True, slots=True)
class ModelMatrices:
    model: str
    g: tuple[SourceRow, ...]
    gn: tuple[SourceRow, ...]  # empty where a ratio means nothing


def means(made: PublishedMatrices, metric: str) -> list[Means]:
    wanted = ("Ga", "Gna") if metric in NORMALISED else ("Ga",)
    return [_means(made, name, metric) for name in wanted]


def models(made: PublishedMatrices, metric: str) -> list[ModelMatrices]:
    ends = _ends([of.g for of in made.models.values()], metric)
    return [
        ModelMatrices(
            model,
            g=_rows(of, "G", of.g, ends, spread=of.spread),
            gn=_rows(of, "Gn", of.gn, (0.0, 1.0)) if metric in NORMALISED else (),
        )
        for model, of in made.models.items()
    ]


def _means(made: PublishedMatrices, name: str, metric: str) -> Means:
    values = {model: of.ga if name == "Ga" else of.gna for model, of in made.models.items()}
    ends = _ends(list(values.values()), metric)
    return Means(
        name,
        tuple(
            SourceRow(
                model,
                tuple(
                    _cell(number, made.models[model].reasons, f"{name}[{source}]", ends)
                    for source, number in zip(made.studies, values[model], strict=True)
                ),
            )
            for model in made.models
        ),
    )


def _rows(
    of: GMatrices, name: str, matrix: np.ndarray, ends: tuple[float, float], *, spread: np.ndarray | None = None
) -> tuple[SourceRow, ...]:
    def cell(s: int, t: int) -> Cell:
        source, target = of.order[s], of.order[t]
        range_text = "" if spread is None or np.isnan(spread[s, t]) else f"± {text(float(spread[s, t]), digits=DIGITS)}"
        key = f"{name}[{source},{target}]"
        return _cell(matrix[s, t], of.reasons, key, ends, range_text=range_text, is_diagonal=s == t)

    places = range(len(of.order))
    return tuple(SourceRow(of.order[s], tuple(cell(s, t) for t in places)) for s in places)


def _cell(
    number: float,
    reasons: Mapping[str, str],
    key: str,
    ends: tuple[float, float],
    *,
    range_text: str = "",
    is_diagonal: bool = False,
) -> Cell:
    shown = Figure(text(float(number), digits=DIGITS), range=range_text, reason=reasons.get(key, ""))
    return Cell(shown, heat(float(number), low=ends[0], high=ends[1]), is_diagonal=is_diagonal)


def _ends(matrices: Sequence[np.ndarray], metric: str) -> tuple[float, float]:
    """Where colours begin and end: one scale for all models, so that they may be compared."""
    if metric not in LOWER_IS_BETTER:
        return 0.0, 1.0
    there = np.concatenate([matrix[np.isfinite(matrix)] for matrix in matrices])
    return (float(there.max()), float(there.min())) if there.size else (1.0, 0.0)
