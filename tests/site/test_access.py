"""Every address of the site × everybody who may ask: one table, complete by construction."""

import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver

from tests.site.access_table import ADMIN, OPEN_IN_ADMIN, PEOPLE, PUBLISHED, STAFF_LOSE, TABLE
from tests.site.access_world import SECRET, make_world

OUTSIDERS = ("anonymous", "stranger", "curator")


def walk(resolver, prefix=""):
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry, route)
        else:
            yield route


ROUTES = sorted(set(walk(get_resolver())))


class Visitors:
    """A browser for each of the people; nothing that they do stays."""

    def __init__(self, world):
        self.browsers = {person: Client() for person in PEOPLE}
        for person, browser in self.browsers.items():
            if person != "anonymous":
                browser.force_login(world.people[person])

    def ask(self, person, method, address):
        sent = {} if method == "GET" else {"content_type": "application/json", "data": "{}"}
        with transaction.atomic():
            cookies = self.browsers[person].cookies.output()
            answer = self.browsers[person].generic(method, address, **sent)
            self.browsers[person].cookies.load(cookies.replace("Set-Cookie: ", ""))
            transaction.set_rollback(True)
        return answer


@pytest.fixture
def world(db, tmp_path, settings):
    settings.STORAGE = str(tmp_path)
    settings.CELERY_BROKER_URL = settings.HOST_BROKER_URL = f"redis+socket://{tmp_path}/nothing.sock"
    settings.METRICS_NETWORKS = []  # this machine's requests are nobody's either
    settings.API_RATES = {"anonymous": None, "person": None}
    return make_world()


@pytest.fixture
def visitors(world):
    return Visitors(world)


def test_every_address_is_in_the_table_and_every_row_is_an_address():
    rows = {route for _, route in TABLE}
    assert [route for route in ROUTES if route not in rows and not route.startswith(ADMIN)] == []
    assert sorted(rows - set(ROUTES)) == []


def test_everybody_gets_what_the_table_says_and_no_outsider_a_secret(world, visitors):
    wrong = _unlike(TABLE, visitors, world.address)
    assert wrong == {}


def test_what_is_published_is_for_all_and_what_is_behind_it_for_its_team(world, visitors):
    ours = {"submission_id": world.words["published"], "run_id": world.words["published_run"]}
    ours |= dict.fromkeys(("models/ slug", "api/v1/models/ slug"), world.words["shown"])
    wrong = _unlike(PUBLISHED, visitors, lambda route: world.address(route, **ours))
    assert wrong == {}


def test_the_admin_is_for_staff_alone(world, visitors):
    routes = [route for route in ROUTES if route.startswith(ADMIN) and route not in OPEN_IN_ADMIN]
    assert len(routes) > 20
    for route in routes:
        for person in PEOPLE:
            answer = visitors.ask(person, "GET", world.address(route))
            is_shut = answer.status_code == 302 and "/login/" in answer["Location"]
            assert is_shut == (person != "staff"), (person, route, answer.status_code)


def test_staff_without_a_second_factor_are_people_like_others(world, visitors):
    world.people["staff"].authenticator_set.all().delete()
    for route in STAFF_LOSE:
        answer = visitors.ask("staff", "GET", world.address(route))
        assert answer.status_code in (302, 404), route
        assert SECRET not in answer.getvalue().decode(errors="replace")


@pytest.mark.parametrize("folder", ["", "static/", "static/../", "static/%2e%2e/", "media/", "storage/", "uploads/"])
def test_no_file_of_the_storage_has_an_address(world, visitors, folder):
    files = [file for file in world.storage.rglob("*") if file.is_file()]
    assert len(files) == 2
    for file in files:
        for path in (file.relative_to(world.storage), file):
            for person in ("stranger", "member"):
                answer = visitors.ask(person, "GET", f"/{folder}{path}")
                assert answer.status_code in (301, 400, 404), path
                assert SECRET not in answer.getvalue().decode(errors="replace")


def _unlike(table, visitors, address):
    got = {row: _statuses(visitors, address(row[1]), row) for row in table}
    return {row: got[row] for row in table if got[row] != table[row]}


def _statuses(visitors, address, row):
    got = []
    for person in PEOPLE:
        answer = visitors.ask(person, row[0], address)
        if person in OUTSIDERS:
            said = answer.getvalue().decode(errors="replace").replace(address, "")
            assert not re.search(SECRET, said + str(answer.headers).replace(address, "")), (person, *row)
        got.append(str(answer.status_code))
    return " ".join(got)
