"""Published scores as matrices, made as the paper made them."""

from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count, QuerySet

from evaluator.scoring.matrices import GMatrices, g_matrices
from leaderboard.models import PublishedBoard, PublishedScore

Scores = dict[tuple[str, str], dict[int, float]]


@dataclass(frozen=True, slots=True)
class PublishedMatrices:
    """Of one metric, by model; models and studies in the order in which the imported table names them."""

    studies: tuple[str, ...]
    splits: tuple[int, ...]
    models: dict[str, GMatrices]


def published_boards() -> QuerySet[PublishedBoard]:
    """With `n_models`."""
    return PublishedBoard.objects.annotate(n_models=Count("scores__model", distinct=True)).order_by("title", "id")


def published_metrics(board: PublishedBoard) -> list[str]:
    return list(board.scores.values_list("metric", flat=True).order_by("metric").distinct())


def published_matrices(board: PublishedBoard, metric: str) -> PublishedMatrices:
    return _matrices(board.pk, board.imported_at.isoformat(), metric)


@lru_cache(maxsize=32)
def _matrices(board: int, _imported_at: str, metric: str) -> PublishedMatrices:
    """Kept by when the table was imported: it never changes in between."""
    rows = PublishedScore.objects.filter(board=board, metric=metric).order_by("id")
    scores: dict[str, Scores] = {}
    studies: dict[str, None] = {}
    splits: set[int] = set()
    for model, source, target, split, value in rows.values_list("model", "source", "target", "split", "value"):
        scores.setdefault(model, {}).setdefault((source, target), {})[split] = value
        studies |= {source: None, target: None}
        splits.add(split)
    order, numbers = tuple(studies), tuple(sorted(splits))
    models = {model: g_matrices(of, order=order, splits=numbers, metric=metric) for model, of in scores.items()}
    return PublishedMatrices(order, numbers, models)
