"""Every error is a problem+json of the closed set, with a remedy."""

import json

import pytest
from django.test import Client

from leaderboard.api.bodies import MOST_JSON_BYTES
from leaderboard.models import Scope

pytestmark = pytest.mark.django_db
UPLOADS = "/api/v1/uploads/"


def the_problem(answer, *, status, code):
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "remedy", "code", "errors"}
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["remedy"]
    return problem


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/boards", "/api/v2/", "/api/v1/boards/no-such/"])
def test_an_unknown_address(anybody, path):
    the_problem(anybody.get(path), status=404, code="not-found")


def test_a_method_that_an_address_has_not(anybody):
    answer = anybody.delete("/api/v1/boards/")
    the_problem(answer, status=405, code="method-not-allowed")
    assert "GET" in answer["Allow"]


def test_a_format_that_nobody_makes(anybody):
    the_problem(anybody.get("/api/v1/tracks/", headers={"accept": "text/html"}), status=406, code="not-acceptable")


def test_nobody_signed_in(anybody):
    answer = anybody.get("/api/v1/me/")
    the_problem(answer, status=401, code="unauthenticated")
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("token", ["", "no", "\xff", "0" * 64, "a b", "0" * 63 + "\0"])
def test_a_token_that_opens_nothing(anybody, token):
    answer = anybody.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {token}")
    the_problem(answer, status=401, code="unauthenticated")


def test_a_body_that_is_no_json(cast, client_of):
    for body in ("{", "[]", "5", '{"a": NaN}', "\xff", "[" * 100_000):
        answer = client_of(cast.owner).generic("POST", UPLOADS, body, content_type="application/json")
        the_problem(answer, status=400, code="malformed")


def test_a_body_of_another_media_type(cast, client_of):
    answer = client_of(cast.owner).generic("POST", UPLOADS, "a=1", content_type="application/x-www-form-urlencoded")
    the_problem(answer, status=415, code="unsupported-media-type")


def test_a_body_that_is_too_large_is_not_read(cast, client_of):
    body = json.dumps({"name": "a" * MOST_JSON_BYTES})
    answer = client_of(cast.owner).generic("POST", UPLOADS, body, content_type="application/json")
    the_problem(answer, status=413, code="too-large")


def test_wrong_fields_are_named_one_by_one(cast, client_of):
    answer = client_of(cast.owner).post(UPLOADS, {"team": "a b", "name": "a", "size_bytes": -1}, format="json")
    problem = the_problem(answer, status=400, code="invalid")
    assert [error["field"] for error in problem["errors"]] == ["team", "size_bytes", "sha256"]


def test_a_slip_in_a_name_is_not_passed_over(cast, client_of):
    answer = client_of(cast.owner).post("/api/v1/submissions/", {"tema": "a"}, format="json")
    assert [one["field"] for one in the_problem(answer, status=400, code="invalid")["errors"]] == ["tema"]


def test_what_is_refused_says_what_to_do(cast, client_of):
    draft = {"team": cast.team.slug, "name": "a", "size_bytes": 1 << 50, "sha256": "0" * 64}
    problem = the_problem(client_of(cast.owner).post(UPLOADS, draft, format="json"), status=400, code="bad_size")
    assert problem["errors"][0]["field"] == "size_bytes"


def test_a_token_that_may_only_read(cast, client_of):
    answer = client_of(cast.owner, scope=Scope.READ).post(UPLOADS, {}, format="json")
    assert "scope" in the_problem(answer, status=403, code="forbidden")["detail"]


def test_too_many_requests(anybody, settings):
    settings.API_RATES = {"anonymous": "2/min", "person": "9/min"}
    assert [anybody.get("/api/v1/tracks/").status_code for _ in range(2)] == [200, 200]
    answer = anybody.get("/api/v1/tracks/")
    the_problem(answer, status=429, code="throttled")
    assert 0 < int(answer["Retry-After"]) <= 61


def test_our_own_fault_is_a_problem_too(monkeypatch):
    monkeypatch.setattr("leaderboard.reads.benchmark.tracks", lambda: 1 / 0)
    the_problem(Client(raise_request_exception=False).get("/api/v1/tracks/"), status=500, code="internal")


def test_a_session_needs_the_csrf_token(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.owner)
    answer = browser.post("/api/v1/tokens/", {"name": "ci"}, content_type="application/json")
    assert "CSRF" in the_problem(answer, status=403, code="forbidden")["detail"]
