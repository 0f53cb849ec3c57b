"""Boards that somebody put together: columns, order, filters, target by target, of a past day."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from leaderboard.models import Board, PastBoard, Submission
from leaderboard.pages.board_asked import ORDERS, Asked, asked_of, moment_of
from leaderboard.publishing.history import remember
from leaderboard.states import SubmissionState
from tests.site.builders import make_model, make_track
from tests.site.pages.cards import UNDEFINED, a_row, an_interval
from tests.site.pages.markup import faults
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db


def line(model, **values):
    return a_row(model, slug=model.lower().replace(" ", "-"), **values)


@pytest.fixture
def board():
    """Four lines; by R² the second is best, and the last has none."""
    track = make_track()
    store_board(
        line("Alpha", rank=[1, 2], score=an_interval(0.3), team="North"),
        line("Bravo", rank=[1, 3], score=an_interval(0.2), team="South", kind="reference", beats_drug_average="no"),
        line("Charlie", rank=[3, 3], score=an_interval(0.1), team="North", beats_drug_average="cannot tell"),
        line("Cheat", rank=None, tie_group=None, score=an_interval(0.05), kind="control"),
        track=track,
    )
    r2 = [line("Bravo", score=an_interval(0.91)), line("Alpha", score=an_interval(0.82))]
    store_board(*r2, line("Charlie", score=an_interval(UNDEFINED)), track=track, metric="r2")
    return track


@pytest.fixture
def ask(client, board):
    def asked(**query):
        return client.get(reverse("board", args=[board.slug]), query)

    return asked


def models(page):
    return re.findall(r"<th scope=\"row\"><a[^>]*>([^<]+)</a>", page)


def ranks(page):
    return dict(
        zip(models(page), re.findall(r'<td class="rank">(?:<b>|<span class="undefined">)([^<]+)', page), strict=True)
    )


def test_a_column_of_another_measure_stands_beside_the_score(ask):
    page = ask(column="r2").text
    assert "0.910" in page
    assert "0.82" in page
    assert "the predictions are all equal" in page
    assert "Memory alarm</a>" not in page
    assert faults(page) == []


def test_a_line_that_is_not_on_the_other_board_says_so_and_gets_no_number(ask):
    row = ask(column="r2", name="Cheat").text.split("<tbody>")[1]
    assert "not on that board yet" in row


def test_a_newer_version_is_never_set_beside_figures_of_the_older(client, board):
    Board.objects.filter(track=board, metric="r2").delete()
    store_board(line("Alpha", version=2, score=an_interval(0.99)), track=board, metric="r2")
    page = client.get(reverse("board", args=[board.slug]), {"column": "r2"}).text
    assert "0.990" not in page


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("rank", ["Alpha", "Bravo", "Charlie", "Cheat"]),
        ("-rank", ["Cheat", "Charlie", "Bravo", "Alpha"]),
        ("model", ["Alpha", "Bravo", "Charlie", "Cheat"]),
        ("-model", ["Cheat", "Charlie", "Bravo", "Alpha"]),
        ("-score", ["Cheat", "Charlie", "Bravo", "Alpha"]),
        ("r2", ["Bravo", "Alpha", "Charlie", "Cheat"]),
        ("-r2", ["Alpha", "Bravo", "Charlie", "Cheat"]),
    ],
)
def test_a_board_is_sorted_by_any_column_and_what_is_undefined_stays_last(ask, sort, order):
    assert models(ask(sort=sort, column="r2").text) == order


def test_a_board_can_be_sorted_by_what_is_not_shown(ask):
    page = ask(sort="r2").text
    assert models(page) == ["Bravo", "Alpha", "Charlie", "Cheat"]
    assert "0.910" not in page
    assert models(ask(sort="-primary").text) == models(ask(sort="-score").text)


def test_an_error_is_sorted_from_the_smallest(client, board):
    rows = [line("Alpha", score=an_interval(0.5)), line("Bravo", score=an_interval(0.4))]
    store_board(*rows, track=board, metric="rmse")
    page = client.get(reverse("board", args=[board.slug]), {"column": "rmse", "sort": "rmse"}).text
    assert models(page)[:2] == ["Bravo", "Alpha"]
    assert re.search(r'aria-sort="ascending"><a [^>]*>RMSE', page)


def test_the_sorted_column_says_so_and_its_link_turns_it_round(ask):
    page = ask(sort="r2", column="r2").text
    assert page.count("aria-sort") == 1
    heading = re.search(r'aria-sort="descending"><a href="([^"]*)">R²', page)
    assert "sort=-r2" in heading[1]
    assert "column=r2" in heading[1]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"name": "HA"}, ["Alpha", "Charlie"]),
        ({"team": "south"}, ["Bravo"]),
        ({"kind": "reference"}, ["Bravo"]),
        ({"kind": "control"}, ["Cheat"]),
        ({"beating": "yes", "controls": "hide"}, ["Alpha"]),
        ({"controls": "hide"}, ["Alpha", "Bravo", "Charlie"]),
        ({"name": "%"}, []),
    ],
)
def test_a_filter_leaves_lines_out_and_changes_no_rank(ask, query, left):
    whole, page = ranks(ask(sort="model").text), ask(**query).text
    assert ranks(page) == {name: whole[name] for name in left}
    assert f"{len(left)} of 4 lines" in page
    assert "no filter changes one" in page


def test_nothing_left_is_said_in_a_sentence(ask):
    assert "No model of this board is as you asked" in ask(name="nobody").text


def test_an_address_is_the_view_and_the_same_view_has_one_address(ask):
    asked = asked_of(ask(column=["r2", "beats"], sort="-r2", name="a", controls="hide").wsgi_request.GET)
    assert asked.query() == "?metric=primary&column=beats&column=r2&sort=-r2&name=a&controls=hide"
    again = asked_of(
        ask(metric="primary", column=["beats", "r2"], sort="-r2", name="a", controls="hide").wsgi_request.GET
    )
    assert again == asked


def test_the_form_sent_as_it_stands_is_the_usual_board(client, ask, django_assert_num_queries):
    form = re.search(r"<form method=\"get\">.*?</form>", ask().text, re.DOTALL)[0]
    sent = re.findall(r'<input type="(?:hidden|search|date)"[^>]* name="(\w+)" value="([^"]*)"', form)
    sent += re.findall(r'name="(column)" value="([^"]+)" checked', form)
    assert asked_of(ask(**{name: [v for n, v in sent if n == name] for name, _ in sent}).wsgi_request.GET) == Asked()


def test_no_column_at_all_can_be_asked_for(ask):
    page = ask(column="").text
    assert "Memory alarm</a>" not in page
    assert "0.250 to 0.350" in page
    assert asked_of(ask(column="").wsgi_request.GET).query() == "?metric=primary&column="


def test_a_view_takes_four_queries_then_two_and_one_where_the_browser_has_it(client, board, django_assert_num_queries):
    address, query = reverse("board", args=[board.slug]), {"column": "r2", "sort": "r2"}
    for expected in (4, 2):
        with django_assert_num_queries(expected):
            tag = client.get(address, query)["ETag"]
    with django_assert_num_queries(1):
        assert client.get(address, query, headers={"If-None-Match": tag}).status_code == 304


def test_a_view_has_a_tag_of_its_own_that_changes_with_any_board_on_it(client, board):
    address = reverse("board", args=[board.slug])
    tag = client.get(address, {"column": "r2"})["ETag"]
    assert client.get(address, {"column": "r2"}, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(address, {"column": "gap"}, headers={"If-None-Match": tag}).status_code == 200
    Board.objects.filter(track=board, metric="r2").update(etag="another")
    assert client.get(address, {"column": "r2"}, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"column": "magic"},
        {"column": ["r2"] * 500 + ["<b>"]},
        {"sort": "--rank"},
        {"sort": "rank; DROP TABLE"},
        {"kind": "<script>"},
        {"name": "x" * 101},
        {"team": "x" * 100_000},
        {"beating": "perhaps"},
        {"controls": "show"},
        {"data": "secret"},
        {"data": "sealed", "target": "moon"},
        {"data": "sealed", "marks": "late"},
        {"shown": "sideways"},
        {"as_of": "yesterday"},
        {"as_of": "2026-13-40"},
        {"as_of": "9999-12-31"},
        {"as_of": "0001-01-01T00:00:00+14:00"},
        {"as_of": "0001-01-01"},
        {"as_of": "2020-01-01", "metric": "r2"},
        {"as_of": "2020-01-01", "column": "r2"},
        {"as_of": "2020-01-01", "sort": "r2"},
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(ask, query):
    answer = ask(**query)
    assert answer.status_code == 400
    lead = re.search(r'<p class="lead">([^<]*)</p>', answer.text)[1]
    assert lead.endswith(".")
    assert len(lead) < 400
    assert faults(answer.text) == []


@pytest.mark.parametrize(
    "raw",
    ["name=%ff%fe", "name=%00", "column=%00", "as_of=%00", "target=%ff", "metric=%00", "name=%F0%9F%98%80", "q=%ff&x"],
)
def test_bytes_that_are_no_text_never_fail(client, board, raw):
    assert client.get(f"{reverse('board', args=[board.slug])}?{raw}").status_code in (200, 400, 404)


def test_what_somebody_looks_for_is_shown_and_never_run(ask):
    page = ask(name='"><script>alert(1)</script>').text
    assert "<script>alert" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_answered(ask, order):
    assert ask(sort=order).status_code == ask(sort=f"-{order}").status_code == 200


# Target by target


def test_one_plot_for_each_target_of_the_lines_that_were_asked_for(client, board):
    for target, score in (("alpha", 0.4), ("beta", -0.2)):
        store_board(line("Alpha", score=an_interval(score)), track=board, target=target)
    page = client.get(reverse("board", args=[board.slug]), {"shown": "targets", "kind": "participant"}).text
    assert "alpha, Alpha: 0.400" in page
    assert "beta, Alpha: −0.200" in page
    assert "beta, Charlie: n/a" in page
    assert "Bravo" not in page.split("<figure")[1]
    assert faults(page) == []


def test_the_plots_can_be_had_as_a_file(client, board):
    store_board(line("Alpha"), track=board, target="alpha")
    answer = client.get(reverse("board", args=[board.slug]), {"shown": "targets", "figure": "targets"})
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer.content.startswith(b"<?xml")
    assert b"Alpha" in answer.content


@pytest.mark.parametrize("query", [{}, {"name": "nobody"}])
def test_where_there_is_nothing_to_draw_the_page_stands(ask, query):
    answer = ask(shown="targets", **query)
    assert answer.status_code == 200
    assert faults(answer.text) == []


def test_where_no_line_is_left_nothing_is_drawn(client, board):
    store_board(line("Alpha"), track=board, target="alpha")
    assert client.get(reverse("board", args=[board.slug]), {"shown": "targets", "name": "nobody"}).status_code == 200


# As of a day


@pytest.fixture
def past():
    """A board that said 0.100 of Mine since the 1st of October, and 0.700 since the 1st of November."""
    track = make_track()
    sent = publish(model=make_model(name="Mine"), track=track)
    for month, score in ((10, 0.1), (11, 0.7)):
        Board.objects.filter(track=track).delete()
        board = store_board(a_row("Mine", slug="mine", score=an_interval(score)), a_row("Other"), track=track)
        board.computed_at = datetime(2026, month, 1, 12, tzinfo=UTC)
        remember(board)
    return track, sent


@pytest.mark.parametrize(
    ("as_of", "score"),
    [
        ("2026-10-01", "0.100"),
        ("2026-10-31", "0.100"),
        ("2026-11-01", "0.700"),
        ("2026-11-01T11:59:59Z", "0.100"),
        ("2026-11-01T13:00:00+02:00", "0.100"),
        ("2026-11-01T12:00:00Z", "0.700"),
    ],
)
def test_a_past_day_shows_the_board_as_it_stood_at_its_end(client, past, as_of, score):
    page = client.get(reverse("board", args=[past[0].slug]), {"as_of": as_of}).text
    assert re.findall(r'<td class="n">(0\.\d+)', page)[0] == score
    assert f"As of {as_of}." in page.replace("&#x27;", "'")
    assert faults(page) == []


def test_before_the_first_board_there_is_none_and_the_page_says_since_when(client, past):
    answer = client.get(reverse("board", args=[past[0].slug]), {"as_of": "2026-09-30"})
    assert (answer.status_code, "the first is of 2026-10-01 12:00 UTC" in answer.text) == (400, True)


def test_what_was_withdrawn_since_keeps_its_place_and_shows_no_score(client, past):
    track, sent = past
    Submission.objects.filter(pk=sent.pk).update(state=SubmissionState.WITHDRAWN)
    row = (
        client.get(reverse("board", args=[track.slug]), {"as_of": "2026-10-15"})
        .text.split("<tbody>")[1]
        .split("</tr>")[0]
    )
    assert "Mine" in row
    assert "1–2" in row
    assert "withdrawn since" in row
    assert "0.1" not in row


def test_the_same_content_again_is_kept_once(past):
    track, _ = past
    board = Board.objects.get(track=track)
    board.computed_at = timezone.now()
    remember(board)
    assert PastBoard.objects.filter(track=track).count() == 2


def test_the_usual_board_links_the_address_that_will_always_show_it(client):
    board = store_board(a_row("Mine", score=an_interval(0.444)))
    remember(board)
    address = reverse("board", args=[board.track.slug])
    link = re.search(r'href="([^"]*as_of=[^"]*)"', client.get(address).text)[1].replace("&amp;", "&")
    later = store_board(a_row("Mine", score=an_interval(0.555)), track=make_track(slug="elsewhere"))
    later.track, later.computed_at = board.track, board.computed_at + timedelta(seconds=1)
    remember(later)
    assert "0.444" in client.get(address + link).text


def test_a_past_board_takes_few_queries_and_is_not_sent_twice(client, past, django_assert_max_num_queries):
    address = reverse("board", args=[past[0].slug])
    with django_assert_max_num_queries(4):
        tag = client.get(address, {"as_of": "2026-10-15"})["ETag"]
    with django_assert_max_num_queries(2):
        again = client.get(address, {"as_of": "2026-10-15"}, headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_a_day_is_read_as_its_end_in_utc():
    assert moment_of("2026-11-01") == datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=UTC)
