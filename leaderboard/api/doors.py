"""What all doors of the API share: who is let in, how often, what may be kept by whom, and how bodies are read."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db.models import Model
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import IntegerField, Serializer
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from leaderboard.api.tokens import TokenAuthentication
from leaderboard.models import Person, Scope, Token

Row = TypeVar("Row", bound=Model)
MOST_PAGES = 1_000_000
EVERYWHERE = frozenset({"format", "page", "page_size"})
KEPT_WHILE_SAME = {"public": True, "no_cache": True}
NOT_KEPT = {"private": True, "no_store": True}


class Throttle(SimpleRateThrottle):
    """By token or person, else by address. Counted in each worker's own memory: Redis may be away, and the limit is
    there to keep one client from taking the site, not to be exact."""

    def __init__(self) -> None:
        """The rate depends on who asks."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        person = request.user if request.successful_authenticator else None
        self.ident = f"person-{person.pk}" if person else self.get_ident(request)
        self.rate = settings.API_RATES["person" if person else "anonymous"]
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, _request: Request, _view: APIView) -> str:
        return f"throttle-{self.ident}"


class IsPerson(BasePermission):
    """Signed in by session, or by a token of enough scope."""

    def has_permission(self, request: Request, _view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        reads_alone = isinstance(request.auth, Token) and request.auth.scope != Scope.SUBMIT
        if reads_alone and request.method not in SAFE_METHODS:
            raise PermissionDenied("This token may only read: its scope is not `submit`.")
        return True


class PageQuery(Serializer[Any]):
    page = IntegerField(min_value=1, max_value=MOST_PAGES, default=1)
    page_size = IntegerField(min_value=1, max_value=500, default=50)


class Pages(PageNumberPagination):
    """A page that is none is a 404; a page or a size that is no number of this range is said to be wrong."""

    def get_page_size(self, request: Request) -> int:
        asked = {name: request.query_params[name] for name in ("page", "page_size") if name in request.query_params}
        size: int = read(PageQuery, asked)["page_size"]
        return size

    def get_schema_operation_parameters(self, _view: APIView) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": most}}
            for name, most in (("page", MOST_PAGES), ("page_size", 500))
        ]


class PublicDoor(APIView):
    """The same answer for everybody, so that a cache in between may keep it."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    throttle_classes: Sequence[type[BaseThrottle]] = (Throttle,)
    keeping = KEPT_WHILE_SAME
    http_method_names = ("get", "head", "post", "patch", "delete")

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, cast("Response", response), *args, **kwargs)
        patch_cache_control(answer, **(self.keeping if answer.status_code < 400 else NOT_KEPT))
        return answer


class PublicList(PublicDoor, ListAPIView[Row]):
    pagination_class = Pages


class PublicOne(PublicDoor, RetrieveAPIView[Row]):
    """`lookup_field` is in the address."""


class EitherDoor(PublicDoor):
    """For everybody; somebody who is known may see more."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    keeping = NOT_KEPT

    @staticmethod
    def person(request: Request) -> Person:
        return cast("Person", request.user)


class PersonsDoor(EitherDoor):
    """For people alone."""

    permission_classes = (IsPerson,)


class PersonsList(PersonsDoor, ListAPIView[Row]):
    pagination_class = Pages


def read(serializer: type[Serializer[Any]], given: Any) -> dict[str, Any]:
    """The body or the query as typed values; raises what becomes a problem. A name that is not known is refused: it is
    a known one with a slip in it."""
    given = given.dict() if isinstance(given, QueryDict) else given  # of a form, an empty value would be none
    border = serializer(data=given)
    if unknown := sorted(set(given) - set(border.fields) - EVERYWHERE):
        raise ValidationError(
            {name[:100]: f"Not a name here; these are: {', '.join(border.fields)}." for name in unknown}
        )
    border.is_valid(raise_exception=True)
    values: dict[str, Any] = border.validated_data
    return values
