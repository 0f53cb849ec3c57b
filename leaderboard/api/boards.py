"""Boards: stored ready when a score is published, sent as they are."""

from collections.abc import Callable
from functools import lru_cache, wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import quote_etag, urlencode
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from evaluator.agent.uploads import Storage
from leaderboard.api.doors import KEPT_WHILE_SAME, PublicDoor, PublicList, read
from leaderboard.models import Board
from leaderboard.reads import boards

View = Callable[..., HttpResponseBase]


class StoredJSON(JSONRenderer):
    """Bytes go as they are; what is not bytes is a problem."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        made: bytes = data if isinstance(data, bytes) else super().render(data, accepted_media_type, renderer_context)
        return made


class StoredCSV(StoredJSON):
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


class StoredParquet(StoredJSON):
    media_type = "application/vnd.apache.parquet"
    format = "parquet"
    charset = None


class BoardQuery(s.Serializer[Any]):
    metric = s.CharField(required=False, max_length=40, help_text="As the list of boards names it.")
    target = s.CharField(required=False, allow_blank=True, default="", max_length=100, help_text="A target's name.")


class BoardRowShape(s.Serializer[Board]):
    track = s.CharField(source="track.slug")
    metric = s.CharField()
    target = s.CharField(help_text="Empty: the mean over targets.")
    n_models = s.IntegerField()
    etag = s.CharField()
    computed_at = s.DateTimeField()
    url = s.SerializerMethodField(help_text="The board itself.")

    def get_url(self, board: Board) -> str:
        query = urlencode({"metric": board.metric, "target": board.target})
        return f"{reverse('api-board', args=[board.track.slug])}?{query}"


@extend_schema(summary="Boards that there are")
class Boards(PublicList[Board]):
    serializer_class = BoardRowShape
    queryset = boards.stored_boards()


@extend_schema(
    summary="One board, best first",
    parameters=[BoardQuery],
    responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR},
)
class OneBoard(PublicDoor):
    renderer_classes = (StoredJSON, StoredCSV)

    def get(self, request: Request, track: str, **_: str) -> HttpResponse:
        asked = read(BoardQuery, request.query_params)
        view = {"track": track, "metric": asked.get("metric") or boards.USUAL_METRIC, "target": asked["target"]}
        column = request.accepted_renderer.format
        etag = boards.board_etag(**view)
        if etag is None:
            raise Http404
        tag = quote_etag(f"{etag}-{column}")
        if unchanged := get_conditional_response(request._request, etag=tag):
            unchanged["ETag"] = tag
            return unchanged
        etag, body = _whole(**view, column=column, etag=etag)
        return Response(body, headers={"ETag": quote_etag(f"{etag}-{column}")})


@lru_cache(maxsize=32)
def _whole(*, track: str, metric: str, target: str, column: str, etag: str) -> tuple[str, bytes]:  # noqa: ARG001
    """Kept by each worker while it is the board of this ETag: half a megabyte through the database's wire costs more
    than everything else of a request. Its own ETag comes with it, in case it has just changed."""
    found = boards.board_bytes(track=track, metric=metric, target=target, column=column)
    if found is None:
        raise Http404
    return found


class BoardFile(OneBoard):
    """The same under a name that can be saved; left out of the description, which has `format`."""

    schema = None


def unchanged_first(door: View) -> View:
    """Tell a client that has the board so, before the framework reads its request: that takes longer than the answer.

    Only a request that can be read at a glance; all others are the door's own. It lets in whom the door lets in, which
    is everybody, and an answer of no content counts against nobody's rate.
    """

    @wraps(door)
    def first(request: HttpRequest, *args: Any, **words: Any) -> HttpResponseBase:
        return _unchanged(request, **words) or door(request, *args, **words)

    return first


def _unchanged(request: HttpRequest, track: str, format: str = "") -> HttpResponseBase | None:
    asked, accepted = request.GET, request.headers.get("Accept", "*/*")
    column = format or asked.get("format") or ("json" if accepted in ("*/*", "application/json") else "")
    is_plain = request.method in ("GET", "HEAD") and set(asked) <= {"metric", "target", "format"}
    if "If-None-Match" not in request.headers or column not in ("json", "csv") or not is_plain:
        return None
    view = {"metric": asked.get("metric") or boards.USUAL_METRIC, "target": asked.get("target", "")}
    if any("\0" in text for text in view.values()):
        return None
    etag = boards.board_etag(track=track, **view)
    tag = quote_etag(f"{etag}-{column}")
    answer = get_conditional_response(request, etag=tag) if etag else None
    if answer is None or answer.status_code != HTTPStatus.NOT_MODIFIED:
        return None
    answer["ETag"] = tag
    patch_cache_control(answer, **KEPT_WHILE_SAME)
    patch_vary_headers(answer, ["Accept"])
    return answer


class WholeBoardFile(PublicDoor):
    """All measures on all targets of a track in one table; left out of the description, as every file is."""

    schema = None
    renderer_classes = (StoredCSV, StoredJSON, StoredParquet)

    def get(self, request: Request, track: str, **_: str) -> HttpResponse:
        kind = request.accepted_renderer
        found = boards.whole_file(track, kind.format)
        if found is None:
            raise Http404
        path, etag = found
        tag = quote_etag(etag)
        if unchanged := get_conditional_response(request._request, etag=tag):
            return unchanged
        try:
            body = Storage(settings.STORAGE).read(path)
        except FileNotFoundError:  # made again in between
            raise Http404 from None
        name = f'attachment; filename="{track}-whole.{kind.format}"'
        return Response(body, headers={"ETag": tag, "Content-Disposition": name})
