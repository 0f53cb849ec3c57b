"""The reading journey by keyboard alone: from the front page to a comparison."""

import pytest
from playwright.sync_api import expect

from leaderboard.publishing import boards, scoring
from tests.browser.gallery import Noisy, deliver, plan, storage, tiny, track  # noqa: F401
from tests.browser.test_model import by_tab

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_front_page_board_sorting_model_drugs_and_comparison_are_read_by_keyboard_alone(
    page,
    plan,  # noqa: F811
    deliver,  # noqa: F811
):
    for name, share in (("Good", 0.3), ("Weak", 0.1)):
        scoring.score(deliver(Noisy(plan, share), name=name).pk)
    boards.refresh()
    page.goto("/")
    follow(page, "See the board", to="Tiny")
    follow(page, "Model", to="Tiny")
    expect(page.locator("th[aria-sort]")).to_contain_text("Model")
    follow(page, "Good", to="Good")
    follow(page, "All 18 drugs", to="Drug by drug")
    by_tab(page, "Drug")
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort]")).to_have_text("Drug")
    follow(page, "Good, version 1", to="Good")
    follow(page, "the drug average", to="Good and Drug average")
    choose(page, "Add a model", "Weak")
    by_tab(page, "Compare")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("3 models compared")


def follow(page, name, *, to):
    """As a page begins: past its navigation, then to the link."""
    by_tab(page, "Skip to the content")
    page.keyboard.press("Enter")
    by_tab(page, name)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(to)


def choose(page, label, name):
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.get_by_label(label, exact=True).first.evaluate("element => element === document.activeElement"):
            page.keyboard.type(name)
            return
    raise AssertionError(f"no Tab leads to {label}")
