"""Sealed studies, for curators: what is here and where it stands, and another one as one streamed body."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers as s
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.api.doors import PersonsDoor, PersonsList, read
from leaderboard.api.uploads import Body, RawBody
from leaderboard.models import SealedStudy
from leaderboard.reads import curating
from leaderboard.sealed import intake, life
from leaderboard.submitting import access

TRACK = OpenApiParameter("track", OpenApiTypes.STR, "query", required=True, description="Slug of the track it is for.")


class StudyShape(s.ModelSerializer[SealedStudy]):
    track = s.CharField(source="track.slug")
    facts = s.JSONField(source="summary", help_text="What its study.toml says.")
    corrects = s.CharField(source="corrects.study_id", default=None, allow_null=True)
    report = s.JSONField(allow_null=True, help_text="The scorer's validation report; null until it is made.")

    class Meta:
        model = SealedStudy
        fields = (
            *("study_id", "name", "version", "track", "state", "state_since", "commitment", "key_id", "looks"),
            *("is_rank_only", "corrects", "facts", "report"),
        )


class StudyQuery(s.Serializer[Any]):
    track = s.SlugField(max_length=60)


class Studies(PersonsList[SealedStudy]):
    serializer_class = StudyShape
    parser_classes = (RawBody,)

    def get_queryset(self) -> Any:
        return curating.studies()

    @extend_schema(summary="Sealed studies; for curators alone")
    def get(self, request: Request) -> Response:
        life.demand_curator(self.person(request))
        return self.list(request)

    @extend_schema(
        summary="Bring a sealed study in: the archive that `holdout seal` wrote, raw, up to 4 GB",
        parameters=[TRACK],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: StudyShape, 409: OpenApiResponse(description="It is here already")},
    )
    def post(self, request: Request) -> Response:
        person = self.person(request)
        life.demand_curator(person)
        track = read(StudyQuery, request.query_params)["track"]
        if not isinstance(request.data, Body):
            raise ValidationError({"Content-Type": "Send the archive as application/octet-stream."})
        return Response(StudyShape(intake.take(person, track, request.data.stream)).data, status=201)


class OneStudy(PersonsDoor):
    @extend_schema(summary="A sealed study; for curators alone", responses=StudyShape)
    def get(self, request: Request, study_id: str) -> Response:
        life.demand_curator(self.person(request))
        return Response(StudyShape(access.one(curating.studies(), study_id=study_id)).data)
