"""Every error of the API as application/problem+json (RFC 9457), of one closed set of types, each with a remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from leaderboard.pages import errors
from leaderboard.submitting.errors import Refused

MEDIA_TYPE = "application/problem+json"


class Problem(StrEnum):
    INVALID = "invalid"
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_ACCEPTABLE = "not-acceptable"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    REFUSED = "refused"
    THROTTLED = "throttled"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str
    remedy: str


KINDS: dict[Problem, Kind] = {
    Problem.INVALID: Kind(400, "A value is not as it has to be", "Correct what `errors` names and send it again."),
    Problem.MALFORMED: Kind(400, "The body cannot be read", "Send one JSON object in UTF-8."),
    Problem.UNAUTHENTICATED: Kind(
        401, "Nobody is signed in", "Send `Authorization: Token …` with a token from your account's page."
    ),
    Problem.FORBIDDEN: Kind(403, "This is not yours to do", "Use a token of enough scope, of a person who may."),
    Problem.NOT_FOUND: Kind(
        404, "Nothing is here", "Check the address; it ends with a slash. What is not yours to see looks the same."
    ),
    Problem.METHOD_NOT_ALLOWED: Kind(405, "This address has no such method", "Use a method that `Allow` names."),
    Problem.NOT_ACCEPTABLE: Kind(406, "No such format here", "Ask for application/json."),
    Problem.CONFLICT: Kind(409, "Things are not as the request takes them to be", "Ask for the present state first."),
    Problem.TOO_LARGE: Kind(413, "The body is too large", "Send less at once; archives go in pieces, see /uploads/."),
    Problem.UNSUPPORTED_MEDIA_TYPE: Kind(
        415, "The body's media type is not read here", "Set Content-Type to what the schema names."
    ),
    Problem.REFUSED: Kind(422, "The request was understood and refused", "Do what `remedy` says."),
    Problem.THROTTLED: Kind(429, "Too many requests", "Wait as many seconds as Retry-After says."),
    Problem.INTERNAL: Kind(
        500, "Our fault", "Try again; with the same Idempotency-Key nothing happens twice. It has been logged."
    ),
}
OF_STATUS = {kind.status: problem for problem, kind in reversed(KINDS.items())}


class Conflict(exceptions.APIException):
    status_code = 409


class TooLarge(exceptions.APIException):
    status_code = 413


def problem(
    which: Problem,
    detail: str,
    *,
    status: int = 0,
    remedy: str = "",
    code: str = "",
    errors: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    kind = KINDS[which]
    return {
        "type": f"/api/#{which}",
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        "remedy": remedy or kind.remedy,
        "code": code or str(which),
        "errors": errors or [],
    }


def problem_response(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """For REST_FRAMEWORK; None for what is our fault, which Django logs and `server_error` answers."""
    if isinstance(error, Refused):
        return _answer(_refused(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(int(getattr(error, "wait", None) or 0) + 1)
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return _answer(_of_framework(error), headers)


def server_error(request: HttpRequest) -> HttpResponse:
    """For everything that nobody caught, pages too."""
    if not request.path.startswith("/api/"):
        return errors.server_error(request)
    return JsonResponse(problem(Problem.INTERNAL, "The server has failed."), status=500, content_type=MEDIA_TYPE)


def _answer(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def _refused(error: Refused) -> dict[str, Any]:
    which = Problem.REFUSED if error.status in (400, 422) else OF_STATUS.get(error.status, Problem.REFUSED)
    errors = [{"field": error.field, "detail": error.sentence}] if error.field else []
    return problem(which, error.sentence, status=error.status, remedy=error.remedy, code=error.code, errors=errors)


def _of_framework(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_flat("", error.detail))
        return problem(Problem.INVALID, "; ".join(f"{one['field']}: {one['detail']}" for one in errors), errors=errors)
    which = Problem.MALFORMED if isinstance(error, exceptions.ParseError) else OF_STATUS[error.status_code]
    return problem(which, str(error.detail))


def _flat(field: str, detail: Any) -> Iterator[dict[str, str]]:
    """Nested serializers' errors as one list: {"field": "resources.train.cpus", "detail": "…"}."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            parts = (field, "" if name == "non_field_errors" else str(name))
            yield from _flat(".".join(part for part in parts if part), inner)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flat(field, inner)
    else:
        yield {"field": field, "detail": str(detail)}
