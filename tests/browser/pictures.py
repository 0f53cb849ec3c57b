"""`make pictures`: every page as a picture, light and dark, wide and narrow, for a person to look at.

No test finds this file by itself.
"""

import os
from html import escape
from pathlib import Path

import pytest

from tests.browser.conftest import watched
from tests.browser.gallery import deliver, gallery, plan, storage, tiny, track  # noqa: F401
from tests.browser.tour import VISITORS, browser_of, stops
from tests.site.access_world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOLDER = Path(os.environ.get("HOLDOUT_PICTURES", "var/pictures"))
VARIANTS = {f"{scheme}-{width}": (scheme, width) for scheme in ("light", "dark") for width in (1280, 390)}


def test_pictures_of_the_board(browser, live_server, complaints, gallery):  # noqa: F811
    _taken(browser, live_server, complaints, gallery, cookie=None)


def test_pictures_of_every_page(browser, live_server, complaints, tmp_path, settings):
    settings.STORAGE = str(tmp_path)
    settings.API_RATES = {"anonymous": None, "person": None}
    world = make_world()
    everywhere = stops(world)
    for person in VISITORS:
        pages = {f"{person}{_plain(stop.address)}": stop.address for stop in everywhere if stop.person == person}
        _taken(browser, live_server, complaints, pages, cookie=browser_of(world, person).cookies.get("sessionid"))


def _plain(address):
    return "".join(letter if letter.isalnum() else "-" for letter in address).rstrip("-")


def _taken(browser, live_server, complaints, pages, *, cookie):
    for name, (scheme, width) in VARIANTS.items():
        context = browser.new_context(base_url=str(live_server), color_scheme=scheme)
        if cookie:
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": str(live_server)}])
        page = watched(context, complaints)
        page.set_viewport_size({"width": width, "height": 800})
        for title, address in pages.items():
            page.goto(address)
            page.screenshot(path=FOLDER / f"{title}.{name}.png", full_page=True)
        context.close()
    complaints.clear()
    _list_them()


def _list_them():
    """A page of all pictures, to scroll through."""
    titles = sorted({file.name.split(".")[0] for file in FOLDER.glob("*.png")})
    images = "".join(
        f"<h2>{escape(title)}</h2>"
        + "".join(f'<a href="{title}.{v}.png"><img src="{title}.{v}.png"></a>' for v in VARIANTS)
        for title in titles
    )
    style = "<style>img{max-width:24%;max-height:500px;object-fit:cover;object-position:top}</style>"
    (FOLDER / "index.html").write_text(f"<!doctype html><title>Pictures</title>{style}{images}")
