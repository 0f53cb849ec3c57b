"""Tokens are shown once, scoped, and end."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from leaderboard.api import tokens
from leaderboard.models import Scope, Token

TOKENS = "/api/v1/tokens/"


@pytest.fixture
def browser(cast):
    made = APIClient()
    made.force_login(cast.owner)
    return made


def asked_with(token):
    return APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {token}")


def test_a_token_is_shown_once_and_only_its_hash_is_kept(browser):
    made = browser.post(TOKENS, {"name": "ci", "scope": "submit", "days": 30}, format="json").json()
    row = Token.objects.get(public_id=made["id"])
    assert made["token"] not in str(row.__dict__)
    assert [one.get("token") for one in browser.get(TOKENS).json()] == [None]
    assert asked_with(made["token"]).json()["token"]["name"] == "ci"


@pytest.mark.parametrize("days", [0, 366])
def test_a_token_lives_a_year_at_most(browser, days):
    assert browser.post(TOKENS, {"name": "ci", "days": days}, format="json").status_code == 400


def test_an_expired_token_opens_nothing(cast):
    row, token = tokens.make(cast.owner, name="old", scope=Scope.READ)
    Token.objects.filter(pk=row.pk).update(expiry=timezone.now() - timedelta(seconds=1))
    assert asked_with(token).status_code == 401


def test_a_revoked_token_opens_nothing(cast, browser):
    row, token = tokens.make(cast.owner, name="lost", scope=Scope.READ)
    assert browser.delete(f"{TOKENS}{row.public_id}/").status_code == 204
    assert asked_with(token).status_code == 401


def test_a_token_of_somebody_who_has_left_opens_nothing(cast):
    _, token = tokens.make(cast.owner, name="gone", scope=Scope.READ)
    cast.owner.is_active = False
    cast.owner.save()
    assert asked_with(token).status_code == 401


def test_a_token_makes_no_other(cast, client_of):
    assert client_of(cast.owner).post(TOKENS, {"name": "ci"}, format="json").status_code == 403


def test_me_names_my_teams(cast, client_of):
    me = client_of(cast.teammate).get("/api/v1/me/").json()
    assert me["email"] == cast.teammate.email
    assert me["teams"] == [{"team": cast.team.slug, "name": cast.team.name, "role": "member"}]
