"""How it works: documents become pages whose anchors, links and tables hold, and whose text is never run."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from leaderboard.pages.guide import guide, guides

KNOWN = frozenset({"contract", "statistics"})


def made(text):
    return guide("contract", text, known=KNOWN)


def test_every_document_has_a_page_and_stands_on_the_first_one(client, db):
    first = client.get(reverse("how")).text
    for name in guides():
        address = reverse("how_page", args=[name])
        assert address in first
        assert guides()[name].title in client.get(address).text.replace("&#x27;", "'")
    assert {"contract", "statistics", "rules", "api", "releases", "quickstart-participants"} <= set(guides())


def test_every_link_within_the_pages_leads_to_something(client, db):
    pages = {reverse("how"): client.get(reverse("how")).text}
    pages |= {reverse("how_page", args=[name]): "" for name in guides()}
    pages = {address: client.get(address).text for address in pages}
    for address, page in pages.items():
        for link in re.findall(r'href="([^"]*)"', page.split("<main")[1].split("</main>")[0]):
            assert link, address
            if link.startswith(("http://", "https://")):
                continue
            where, _, anchor = link.partition("#")
            there = pages.get(where or address) or client.get(where).text
            assert not anchor or f'id="{anchor}"' in there, (address, link)


def test_a_heading_has_an_anchor_and_a_second_of_the_same_name_another():
    found = made("# T\n\n## Two words, `code`!\n\n## Two words code\n\n### Deep\n")
    assert [heading.anchor for heading in found.headings] == ["two-words-code", "two-words-code-1"]
    assert '<h3 id="deep">' in found.html


def test_the_title_is_the_pages_own_and_stands_once():
    found = made("# The *title*\n\nFirst words,\nand `more`.\n")
    assert (found.title, found.lead) == ("The title", "First words, and more.")
    assert "<h1" not in found.html


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("statistics.md", '<a href="/how/statistics/">it</a>'),
        ("docs/statistics.md#ranks", '<a href="/how/statistics/#ranks">it</a>'),
        ("#here", '<a href="#here">it</a>'),
        ("example/model.py", "it"),
        ("../README.md", "it"),
        ("unknown.md", "it"),
        ("https://example.org/x", '<a href="https://example.org/x" rel="noopener">it</a>'),
        ("javascript:alert(1)", "[it](javascript:alert(1))"),
        ("data:text/html,x", "[it](data:text/html,x)"),
    ],
)
def test_a_link_leads_to_a_page_of_ours_or_is_plain_text(link, leads):
    assert made(f"[it]({link})").html == f"<p>{leads}</p>\n"


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "a <b onclick=x>b</b>", "<style>p{}</style>", "`<script>`", "# <script>x</script>"],
)
def test_html_in_a_document_is_text(text):
    found = made(f"{text}\n\n## {text}\n\n| {text} |\n| --- |\n| {text} |\n")
    assert not re.search(r"<(script|style|b)\b", found.html)


def test_a_table_has_a_caption_scopes_and_no_inline_style():
    html = made("## Numbers & <more>\n\n| a | b |\n| --- | --: |\n| x | 1 |\n").html
    assert "style=" not in html
    assert '<th class="n" scope="col">b</th>' in html
    assert 'class="visually-hidden">Numbers &amp; &lt;more&gt;, table 1</caption>' in html


def test_what_scrolls_is_reached_by_keyboard():
    assert '<pre tabindex="0">' in made("```\nx\n```\n").html


def test_a_document_that_there_is_not_is_not_found(client, db):
    assert client.get("/how/nothing/").status_code == 404
    assert client.get("/how/..%2fREADME/").status_code == 404


def test_the_old_address_leads_on(client, db):
    answer = client.get("/about/")
    assert (answer.status_code, answer["Location"]) == (301, reverse("how"))


def test_pages_ask_nothing_of_the_database_and_are_not_sent_twice(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        tag = client.get(reverse("how_page", args=["rules"]))["ETag"]
        assert client.get(reverse("how_page", args=["rules"]), headers={"If-None-Match": tag}).status_code == 304


def test_an_installed_wheel_has_the_documents_where_they_are_looked_for(monkeypatch, tmp_path, settings):
    """pyproject.toml puts them there; without a checkout around the package nothing else is looked at."""
    settings.BASE_DIR = tmp_path / "site-packages"
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path) if name == "data" else "")
    from leaderboard.pages.guide import folder

    assert folder() == tmp_path / "share" / "holdout" / "docs"


def test_the_project_says_to_install_them():
    import tomllib

    tools = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert tools["data-files"] == {"share/holdout/docs": ["docs/*.md"]}
