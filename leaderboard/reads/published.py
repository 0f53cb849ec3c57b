"""Scores that others published, as the matrices that they are read by; nothing of them was evaluated here."""

from django.db.models import QuerySet

from evaluator.scoring.matrices import GMatrices, g_matrices
from leaderboard.models import PublishedBoard


def published_boards() -> QuerySet[PublishedBoard]:
    return PublishedBoard.objects.order_by("title", "id")


def metrics_of(board: PublishedBoard) -> list[str]:
    return sorted(board.scores.order_by().values_list("metric", flat=True).distinct())


def matrices_of(board: PublishedBoard, metric: str) -> dict[str, GMatrices]:
    """G, its spread, Gn, Ga and Gna by model; an entry that lacks a split which another one has is undefined."""
    scores: dict[str, dict[tuple[str, str], dict[int, float]]] = {}
    order: dict[str, None] = {}
    splits: set[int] = set()
    rows = board.scores.filter(metric=metric).order_by("id")
    for model, source, target, split, value in rows.values_list("model", "source", "target", "split", "value"):
        order |= {source: None, target: None}
        splits.add(split)
        scores.setdefault(model, {}).setdefault((source, target), {})[split] = value
    return {
        model: g_matrices(entries, order=tuple(order), splits=sorted(splits), metric=metric)
        for model, entries in scores.items()
    }
