"""Archives in pieces: begin, send from the offset that the site names, ask where to go on, forget."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers as s
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.api.doors import PersonsDoor, PersonsList, read
from leaderboard.api.repeats import KEY, once
from leaderboard.models import Upload
from leaderboard.models.entries import UploadState
from leaderboard.submitting import access, uploads

OFFSET = OpenApiParameter(
    "Upload-Offset", OpenApiTypes.INT64, "header", required=True, description="Bytes that are there."
)
MOST_OFFSET = 1 << 53


class UploadShape(s.ModelSerializer[Upload]):
    team = s.CharField(source="team.slug")
    state = s.ChoiceField(UploadState.choices)
    piece_bytes = s.SerializerMethodField(help_text="The most that one PATCH may bring.")

    class Meta:
        model = Upload
        fields = ("id", "team", "name", "size_bytes", "received_bytes", "sha256", "state", "created_at", "piece_bytes")

    def get_piece_bytes(self, _upload: Upload) -> int:
        return settings.UPLOAD_CHUNK_BYTES


class UploadDraft(s.Serializer[Any]):
    team = s.SlugField(max_length=60)
    name = s.CharField(max_length=200, help_text="The archive's name, model.tar say.")
    size_bytes = s.IntegerField(min_value=1, max_value=MOST_OFFSET)
    sha256 = s.RegexField(r"^[0-9a-f]{64}$", help_text="As `sha256sum` prints it.")


@dataclass(frozen=True, slots=True)
class Body:
    """Around the stream, which the framework would read into memory if it could walk it."""

    stream: uploads.Stream


class RawBody(BaseParser):
    media_type = "application/octet-stream"

    def parse(self, stream: Any, *_: Any, **__: Any) -> Any:
        return Body(stream)


class Uploads(PersonsList[Upload]):
    serializer_class = UploadShape

    def get_queryset(self) -> Any:
        return access.uploads_of(self.person(self.request)).select_related("team").order_by("-created_at", "id")

    @extend_schema(summary="My teams' archives")
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        summary="Begin to send an archive of `docker save`",
        request=UploadDraft,
        parameters=[KEY],
        responses={201: UploadShape, 409: OpenApiResponse(description="Too many uploads, or too many bytes")},
    )
    def post(self, request: Request) -> Response:
        draft, person = read(UploadDraft, request.data), self.person(request)

        def begin() -> dict[str, Any]:
            team = access.one(access.teams_of(person), slug=draft.pop("team"))
            return UploadShape(uploads.begin(person, team, **draft)).data

        return once(request, person, begin)


class OneUpload(PersonsDoor):
    parser_classes = (RawBody,)

    def upload(self, request: Request, upload_id: UUID) -> Upload:
        return access.one(access.uploads_of(self.person(request)).select_related("team"), id=upload_id)

    @extend_schema(summary="How much of it is here; HEAD has it in `Upload-Offset`", responses=UploadShape)
    def get(self, request: Request, upload_id: UUID) -> Response:
        return _answer(self.upload(request, upload_id))

    @extend_schema(
        summary="Send the next piece, raw",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[OFFSET],
        responses={200: UploadShape, 409: OpenApiResponse(description="Not from here: ask for the offset")},
    )
    def patch(self, request: Request, upload_id: UUID) -> Response:
        upload = self.upload(request, upload_id)
        offset = _offset(request)
        if not isinstance(request.data, Body):
            raise ValidationError({"Content-Length": "A piece has at least one byte, and says how many."})
        return _answer(uploads.append(upload, offset, request.data.stream))

    @extend_schema(
        summary="Forget an archive that no submission uses",
        request=None,
        responses={204: None, 409: OpenApiResponse(description="A submission uses it")},
    )
    def delete(self, request: Request, upload_id: UUID) -> Response:
        uploads.remove(self.person(request), self.upload(request, upload_id))
        return Response(status=204)


def _offset(request: Request) -> int:
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        raise ValidationError({"Upload-Offset": "Give the number of bytes that are already there, 0 at first."})
    return int(text)


def _answer(upload: Upload) -> Response:
    headers = {"Upload-Offset": str(upload.received_bytes), "Upload-Length": str(upload.size_bytes)}
    return Response(UploadShape(upload).data, headers=headers)
