"""Markdown of participants and our own cards: shown, never run, and within the rules of every page."""

from pathlib import Path

import pytest
from django.conf import settings

from leaderboard.pages.model_card import card_named_by, markdown, reference_card
from tests.site.builders import make_model, make_submission
from tests.site.pages.markup import faults

CARDS = sorted(path.stem for path in Path(settings.BASE_DIR, "reference_models", "cards").glob("*.md"))
PAGE = "<title>t</title><main><h1>t</h1>{}</main>"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<div style='position:fixed'>",
        "</main></body>",
        "<!-- ",
        "| a | b |\n| :-- | --: |\n| <b onclick=x> | 2 |",
        "# " * 50,
        ">" * 2000,
        "[" * 2000,
        "*" * 2000,
        "| " * 1000 + "\n" + "|-" * 1000,
    ],
)
def test_hostile_markdown_becomes_text_and_keeps_to_the_rules_of_a_page(text):
    html = markdown(text)
    assert faults(PAGE.format(html)) == []
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/accounts/logout/", "file:///etc"]
)
def test_only_addresses_of_the_web_become_links(url):
    assert "<a " not in markdown(f"[here]({url}) ![pixel]({url}) <{url}>")


def test_a_link_of_a_participant_vouches_for_nothing():
    assert 'href="https://example.org" rel="nofollow noopener ugc"' in markdown("[x](https://example.org)")


def test_a_picture_is_not_fetched_from_elsewhere():
    assert "<img" not in markdown("![pixel](https://example.org/pixel.png)")


def test_headings_stand_below_those_of_the_page():
    assert markdown("# One\n\n###### Six") == "<h3>One</h3>\n<h6>Six</h6>\n"


def test_a_table_whose_head_is_empty_has_rows_with_a_name_each():
    html = markdown("| | |\n| --- | --- |\n| cell | 958 genes |")
    assert '<th scope="row">cell</th>' in html
    assert "<thead>" not in html


@pytest.mark.parametrize("name", CARDS)
def test_every_card_of_ours_is_shown_and_keeps_to_the_rules_of_a_page(name):
    html = reference_card(name)
    assert len(html) > 200
    assert faults(PAGE.format(html)) == []


@pytest.mark.parametrize("name", ["../settings", "", "no_such_model", "LGBM", "lgbm.md", "a" * 100])
def test_nothing_but_a_card_is_read(name):
    assert reference_card(name) is None


@pytest.mark.django_db
def test_the_card_of_a_model_of_ours_is_found_by_its_reference_or_its_name():
    ours = make_model(name="Our boosting", slug="our-boosting", kind="reference")
    by_reference = make_submission(model=ours, image_origin="reference", image_name="reference:lgbm")
    assert card_named_by(ours, by_reference) == reference_card("lgbm")
    mean = make_model(name="Drug mean", slug="drug-mean", kind="control")
    assert card_named_by(mean, make_submission(model=mean)) == reference_card("drug_mean")


@pytest.mark.django_db
def test_a_participants_model_that_is_called_as_one_of_ours_gets_no_card_of_ours():
    theirs = make_model(name="LGBM", slug="lgbm")
    assert card_named_by(theirs, make_submission(model=theirs)) is None
