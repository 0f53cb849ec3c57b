"""Every page of the site with somebody who may see it, made of the access matrix: complete by construction."""

from dataclasses import dataclass

from django.test import Client

from tests.site.access_table import ADMIN, OPEN_IN_ADMIN, PEOPLE, PUBLISHED, TABLE
from tests.site.access_world import World
from tests.site.test_access import ROUTES

VISITORS = ("anonymous", "owner", "curator", "staff")
"""In this order: whoever may see a page first looks at it."""


@dataclass(frozen=True, slots=True)
class Stop:
    person: str
    address: str


def stops(world: World) -> list[Stop]:
    """Pages alone: no downloads, and nothing that only sends people on."""
    ours = {"submission_id": world.words["published"], "run_id": world.words["published_run"]}
    ours |= dict.fromkeys(("models/ slug", "api/v1/models/ slug"), world.words["shown"])
    asked = [(says, world.address(route)) for (method, route), says in TABLE.items() if method == "GET"]
    asked += [(says, world.address(route, **ours)) for (method, route), says in PUBLISHED.items() if method == "GET"]
    found = {Stop(person, address): None for says, address in asked if (person := _first(says))}
    staff = [route for route in ROUTES if route.startswith(ADMIN) and route not in OPEN_IN_ADMIN]
    found |= {Stop("staff", world.address(route)): None for route in staff}
    browsers = {person: browser_of(world, person) for person in VISITORS}
    return [stop for stop in found if _is_page(browsers[stop.person], stop.address)]


def browser_of(world: World, person: str) -> Client:
    client = Client()
    if person != "anonymous":
        client.force_login(world.people[person])
    return client


def _first(says: str) -> str | None:
    answers = dict(zip(PEOPLE, says.split(), strict=True))
    return next((person for person in VISITORS if answers[person] == "200"), None)


def _is_page(browser: Client, address: str) -> bool:
    answer = browser.get(address)
    return answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
