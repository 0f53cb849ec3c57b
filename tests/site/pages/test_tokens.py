"""Tokens of the API, on their page."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from leaderboard.api import tokens
from leaderboard.models import Scope, Token
from tests.site.builders import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(client):
    person = make_person()
    client.force_login(person)
    return person


def test_a_token_is_shown_once_and_opens_the_api(client, person):
    page = client.post(reverse("tokens"), {"name": "CI", "scope": "read", "days": "30"}).text
    secret = re.search(r">([0-9a-f]{64})<", page)[1]
    assert secret not in client.get(reverse("tokens")).text
    client.logout()
    assert client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"}).json()["email"] == person.email


def test_a_token_has_the_scope_and_the_days_that_were_asked_for(client, person):
    client.post(reverse("tokens"), {"name": "CI", "scope": "submit", "days": "1"})
    made = Token.objects.get()
    assert (made.name, made.scope) == ("CI", Scope.SUBMIT)
    assert round((made.expiry - made.created) / timedelta(hours=1)) == 24


def test_a_token_without_an_end_is_not_made(client, person):
    answer = client.post(reverse("tokens"), {"name": "CI", "scope": "read", "days": "400"})
    assert answer.status_code == 400
    assert "id_days_error" in answer.text
    assert not Token.objects.exists()


def test_a_revoked_token_opens_nothing(client, person):
    row, secret = tokens.make(person, name="CI", scope=Scope.READ)
    client.post(reverse("revoke_token", args=[row.public_id]))
    client.logout()
    assert client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"}).status_code == 401


def test_nobody_revokes_anothers(client, person):
    row, _ = tokens.make(make_person(), name="CI", scope=Scope.READ)
    assert client.post(reverse("revoke_token", args=[row.public_id])).status_code == 404
    assert Token.objects.filter(pk=row.pk).exists()
