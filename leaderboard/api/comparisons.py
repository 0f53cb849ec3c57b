"""Models beside each other, as the page has them."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from evaluator.agent.uploads import Storage
from leaderboard.api.boards import StoredCSV, StoredJSON
from leaderboard.api.doors import PublicDoor, read
from leaderboard.models import Track
from leaderboard.pages.compare_asked import Asked, AskedError
from leaderboard.publishing.comparison_files import comparison_csv, plain_comparison
from leaderboard.publishing.comparisons import MOST, compared
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.measures import Measure
from leaderboard.reads import comparing


class ComparisonQuery(s.Serializer[Any]):
    track = s.SlugField(max_length=60)
    models = s.CharField(
        max_length=70 * MOST,
        help_text="Slugs with commas between; `slug@2` for version 2, `~mean_effects` and so on for a baseline. The "
        "first is set against each of the others.",
    )
    metric = s.CharField(required=False, max_length=40, default=str(Measure.PRIMARY), help_text="As of boards.")
    target = s.CharField(required=False, allow_blank=True, default="", max_length=100, help_text="A target's name.")


@extend_schema(
    summary="Differences of models, with intervals on the same rows",
    parameters=[ComparisonQuery],
    responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR},
)
class Comparison(PublicDoor):
    renderer_classes = (StoredJSON, StoredCSV)

    def get(self, request: Request) -> HttpResponse:
        given = read(ComparisonQuery, request.query_params)
        track = get_object_or_404(Track.objects.select_related("release"), slug=given["track"])
        there = comparing.options(track)
        kind = request.accepted_renderer.format
        tag = quote_etag(f"{comparing.stamp(track, there, *sorted(given.values()))[:32]}-{kind}")
        if unchanged := get_conditional_response(request._request, etag=tag):
            unchanged["ETag"] = tag
            return unchanged
        plain = _compared(Plan(track), there, request._request)
        made = comparison_csv(plain) if kind == "csv" else json.dumps(plain, allow_nan=False).encode()
        return Response(made, headers={"ETag": tag})


def _compared(plan: Plan, there: list[comparing.Option], request: Any) -> dict[str, Any]:
    try:
        asked = Asked.read(request.GET)
        view = asked.view(plan.views)
        these = comparing.chosen(there, asked.models)
        if len(these) < 2:
            raise ValidationError({"models": "Name at least two models."})
        who, entries = comparing.stored(plan, these, Storage(settings.STORAGE), view)
    except AskedError as refused:
        raise ValidationError({"models": str(refused)}) from None
    except comparing.UnknownModelError as unknown:
        raise NotFound(f"On this track no published model is called {unknown.args[0][:100]}.") from None
    return plain_comparison(plan, who, compared(plan, who, entries, view))
