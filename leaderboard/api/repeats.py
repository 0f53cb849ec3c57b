"""A POST that carries an `Idempotency-Key` can be sent again: it is done once."""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.models import Person
from leaderboard.submitting import idempotency

KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, "header", description="A word of yours, at most 100 signs, kept for a day."
)


def once(request: Request, person: Person, act: Callable[[], Mapping[str, Any]], *, status: int = 201) -> Response:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return Response(act(), status=status)
    asked = idempotency.fingerprint(request.method, request.path, request.data)
    answer, repeated = idempotency.once(person, key, asked, act)
    return Response(answer, status=status, headers={"Idempotency-Replayed": "true"} if repeated else None)
