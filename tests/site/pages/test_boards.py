"""The front page and the boards."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leaderboard.models import Board
from leaderboard.pages import conditional
from leaderboard.pages.board_lines import rank_text
from leaderboard.pages.board_table import board_html
from leaderboard.pages.figures import text
from tests.site.builders import make_person, make_track
from tests.site.pages.cards import UNDEFINED, a_board, a_row, an_interval
from tests.site.pages.stored import store_board

pytestmark = pytest.mark.django_db


def page_of(board: Board) -> str:
    return reverse("board", args=[board.track.slug])


def test_a_board_shows_rank_interval_group_score_and_what_it_is_set_beside(client):
    row = a_row("Mine", rank=[2, 4], tie_group=3, team="Ours", kind="reference", score=an_interval(0.123, half=0.1))
    page = client.get(page_of(store_board(row))).text
    for shown in ("2–4", "group 3", "Mine", "Ours", "reference", "0.123", "0.023 to 0.223", "yes", "0.050", "silent"):
        assert shown in page
    assert 'href="/models/model/"' in page


def test_a_single_rank_is_no_range():
    assert (rank_text([3, 3]), rank_text([3, 5])) == ("3", "3–5")


def test_an_undefined_score_says_why_and_has_no_rank():
    row = a_row(rank=None, tie_group=None, score=an_interval(UNDEFINED))
    html = board_html(a_board(row))
    assert html.count("n/a") == 2
    assert "the predictions are all equal" in html
    assert "<svg" not in html


def test_an_undefined_memory_alarm_says_why():
    html = board_html(a_board(a_row(memory_alarm={"state": "undefined", "reason": "fewer than ten splits"})))
    assert "fewer than ten splits" in html


def test_a_score_far_outside_of_the_others_is_marked_as_beyond_and_does_not_squeeze_them():
    near = [a_row(score=an_interval(0.1 + 0.01 * i)) for i in range(5)]
    html = board_html(a_board(*near, a_row(score=an_interval(-40.0))))
    assert (html.count("<circle"), html.count("<path")) == (5, 1)
    alone = board_html(a_board(*near))
    assert alone.count("<circle") == 5
    assert "<path" not in alone


def test_a_zero_has_no_sign_and_a_negative_number_a_minus():
    assert [text(number) for number in (-0.0001, -0.25, 0.25, None)] == ["0.000", "−0.250", "0.250", "n/a"]


def test_a_baseline_is_in_the_table_as_what_it_is_and_has_no_page():
    html = board_html(a_board(a_row("drug mean", slug=None, version=None, team="", kind="baseline", published_at=None)))
    assert "baseline" in html
    assert "/models/" not in html


def test_a_name_is_shown_and_never_run(client):
    row = a_row("<script>alert(1)</script>", team='"><img src=x onerror=alert(1)>')
    page = client.get(page_of(store_board(row))).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_board_takes_two_queries_of_a_stranger_then_one_and_four_of_a_person(client):
    board = store_board(*[a_row(f"Model {i}") for i in range(50)])
    counts = []
    for person in (None, None, make_person()):
        if person:
            client.force_login(person)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page_of(board)).status_code == 200
        counts.append(len(queries))
    assert counts == [2, 1, 4]


def test_an_unchanged_board_is_not_sent_again_and_takes_one_query(client, django_assert_num_queries):
    board = store_board()
    tag = client.get(page_of(board))["ETag"]
    with django_assert_num_queries(1):
        again = client.get(page_of(board), headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert "Cookie" in again["Vary"]


def test_a_board_that_was_recomputed_is_sent_again(client):
    board = store_board()
    tag = client.get(page_of(board))["ETag"]
    Board.objects.filter(pk=board.pk).update(etag="another", html="<p>Another</p>")
    again = client.get(page_of(board), headers={"If-None-Match": tag})
    assert (again.status_code, "<p>Another</p>" in again.text) == (200, True)


def test_a_page_that_is_kept_for_strangers_is_not_shown_to_a_person_or_the_other_way_round(client):
    board = store_board()
    assert "Sign in" in client.get(page_of(board)).text
    client.force_login(make_person())
    assert "Sign out" in client.get(page_of(board)).text
    client.logout()
    assert "Sign out" not in client.get(page_of(board)).text


def test_no_more_pages_are_kept_than_there_is_room_for(client, monkeypatch):
    boards = [store_board(metric=metric) for metric in ("primary", "r2", "rmse")]
    monkeypatch.setattr(conditional, "_kept", {})
    pages = [client.get(page_of(board), {"metric": board.metric}).content for board in boards]
    assert list(conditional._kept.values()) == pages
    conditional._kept.clear()
    monkeypatch.setattr(conditional, "MOST_KEPT_BYTES", sum(map(len, pages)) - 1)
    for board in boards:
        client.get(page_of(board), {"metric": board.metric})
    assert list(conditional._kept.values()) == pages[1:]


def test_the_tag_is_another_for_who_is_signed_in(client):
    board = store_board()
    of_stranger = client.get(page_of(board))["ETag"]
    tags = {of_stranger}
    for person in (make_person(), make_person()):
        client.force_login(person)
        answer = client.get(page_of(board), headers={"If-None-Match": of_stranger})
        assert answer.status_code == 200
        tags.add(answer["ETag"])
    assert len(tags) == 3


def test_a_page_with_a_message_is_not_kept(client):
    board = store_board()
    client.force_login(make_person())
    tag = client.get(page_of(board))["ETag"]
    client.post(reverse("account_logout"))
    with_message = client.get(page_of(board), headers={"If-None-Match": tag})
    assert with_message.status_code == 200
    assert "signed out" in with_message.text
    assert "ETag" not in with_message


def test_every_view_of_the_track_is_a_plain_link(client):
    track = make_track()
    for metric, target in (("primary", ""), ("primary", "beta"), ("r2", "")):
        store_board(track=track, metric=metric, target=target)
    page = client.get(reverse("board", args=[track.slug])).text
    assert 'href="?metric=r2"' in page
    assert 'href="?metric=primary&amp;target=beta"' in page
    on_beta = client.get(reverse("board", args=[track.slug]), {"metric": "primary", "target": "beta"}).text
    assert 'href="?metric=primary&amp;target=beta" aria-current="true"' in on_beta


def test_a_metric_that_there_is_not_is_not_found_and_those_that_there_are_are_linked(client):
    board = store_board()
    for asked in ({"metric": "magic"}, {"target": "moon"}, {"metric": "\0"}, {"metric": "<b>"}):
        answer = client.get(page_of(board), asked)
        assert answer.status_code == 404
        assert 'href="?metric=primary"' in answer.text
        assert "<b>" not in answer.text


def test_a_track_without_scores_has_an_empty_page(client):
    answer = client.get(reverse("board", args=[make_track().slug]))
    assert (answer.status_code, "No score has been published" in answer.text) == (200, True)


def test_a_track_without_the_usual_board_leads_to_one_that_it_has(client):
    board = store_board(metric="r2")
    assert client.get(page_of(board)).headers["Location"] == f"{page_of(board)}?metric=r2"


def test_a_board_links_its_csv_and_json(client):
    board = store_board(metric="r2")
    page = client.get(page_of(board), {"metric": "r2"}).text
    assert f"{reverse('api-board-csv', args=[board.track.slug])}?metric=r2" in page
    assert f"{reverse('api-board', args=[board.track.slug])}?metric=r2" in page


def test_head_is_answered_and_post_is_not(client):
    board = store_board()
    assert client.head(page_of(board)).status_code == 200
    assert client.post(page_of(board)).status_code == 405


def test_the_front_page_shows_the_top_of_the_first_board_and_the_tracks(client, django_assert_max_num_queries):
    rows = [a_row(f"Model number {i}") for i in range(1, 9)]
    store_board(*rows, track=make_track(title="First track"))
    with django_assert_max_num_queries(5):
        page = client.get(reverse("home")).text
    assert "Model number 5" in page
    assert "Model number 6" not in page
    assert "First track" in page


def test_the_front_page_shows_ranked_models_alone_and_no_links_that_sort(client):
    store_board(a_row("Leak", rank=None, tie_group=None, kind="control"), a_row("Mine"))
    page = client.get(reverse("home")).text
    assert "Mine" in page
    assert "Leak" not in page
    assert "sort=" not in page


def test_the_front_page_says_honestly_what_it_is(client, settings):
    settings.DEMONSTRATION = True
    assert "This board is a demonstration, not sealed" in client.get(reverse("home")).text
    settings.DEMONSTRATION = False
    page = client.get(reverse("home")).text
    assert "This board is a demonstration" not in page
    assert "Open targets are public somewhere" in page


def test_an_unchanged_front_page_is_not_sent_again_and_takes_two_queries(client, django_assert_num_queries):
    board = store_board()
    tag = client.get(reverse("home"))["ETag"]
    with django_assert_num_queries(2):
        again = client.get(reverse("home"), headers={"If-None-Match": tag})
    assert again.status_code == 304
    Board.objects.filter(pk=board.pk).update(etag="another")
    assert client.get(reverse("home"), headers={"If-None-Match": tag}).status_code == 200


def test_a_heading_of_the_usual_board_sorts_it_by_a_plain_link(client):
    page = client.get(page_of(store_board())).text
    assert 'aria-sort="ascending"><a href="?metric=primary&amp;sort=-rank">Rank</a>' in page
    assert '<a href="?metric=primary&amp;sort=gap">' in page


def test_the_front_page_stands_before_anything_is_loaded(client):
    assert "No track has been loaded yet" in client.get(reverse("home")).text


def test_the_list_of_boards_asks_once_whatever_there_is(client, django_assert_num_queries):
    make_track()
    make_track(is_open=False)
    with django_assert_num_queries(1):
        page = client.get(reverse("boards")).text
    assert page.count("closed") == 1
