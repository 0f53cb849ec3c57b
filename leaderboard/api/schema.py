"""The OpenAPI description, made once in a process, and the page that lists it for people."""

import json
from functools import cache
from hashlib import sha256
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.api.doors import PublicDoor
from leaderboard.api.problems import KINDS, MEDIA_TYPE, Problem

ALWAYS = (Problem.NOT_FOUND, Problem.NOT_ACCEPTABLE, Problem.THROTTLED)
WITH_PERSON = (Problem.UNAUTHENTICATED, Problem.FORBIDDEN)
WITH_BODY = (Problem.MALFORMED, Problem.TOO_LARGE, Problem.UNSUPPORTED_MEDIA_TYPE)
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `type` is one of a closed set, which the page at /api/ explains.",
    "properties": {
        "type": {"type": "string", "enum": [f"/api/#{which}" for which in Problem]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "detail"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "remedy", "code", "errors"],
    "additionalProperties": False,
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "leaderboard.api.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        about = "`Token ` and 64 hexadecimal digits."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": about}


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation can answer with the problems that follow from its shape."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for operation in (made for methods in result["paths"].values() for made in methods.values()):
        operation.pop("description", None)  # of a base class
        kinds = [*ALWAYS]
        kinds += WITH_PERSON if any(operation["security"]) else ()
        kinds += WITH_BODY if "requestBody" in operation else ()
        kinds += [Problem.INVALID] if any(one["in"] != "path" for one in operation.get("parameters", ())) else []
        for kind in kinds:
            described = {"$ref": "#/components/schemas/Problem"}
            answer = operation["responses"].setdefault(str(KINDS[kind].status), {"description": KINDS[kind].title})
            answer["content"] = {MEDIA_TYPE: {"schema": described}}
    return result


@cache
def description() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@cache
def written() -> tuple[bytes, str]:
    body = json.dumps(description(), ensure_ascii=False, separators=(",", ":")).encode()
    return body, quote_etag(sha256(body).hexdigest()[:32])


class Schema(PublicDoor):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        body, etag = written()
        whole = HttpResponse(body, content_type="application/vnd.oai.openapi+json", headers={"ETag": etag})
        return get_conditional_response(request._request, etag=etag, response=whole) or whole


def page(request: HttpRequest) -> HttpResponse:
    """Every operation and every problem on one page, made on the server."""
    operations = [
        {"method": method.upper(), "path": path, "summary": one.get("summary", ""), "person": any(one["security"])}
        for path, methods in description()["paths"].items()
        for method, one in methods.items()
    ]
    return render(request, "api/api.html", {"operations": operations, "problems": KINDS.items()})


class Unknown(PublicDoor):
    """Every address under /api/ that is nothing."""

    throttle_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, **_: str) -> Response:
        raise NotImplementedError

    def initial(self, *_: Any, **__: Any) -> None:
        raise Http404
