"""What there is for everybody: releases, tracks, published models, boards of others."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s

from leaderboard.api import shapes
from leaderboard.api.doors import PublicList, PublicOne, read
from leaderboard.models import Model, PublishedBoard, PublishedScore, Release, Track
from leaderboard.reads import benchmark, releases
from leaderboard.reads.models import published_models


@extend_schema(summary="Releases of the benchmark's data")
class Releases(PublicList[Release]):
    serializer_class = shapes.ReleaseShape

    def get_queryset(self) -> QuerySet[Release]:
        return benchmark.releases()


@extend_schema(summary="One release, by its id or as name-version")
class OneRelease(PublicOne[Release]):
    serializer_class = shapes.OneReleaseShape

    def get_object(self) -> Release:
        found = found_release(self.kwargs["release"])
        found.sealed_studies = releases.sealed_on(found)  # type: ignore[attr-defined]
        return found


@extend_schema(summary="One open study of a release")
class OneStudy(PublicOne[Release]):
    serializer_class = shapes.StudyShape

    def get_object(self) -> Any:
        found = releases.study_of(found_release(self.kwargs["release"]), self.kwargs["study"])
        if found is None:
            raise Http404
        return found


def found_release(named: str) -> Release:
    found = releases.find(named)
    if found is None:
        raise Http404
    return found


@extend_schema(summary="Tracks: what submissions are put through")
class Tracks(PublicList[Track]):
    serializer_class = shapes.TrackShape

    def get_queryset(self) -> QuerySet[Track]:
        return benchmark.tracks()


@extend_schema(summary="One track")
class OneTrack(PublicOne[Track]):
    serializer_class = shapes.TrackShape
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Track]:
        return benchmark.tracks()


@extend_schema(summary="Models with a published version")
class Models(PublicList[Model]):
    serializer_class = shapes.ModelShape

    def get_queryset(self) -> QuerySet[Model]:
        return published_models()


@extend_schema(summary="One model")
class OneModel(PublicOne[Model]):
    serializer_class = shapes.ModelShape
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Model]:
        return published_models()


@extend_schema(summary="Boards of scores that others published; nothing of them was evaluated here")
class PublishedBoards(PublicList[PublishedBoard]):
    serializer_class = shapes.PublishedBoardShape
    queryset = PublishedBoard.objects.order_by("title", "id")


@extend_schema(summary="One board of published scores")
class OnePublishedBoard(PublicOne[PublishedBoard]):
    serializer_class = shapes.PublishedBoardShape
    lookup_field = "slug"
    queryset = PublishedBoard.objects.all()


class ScoreQuery(s.Serializer[Any]):
    model = s.CharField(required=False, max_length=100)
    metric = s.CharField(required=False, max_length=40)
    source = s.CharField(required=False, max_length=100)  # type: ignore[assignment]  # hides an option of Field
    target = s.CharField(required=False, max_length=100)


@extend_schema(summary="Its scores, as published", parameters=[ScoreQuery])
class PublishedScores(PublicList[PublishedScore]):
    serializer_class = shapes.PublishedScoreShape

    def get_queryset(self) -> QuerySet[PublishedScore]:
        board = get_object_or_404(PublishedBoard, slug=self.kwargs["slug"])
        wanted = read(ScoreQuery, self.request.query_params)
        return board.scores.filter(**wanted).order_by("model", "metric", "source", "target", "split", "id")
