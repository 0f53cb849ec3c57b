"""Boards of scores that others published: shown as published, never evaluated here."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from leaderboard.models import PublishedBoard
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.pages.figures import LOWER_IS_BETTER, METRICS, metric_name
from leaderboard.pages.published_sheet import means, models
from leaderboard.reads.published import published_boards, published_matrices, published_metrics


@require_safe
def published(request: HttpRequest) -> HttpResponse:
    return render(request, "published/list.html", {"boards": published_boards()})


@require_safe
def published_board(request: HttpRequest, slug: str) -> HttpResponseBase:
    board = get_object_or_404(PublishedBoard, slug=slug)
    tag = page_tag(request, board.imported_at.isoformat(), request.GET.get("metric", ""))
    if answer := ready(request, tag):
        return answer
    offered = _in_order(published_metrics(board))
    metric = request.GET.get("metric") or (offered[0] if offered else "")
    if metric not in offered and request.GET.get("metric"):
        raise Http404("This board has no such metric.")
    made = published_matrices(board, metric)
    context = {
        "board": board,
        "metrics": [(name, metric_name(name), name == metric) for name in offered],
        "name": metric_name(metric),
        "lower_is_better": metric in LOWER_IS_BETTER,
        "studies": made.studies,
        "n_splits": len(made.splits),
        "means": means(made, metric),
        "models": models(made, metric),
    }
    return keep(request, render(request, "published/board.html", context), tag)


def _in_order(metrics: list[str]) -> list[str]:
    known = list(METRICS)
    return sorted(metrics, key=lambda name: (known.index(name) if name in known else len(known), name))
