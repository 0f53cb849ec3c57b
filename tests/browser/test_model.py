"""The page of a model by keyboard, without scripts, and as axe sees it."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.test_accessible import faults
from tests.site.builders import make_model, make_track
from tests.site.pages.cards import a_breakdown, a_card
from tests.site.pages.stored import publish, store_board

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MANY = {f"X{i:03}": i / 200 for i in range(80)}


@pytest.fixture
def submission():
    card = a_card(metrics=("r2", "rmse"))
    card["breakdowns"]["drug"] = [
        one | a_breakdown(MANY | {"undefined-drug": None}) for one in card["breakdowns"]["drug"]
    ]
    model = make_model(name="A model", description="# Title\n\n| a | b |\n| - | - |\n| 1 | 2 |")
    first = publish(card=card, model=model, track=make_track())
    store_board(track=first.track)
    return publish(card=card, model=model, track=first.track)


def by_tab(page, name):
    """Press the tabulator until the link or field of this name has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        said = "const e = document.activeElement; return e.innerText || e.labels?.[0]?.innerText || ''"
        if page.evaluate(f"(() => {{ {said} }})()").strip() == name:
            return
    raise AssertionError(f"{name} was never reached")


def test_a_model_is_read_by_keyboard_alone(page, submission):
    page.goto(reverse("model", args=[submission.model.slug]))
    by_tab(page, "Skip to the content")
    page.keyboard.press("Enter")
    by_tab(page, "RMSE")
    page.keyboard.press("Enter")
    expect(page.locator("#grid-caption")).to_contain_text("RMSE (lower is better)")
    expect(page.locator("#metric-2")).to_be_focused()
    by_tab(page, "beta")
    page.keyboard.press("Enter")
    expect(page.locator("#entry-title")).to_have_text("beta to beta, taken apart")
    by_tab(page, "All 81 drugs")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Drug by drug")
    by_tab(page, "Name, id or mechanism")
    page.keyboard.type("X01")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(10)
    by_tab(page, "Drug")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr th").first).to_have_text("X010")
    assert "q=X01" in page.url
    assert "source=beta" in page.url


def test_drugs_are_searched_sorted_and_paged_without_scripts(plain_page, submission):
    plain_page.goto(reverse("model_drugs", args=[submission.model.slug, 2]))
    plain_page.get_by_role("link", name="Next").click()
    expect(plain_page.locator("tbody tr")).to_have_count(31)
    plain_page.get_by_role("link", name="Drug", exact=True).click()
    expect(plain_page.locator("tbody tr th").last).to_have_text("X048")
    plain_page.get_by_role("searchbox").fill("undefined")
    plain_page.get_by_role("button", name="Search").click()
    expect(plain_page.locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1200)])
def test_axe_finds_nothing_on_the_pages_of_a_model_and_nothing_is_wider_than_the_screen(
    page, submission, scheme, width
):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    slug = submission.model.slug
    for address in (
        reverse("model", args=[slug]),
        reverse("model_version", args=[slug, 1]),
        reverse("model_drugs", args=[slug, 2]) + "?sort=r",
        reverse("model_mechanisms", args=[slug, 2]) + "?q=inhibitor",
    ):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
