"""Marks beside intervals that are too narrow: short in each cell, explained once beneath the table."""

import pytest
from django.urls import reverse

from leaderboard.pages.figures import NARROW, NARROW_NOTE, figure, noted
from leaderboard.publishing import designs
from tests.site.builders import make_track
from tests.site.pages import contenders
from tests.site.pages.cards import a_card, a_row, an_interval
from tests.site.pages.stored import publish, store_board

NOTE = "interval too narrow: fewer than 60 drugs"


def test_a_mark_says_in_words_for_a_screen_reader_what_it_means():
    shown = str(figure(an_interval(0.5, too_narrow=True)))
    assert '*<span class="visually-hidden"> interval too narrow</span>' in shown
    assert NARROW not in str(figure(an_interval(0.5)))


def test_many_marks_have_one_note_and_no_mark_has_none():
    assert noted(f"<table>{NARROW}{NARROW}</table>") == f"<table>{NARROW}{NARROW}</table>{NARROW_NOTE}"
    assert noted("<table>&lt;</table>") == "<table>&lt;</table>"
    assert NARROW_NOTE.count(NOTE) == 1


@pytest.mark.django_db
def test_a_board_explains_its_marks_once_and_so_does_the_home_page(client):
    narrow = a_row(gap=an_interval(0.1, too_narrow=True))
    track = make_track()
    store_board(narrow, narrow, narrow, track=track)
    for address in (reverse("home"), reverse("board", args=[track.slug])):
        page = client.get(address).text
        assert (page.count(NARROW), page.count(NOTE)) == (3, 1)


def why(reason):
    return f'<span class="why">{reason}</span>'


def test_a_reason_of_several_cells_is_a_mark_in_each_and_a_sentence_beneath():
    made = noted(f"<td>{why('one')}<td>{why('two')}<td>{why('one')}<td>{why('two')}<td>{why('three')}", gathers=True)
    marks = [
        f'<sup class="caveat">{mark}<span class="visually-hidden"> {one}</span></sup>'
        for mark, one in (("†", "one"), ("‡", "two"))
    ]
    cells = f"<td>{marks[0]}<td>{marks[1]}" * 2 + f"<td>{why('three')}"
    assert made == f'{cells}<p class="small muted">† one</p><p class="small muted">‡ two</p>'
    assert noted(why("one") * 2) == why("one") * 2


@pytest.mark.django_db
def test_a_board_says_once_why_many_have_no_alarm(client):
    few = "the alarm needs at least 10 shuffles"
    rows = [a_row(name, memory_alarm={"state": "undefined", "reason": few}) for name in ("One", "Two", "Three")]
    track = make_track()
    store_board(*rows, a_row(gap=an_interval({"undefined": "a reason of one"})), track=track)
    for asked in ({}, {"sort": "-rank"}):
        page = client.get(reverse("board", args=[track.slug]), asked).text
        assert (page.count(f"† {few}</p>"), page.count(few), page.count(why(few))) == (1, 4, 0)
        assert why("a reason of one") in page


@pytest.mark.django_db
def test_a_model_explains_its_marks_beneath_the_table_that_has_them(client):
    card = a_card()
    for entry in card["uncertainty"]["matrices"]["real"]["r2"]["G"]:
        entry["too_narrow"] = True
    page = client.get(reverse("model", args=[publish(card=card).model.slug])).text
    assert (page.count(NARROW), page.count(NOTE)) == (4, 1)
    assert page.index("</table>", page.index(NARROW)) < page.index(NOTE)


@pytest.mark.django_db
def test_a_comparison_explains_its_marks_once_a_table(client, settings, tmp_path, monkeypatch):
    settings.STORAGE = str(tmp_path)
    monkeypatch.setattr(designs, "REPLICATES", 200)
    monkeypatch.setattr(contenders, "UNITS", (40, 50))
    track = make_track()
    for seed, name in enumerate(("One", "Two")):
        contenders.contender(track, name, 0.3, seed=seed)
    page = client.get(reverse("compare"), {"track": track.slug, "models": "one,two", "metric": "r2"}).text
    assert page.count(NARROW) > page.count(NOTE) == 1
