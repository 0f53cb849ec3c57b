"""Requests that are made to break the reader: none of them is our fault, and none takes more than it sends."""

import bz2
import json
import tracemalloc
from io import BytesIO

import pytest
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from leaderboard.api import tokens
from leaderboard.models import Scope
from leaderboard.wsgi import application
from tests.site.builders import make_submission, make_track

MEBIBYTE = 1 << 20
SUBMISSIONS = "/api/v1/submissions/"


@pytest.fixture
def api(cast):
    client = APIClient(raise_request_exception=False)
    secret = tokens.make(cast.owner, name="test", scope=Scope.SUBMIT)[1]
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture
def browser(client):
    client.raise_request_exception = False
    return client


def draft(cast, **values):
    return {"team": cast.team.slug, "track": make_track().slug, "new_model": "Mine"} | values


@pytest.mark.parametrize(
    "values",
    [
        {"\ud800": 1},
        {"kind": "\ud800"},
        {"upload": "\udfff"},
        {"new_model": "\ud800"},
        {"settings": {"a": "\ud800"}},
        {"settings": {"\udc00": {"\ud800": "\0"}}},
        {"resources": {"\ud800": {}}},
        {"resources": {"train": {"\ud800": 1}}},
        {"improve_model": "\udead", "contract": "improve"},
        {"image": "\ud800@sha256:" + "0" * 64},
        {"note": "\0"},
        {"\0": "\0"},
    ],
    ids=repr,
)
def test_halves_of_characters_and_nul_are_refused_in_an_answer_that_can_be_read(api, cast, values):
    answer = api.post(SUBMISSIONS, json.dumps(draft(cast, **values)), content_type="application/json")
    assert 400 <= answer.status_code < 500
    assert json.loads(answer.content)["remedy"]


@pytest.mark.parametrize("depth", [9, 100, 900, 950, 990, 5_000, 100_000])
@pytest.mark.parametrize("ends", ["[]", "{}"])
def test_a_deep_body_is_refused(api, cast, depth, ends):
    inner = "[" * depth + "]" * depth if ends == "[]" else '{"a":' * depth + "1" + "}" * depth
    body = json.dumps(draft(cast, settings={"a": 0}))[:-2] + "}, " + f'"resources": {{"train": {inner}}}}}'
    deep = body.replace('{"a": 0}', '{"a": ' + inner + "}")
    for one in (body, deep, inner):
        answer = api.post(SUBMISSIONS, one, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999", "9" * 4000, "9" * 5000, "1e-400", "0.1e1"])
def test_numbers_that_are_none_are_refused(api, cast, number):
    for place in ("settings", "resources"):
        inner = f'{{"train": {{"memory_mb": {number}, "cpus": {number}}}, "x": {number}}}'
        body = json.dumps(draft(cast))[:-1] + f', "{place}": {inner}}}'
        answer = api.post(SUBMISSIONS, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("charset", ["bz2", "zlib", "rot13", "hex", "idna", "utf-16", "nonsense"])
def test_a_body_is_utf8_whatever_it_says_and_is_never_unpacked(api, charset):
    bomb = bz2.compress(b" " * (64 * MEBIBYTE) + b"{}")
    assert len(bomb) < 1000
    tracemalloc.start()
    answer = api.post(SUBMISSIONS, bomb, content_type=f"application/json; charset={charset}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert peak < 16 * MEBIBYTE


@pytest.mark.parametrize("charset", ["bz2", "ZLIB", "rot13", "hex", "idna", "nonsense", '"zlib"; charset=hex'])
@pytest.mark.parametrize("of", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.django_db  # a request looks at a connection that an earlier test left open
def test_a_charset_that_is_none_of_texts_breaks_nothing(charset, of):
    environ = RequestFactory().get("/api/v1/schema/?metric=%ff").environ | {"CONTENT_TYPE": f"{of}; charset={charset}"}
    answers = []
    application(environ, lambda status, _headers: answers.append(status))
    assert answers == ["200 OK"]


@pytest.mark.parametrize("address", ["/accounts/login/", "/submit/", "/", "/accounts/signup/", SUBMISSIONS, "/none/"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"])
@pytest.mark.django_db
def test_a_stranger_cannot_fill_the_disk_with_a_form(browser, kind, address):
    class Endless(BytesIO):
        def read(self, _size=-1):
            raise AssertionError("the body was read")

    length = {"wsgi.input": Endless(), "CONTENT_LENGTH": str(1 << 40), "CONTENT_TYPE": kind}
    answer = browser.generic("POST", address, **length)
    assert answer.status_code < 500
    assert answer.status_code == 413 or not kind.startswith("multipart")


def test_a_participant_sends_an_archive_of_the_allowed_size_and_none_larger(client, cast, settings):
    settings.UPLOAD_MOST_BYTES = MEBIBYTE
    client.raise_request_exception = False
    client.force_login(cast.owner)
    make_track()
    for size, status in ((MEBIBYTE, 400), (4 * MEBIBYTE, 413)):
        archive = BytesIO(b"x" * size)
        archive.name = "a.tar"
        assert client.post("/submit/", {"archive": archive}).status_code == status


@pytest.mark.django_db
def test_a_million_fields_are_not_parsed(browser):
    browser.get("/accounts/login/")
    body = "&".join(f"a{n}=" for n in range(200_000))
    answer = browser.post("/accounts/login/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert browser.get("/published/?" + "&".join(f"a{n}=" for n in range(5_000))).status_code in (200, 400)


@pytest.mark.parametrize("name", ["metric", "target", "version", "page", "team", "track", "next", "seen", "format"])
@pytest.mark.parametrize(
    "value", ["%00", "%ED%A0%80", "-1", "9" * 40, "%0d%0aSet-Cookie:a=b", "<script>", "//evil.example"]
)
def test_no_query_breaks_a_page(browser, cast, name, value):
    track = make_track()
    browser.force_login(cast.owner)
    for address in (
        "/",
        "/boards/",
        f"/boards/{track.slug}/",
        "/submissions/",
        "/submit/",
        "/accounts/login/",
        "/tokens/",
    ):
        answer = browser.get(f"{address}?{name}={value}")
        assert answer.status_code < 500
        assert "evil.example" not in answer.headers.get("Location", "")
        assert "Set-Cookie:a" not in str(answer.headers)
        assert b"<script>" not in answer.content
    for address in ("boards/", f"boards/{track.slug}/", "models/", "tracks/", "releases/", "published/"):
        assert browser.get(f"/api/v1/{address}?{name}={value}").status_code < 500


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
@pytest.mark.django_db
def test_signing_in_leads_nowhere_else(client, cast, target):
    answer = client.post(
        "/accounts/login/", {"login": cast.owner.email, "password": "a-long-enough-password", "next": target}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/submissions/")


def test_signing_in_gives_another_session(client, cast):
    client.get("/teams/")
    client.session["planted"] = True
    session = client.session
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.post("/accounts/login/", {"login": cast.owner.email, "password": "a-long-enough-password"})
    assert client.cookies["sessionid"].value != planted


@pytest.mark.parametrize(
    "address",
    ["/submit/", "/teams/", "/tokens/", "/account/", "/submissions/{}/withdraw/", "/submissions/{}/delete/"],
)
def test_no_form_is_taken_without_its_token(cast, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.owner)
    entry = make_submission(team=cast.team)
    assert client.post(address.format(entry.pk), {"name": "x"}).status_code == 403
    api = client.post(f"{SUBMISSIONS}{entry.pk}/withdraw/", content_type="application/json")
    assert api.status_code == 403
    entry.refresh_from_db()
    assert entry.state == "received"
