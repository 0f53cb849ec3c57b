"""Boards as they were stored when a score was last published: nothing is computed here."""

from django.db.models import QuerySet

from leaderboard.models import Board, Track

WHOLE = ("html", "json", "csv")
USUAL_METRIC = "primary"


def usual_metric(_track: str) -> str:
    return USUAL_METRIC


def stored_boards() -> QuerySet[Board]:
    """Without what they say: what there is, and since when."""
    return Board.objects.select_related("track").defer(*WHOLE).order_by("track__title", "metric", "target", "id")


def board_etag(*, track: str, metric: str, target: str) -> str | None:
    """None where there is no such board."""
    return _views(track, metric, target).values_list("etag", flat=True).first()


def board_bytes(*, track: str, metric: str, target: str, column: str) -> tuple[str, bytes] | None:
    """The ETag and the board as `json` or `csv`, both of the same moment."""
    row = _views(track, metric, target).values_list("etag", column).first()
    return None if row is None else (row[0], bytes(row[1]))


def board_page(*, track: str, metric: str, target: str) -> Board | None:
    """With its HTML, its track and the track's release."""
    found = _views(track, metric, target).select_related("track__release")
    return found.defer("json", "csv", "track__release__summary").first()


def choices_of(track: Track) -> list[tuple[str, str]]:
    """The (metric, target) of every board of a track."""
    return list(Board.objects.filter(track=track).values_list("metric", "target").order_by())


def _views(track: str, metric: str, target: str) -> QuerySet[Board]:
    return Board.objects.filter(track__slug=track, metric=metric, target=target).order_by()
