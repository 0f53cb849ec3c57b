"""Every page at WCAG 2.2 AA as far as axe can tell, light and narrow, dark and wide."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import watched
from tests.browser.tour import VISITORS, browser_of, stops
from tests.site.access_world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AA = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, "preload": False}


@pytest.fixture
def world(tmp_path, settings):
    settings.STORAGE = str(tmp_path)
    settings.API_RATES = {"anonymous": None, "person": None}
    return make_world()


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_on_any_page(browser, live_server, complaints, world, scheme, width):
    everywhere = stops(world)
    found = {}
    for person in VISITORS:
        context = browser.new_context(base_url=str(live_server), color_scheme=scheme)
        if session := browser_of(world, person).cookies.get("sessionid"):
            context.add_cookies([{"name": "sessionid", "value": session.value, "url": str(live_server)}])
        page = watched(context, complaints)
        page.set_viewport_size({"width": width, "height": 800})
        for stop in everywhere:
            if stop.person == person:
                page.goto(stop.address)
                if wrong := faults(page):
                    found[stop] = wrong
        context.close()
    assert len(everywhere) > 50
    assert found == {}


def faults(page):
    violations = Axe().run(page, options=AA).response["violations"]
    return [f"{one['id']}: {node['html'][:150]}" for one in violations for node in one["nodes"]]
