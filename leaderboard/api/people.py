"""Who asks, and the tokens they ask with."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.api import tokens
from leaderboard.api.doors import PersonsDoor, read
from leaderboard.models import Role, Scope, Token


class TokenShape(s.ModelSerializer[Token]):
    id = s.UUIDField(source="public_id")
    scope = s.ChoiceField(Scope.choices)
    created_at = s.DateTimeField(source="created")
    expires_at = s.DateTimeField(source="expiry")

    class Meta:
        model = Token
        fields = ("id", "name", "scope", "created_at", "expires_at")


class NewTokenShape(TokenShape):
    token = s.CharField(help_text="Shown this once.")

    class Meta:
        model = Token
        fields = (*TokenShape.Meta.fields, "token")


class TokenDraft(s.Serializer[Any]):
    name = s.CharField(max_length=100, help_text="Where it will be used.")
    scope = s.ChoiceField(Scope.choices, default=Scope.READ)
    days = s.IntegerField(min_value=1, max_value=tokens.LONGEST_DAYS, default=tokens.USUAL_DAYS)


class MembershipShape(s.Serializer[Any]):
    team = s.CharField(source="team.slug")
    name = s.CharField(source="team.name")
    role = s.ChoiceField(Role.choices)


class MeShape(s.Serializer[Any]):
    email = s.CharField()
    name = s.CharField(source="__str__")
    is_staff = s.BooleanField()
    is_curator = s.BooleanField()
    teams = MembershipShape(source="memberships.all", many=True)
    token = TokenShape(allow_null=True, help_text="The one that this request came with.")


class Me(PersonsDoor):
    @extend_schema(summary="Who I am, and my teams", responses=MeShape)
    def get(self, request: Request) -> Response:
        person = self.person(request)
        person.token = request.auth  # type: ignore[attr-defined]
        return Response(MeShape(person).data)


class Tokens(PersonsDoor):
    @extend_schema(summary="My tokens that still open something", responses=TokenShape(many=True))
    def get(self, request: Request) -> Response:
        return Response(TokenShape(tokens.live(self.person(request)), many=True).data)

    @extend_schema(
        summary="Make a token; signed in on the site alone, since a token that makes tokens would never end",
        request=TokenDraft,
        responses={201: NewTokenShape},
    )
    def post(self, request: Request) -> Response:
        if request.auth is not None:
            raise PermissionDenied("A token cannot make another: sign in on the site and make it there.")
        draft = read(TokenDraft, request.data)
        row, token = tokens.make(self.person(request), **draft)
        row.token = token
        return Response(NewTokenShape(row).data, status=201)


class OneToken(PersonsDoor):
    @extend_schema(summary="Revoke a token", responses={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        if not tokens.live(self.person(request)).filter(public_id=token_id).delete()[0]:
            raise Http404
        return Response(status=204)
