"""One version of a model: what its page says first, every table of it as JSON or CSV, and its whole scorecard."""

import csv
import gzip
import io
import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from evaluator.agent.uploads import Storage
from leaderboard.api.boards import StoredCSV, StoredJSON
from leaderboard.api.doors import PublicDoor, read
from leaderboard.pages.citing import bibtex, permanent_link, plain_citation
from leaderboard.publishing.cards import read_whole
from leaderboard.publishing.rescoring import is_change
from leaderboard.publishing.tables import beats, harmless
from leaderboard.reads.models import Shown, Version, shown_model
from leaderboard.reads.places import board_stamp, standings
from leaderboard.reads.score_tables import TABLES, UNDEFINED, Scored, Table, score_table
from leaderboard.reads.sheets import Card, card_of


class CitationShape(s.Serializer[Any]):
    text = s.CharField()
    bibtex = s.CharField()


class ChangeShape(s.Serializer[Any]):
    at = s.CharField()
    why = s.CharField()
    before = s.FloatField(allow_null=True, default=None, help_text="Skill over mean effects.")
    after = s.FloatField(allow_null=True, default=None)
    is_change = s.BooleanField(help_text="Whether any figure came out another; of the times that none did, the last.")


class VersionScoresShape(s.Serializer[Any]):
    """Intervals have `estimate`, `low` and `high`, each a number or {"undefined": reason}."""

    model = s.CharField()
    version = s.IntegerField()
    newest_version = s.IntegerField()
    track = s.CharField()
    release = s.CharField()
    release_id = s.CharField()
    published_at = s.DateTimeField()
    url = s.CharField(help_text="The page that always shows this version.")
    rank = s.ListField(child=s.IntegerField(), allow_null=True, help_text="First and last, on the default board.")
    n_ranked = s.IntegerField(allow_null=True)
    score = s.DictField(allow_null=True, help_text="Skill over mean effects.")
    skill_over_drug_average = s.DictField(allow_null=True)
    beats_drug_average = s.CharField()
    gap = s.DictField(allow_null=True)
    memory_alarm = s.DictField(allow_null=True)
    pretraining = s.CharField(allow_blank=True, help_text="As its team declares it; empty: none declared.")
    pretrained_until = s.DateField(allow_null=True)
    changes = ChangeShape(many=True, help_text="Each time that its scores were computed again, oldest first.")
    citation = CitationShape()
    tables = s.DictField(child=s.CharField())
    scorecard = s.CharField()


class OneVersion(PublicDoor):
    @extend_schema(summary="One version of a model: what its page says first", responses=VersionScoresShape)
    def get(self, request: Request, slug: str, version: int) -> Response:  # noqa: ARG002  # as every door
        found, one = _version(slug, version)
        card = card_of(one.submission)
        return Response(VersionScoresShape(_said(found, one, card)).data)


class TableQuery(s.Serializer[Any]):
    source = s.CharField(required=False, max_length=100, help_text="Only of this source.")  # type: ignore[assignment]
    target = s.CharField(required=False, max_length=100, help_text="Only of this target.")


@extend_schema(
    summary="One table of a version's scores",
    description=f"Tables: {', '.join(TABLES)}. What is undefined is null, or empty; `{UNDEFINED}` says why.",
    parameters=[TableQuery],
    responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR},
)
class OneTable(PublicDoor):
    renderer_classes = (StoredJSON, StoredCSV)

    def get(self, request: Request, slug: str, version: int, table: str) -> HttpResponse:
        asked = read(TableQuery, request.query_params)
        _, one = _version(slug, version)
        kind = request.accepted_renderer.format
        tag = quote_etag(f"{one.evaluation}-{one.computed_at}-{table}-{kind}-{sorted(asked.items())}".replace('"', ""))
        if table not in TABLES:
            raise Http404
        if unchanged := get_conditional_response(request._request, etag=tag):
            return unchanged
        card = card_of(one.submission)
        if card is None:
            raise Http404
        made = _only(score_table(table, Scored(card, one.submission.track)), asked)
        return Response(as_csv(made) if kind == "csv" else as_json(made), headers={"ETag": tag})


class WholeScorecard(PublicDoor):
    renderer_classes = (StoredJSON,)

    @extend_schema(summary="All scores of a version, file by file", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, slug: str, version: int) -> HttpResponse:
        _, one = _version(slug, version)
        tag = quote_etag(f"{one.evaluation}-{one.computed_at}-scorecard")
        if unchanged := get_conditional_response(request._request, etag=tag):
            return unchanged
        answer = Response(*_whole(request, one))
        answer["ETag"] = tag
        patch_vary_headers(answer, ["Accept-Encoding"])
        return answer


def as_json(table: Table) -> bytes:
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return json.dumps({"columns": table.columns, "rows": rows}, allow_nan=False, ensure_ascii=False).encode()


def as_csv(table: Table) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(table.columns)
    lines.writerows([harmless(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode()


def _only(table: Table, asked: dict[str, str]) -> Table:
    places = {table.columns.index(name): wanted for name, wanted in asked.items() if name in table.columns}
    return Table(table.columns, (row for row in table.rows if all(row[at] == wanted for at, wanted in places.items())))


def _whole(request: Request, one: Version) -> tuple[bytes, int, None, dict[str, str]]:
    """As it is stored, which most clients understand."""
    card = card_of(one.submission)
    if card is None:
        raise Http404
    try:
        packed = read_whole(Storage(settings.STORAGE), card.evaluation)
    except FileNotFoundError:
        return json.dumps(card.card, allow_nan=False).encode(), 200, None, {}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return packed, 200, None, {"Content-Encoding": "gzip"}
    return gzip.decompress(packed), 200, None, {}


def _version(slug: str, number: int) -> tuple[Shown, Version]:
    found = shown_model(slug)
    one = found.version(number) if found else None
    if found is None or one is None or one.is_withdrawn:
        raise Http404
    return found, one


def _change(said: dict[str, Any]) -> dict[str, Any]:
    ends = {name: said[name] if isinstance(said.get(name), int | float) else None for name in ("before", "after")}
    return {"at": said["at"], "why": said["why"], **ends, "is_change": is_change(said)}


def _said(found: Shown, one: Version, card: Card | None) -> dict[str, Any]:
    model, sent, track = found.model, one.submission, one.submission.track
    intervals = card.summary.get("intervals", {}) if card else {}
    over_drugs = intervals.get("skill_drug_mean/")
    place = standings(track.slug, board_stamp(track.slug)).places.get(model.slug)
    on_board = place if place and place.version == one.number else None
    words = [model.slug, one.number]
    return {
        "model": model.slug,
        "version": one.number,
        "newest_version": found.published[0].number,
        "track": track.slug,
        "release": str(track.release),
        "release_id": track.release.release_id,
        "published_at": sent.published_at,
        "url": permanent_link(model, one.number),
        "rank": on_board.rank if on_board else None,
        "n_ranked": on_board.n_ranked if on_board else None,
        "score": intervals.get("primary/"),
        "skill_over_drug_average": over_drugs,
        "beats_drug_average": beats(over_drugs) if over_drugs else "cannot tell",
        "gap": intervals.get("gap/"),
        "memory_alarm": card.summary.get("alarm") if card else None,
        "pretraining": sent.pretraining,
        "pretrained_until": sent.pretrained_until,
        "changes": [_change(said) for said in one.changes],
        "citation": {"text": plain_citation(model, sent, one.primary), "bibtex": bibtex(model, sent, one.primary)},
        "tables": {name: reverse("api-model-table", args=[*words, name]) for name in TABLES},
        "scorecard": reverse("api-model-scorecard", args=words),
    }
