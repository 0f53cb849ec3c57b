"""Caches in between keep nothing that names somebody, on whichever page; and no address writes into the log."""

import logging

import pytest
from django.test import Client

from evaluator import logs
from leaderboard.models import Release
from leaderboard.pages import conditional
from tests.site.access_world import make_world
from tests.site.test_access import ROUTES

PUBLIC = [route for route in ROUTES if not route.startswith(("admin/", "api/", "accounts/", "^api"))]


@pytest.fixture
def world(db, settings, storage):
    settings.CELERY_BROKER_URL = settings.HOST_BROKER_URL = f"redis+socket://{storage}/nothing.sock"
    return make_world()


def test_a_page_that_names_its_reader_is_theirs_alone(world):
    person = world.people["curator"]
    browser = Client()
    browser.force_login(person)
    ours = dict.fromkeys(("models/ slug", "api/v1/models/ slug"), world.words["shown"])
    wrong = {}
    for route in PUBLIC:
        answer = browser.get(world.address(route, **ours))
        said = answer.get("Cache-Control", "")
        if person.username.encode() in answer.getvalue() and ("private" not in said or "Cookie" not in answer["Vary"]):
            wrong[route] = (answer.status_code, said, answer.get("Vary", ""))
    assert wrong == {}


def test_what_is_kept_for_strangers_names_nobody(world):
    conditional._kept.clear()
    ours = dict.fromkeys(("models/ slug", "api/v1/models/ slug"), world.words["shown"])
    for who in ("curator", "staff", "owner", None):
        browser = Client()
        if who:
            browser.force_login(world.people[who])
        for route in PUBLIC:
            browser.get(world.address(route, **ours))
    kept = b"".join(conditional._kept.values())
    assert kept
    for person in world.people.values():
        assert person.username.encode() not in kept
    assert b"csrfmiddlewaretoken" not in kept
    assert b"/curating/" not in kept


@pytest.mark.parametrize("end", ["%0a2026-01-01 ERROR forged", "%0d%0aforged", "%1b[2Jforged", "%e2%80%a8forged"])
def test_no_address_writes_a_line_of_the_log(world, caplog, end):
    caplog.set_level(logging.DEBUG)
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    for address in (f"/releases/x{end}/", f"/teams/join/x{end}/", f"/none/{end}", f"/api/v1/releases/{end}/"):
        for method in ("GET", "POST"):
            sent = {"HTTP_REFERER": f"http://x/{end}", "HTTP_ORIGIN": f"http://x{end}", "HTTP_X_REQUEST_ID": f"a{end}"}
            browser.generic(method, address, b"x", "text/plain", **sent)
    written = [logs.Text().format(record) for record in caplog.records if record.name != "django.db.backends"]
    assert written
    assert not [line for line in written if set("\n\r\x1b\u2028") & set(line)]


def test_a_release_that_there_is_not_says_no_more_than_one_that_is_none(world):
    assert Release.objects.exists()
    answers = [Client().get(f"/releases/{name}/") for name in ("other", "x" * 5000, "%00", "%ff", "..%2f..")]
    assert {answer.status_code for answer in answers} == {404}
