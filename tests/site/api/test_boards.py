"""Boards are sent as they were stored, and only when they have changed."""

import pytest
from django.conf import settings

from evaluator.agent.uploads import Storage
from leaderboard.api import boards
from leaderboard.models import WholeBoard
from tests.site.pages.cards import a_row
from tests.site.pages.stored import store_board

pytestmark = pytest.mark.django_db


@pytest.fixture
def board():
    return store_board(a_row("A"), a_row("B"))


@pytest.fixture
def address(board):
    return f"/api/v1/boards/{board.track.slug}/"


def test_a_board_is_sent_byte_for_byte_and_read_once(anybody, board, address, django_assert_num_queries):
    with django_assert_num_queries(2):
        anybody.get(address)
    with django_assert_num_queries(1):
        answer = anybody.get(address)
    assert answer.content == board.json
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "public, no-cache"


def test_a_board_that_is_unchanged_is_not_sent_again(anybody, address, django_assert_num_queries):
    etag = anybody.get(address)["ETag"]
    with django_assert_num_queries(1):
        answer = anybody.get(address, headers={"if-none-match": etag})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)


def test_a_board_of_another_etag_is_sent(anybody, board, address):
    answer = anybody.get(address, headers={"if-none-match": '"another"'})
    assert (answer.status_code, answer.content) == (200, board.json)


@pytest.mark.parametrize("way", ["format", "suffix", "accept"])
def test_a_board_comes_as_csv_in_three_ways(anybody, board, address, way):
    ways = {
        "format": lambda: anybody.get(address, {"format": "csv"}),
        "suffix": lambda: anybody.get(f"{address.rstrip('/')}.csv"),
        "accept": lambda: anybody.get(address, headers={"accept": "text/csv"}),
    }
    answer = ways[way]()
    assert answer.content == board.csv
    assert answer["Content-Type"] == "text/csv; charset=utf-8"


def test_a_board_that_was_made_again_is_sent_at_once(anybody, board, address):
    anybody.get(address)
    type(board).objects.filter(pk=board.pk).update(json=b'{"new": 1}', etag="new")
    assert anybody.get(address).json() == {"new": 1}


def test_json_and_csv_have_etags_of_their_own(anybody, address):
    assert anybody.get(address)["ETag"] != anybody.get(address, {"format": "csv"})["ETag"]


@pytest.mark.parametrize("query", [{"metric": "magic"}, {"target": "nowhere"}, {"format": "xml"}])
def test_a_board_that_there_is_not_is_a_problem(anybody, address, query):
    answer = anybody.get(address, query)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_the_list_of_boards_leads_to_each(anybody, board):
    listed = anybody.get("/api/v1/boards/").json()["results"]
    assert [one["etag"] for one in listed] == [board.etag]
    assert anybody.get(listed[0]["url"]).content == board.json


def test_a_list_that_is_unchanged_is_not_sent_again(anybody, board):
    etag = anybody.get("/api/v1/boards/")["ETag"]
    assert anybody.get("/api/v1/boards/", headers={"if-none-match": etag}).status_code == 304


def test_a_client_that_has_the_board_is_told_before_the_framework_reads_its_request(anybody, address, monkeypatch):
    etag = anybody.get(address)["ETag"]
    monkeypatch.setattr(boards.OneBoard, "initial", lambda *_, **__: 1 / 0)
    answer = anybody.get(address, headers={"if-none-match": f'"other", {etag}'})
    assert (answer.status_code, answer["ETag"], answer["Cache-Control"]) == (304, etag, "public, no-cache")


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ({}, "application/json", 304),
        ({"format": "json"}, "*/*", 304),
        ({"format": "csv"}, "*/*", 200),
        ({}, "text/csv", 200),
        ({"magic": "1"}, "*/*", 400),
        ({"metric": "magic"}, "*/*", 404),
        ({"target": "\0"}, "*/*", 400),
        ({"target": "x" * 101}, "*/*", 400),
        ({"format": "xml"}, "*/*", 404),
    ],
)
def test_with_a_tag_every_request_gets_what_it_gets_without(anybody, address, query, accept, expected):
    etag = anybody.get(address)["ETag"]
    answer = anybody.get(address, query, headers={"if-none-match": etag, "accept": accept})
    assert answer.status_code == expected


def test_a_post_with_a_tag_is_still_no_method_here(anybody, address):
    etag = anybody.get(address)["ETag"]
    assert anybody.post(address, headers={"if-none-match": etag}).status_code == 405


@pytest.fixture
def whole(board, settings, tmp_path):
    settings.STORAGE = str(tmp_path)
    Storage(settings.STORAGE).write("boards/1/whole.csv", b"model,slug\n")
    files = {"csv": {"path": "boards/1/whole.csv", "etag": "of-csv", "size_bytes": 11}}
    values = {"files": files, "made_of": "rows", "computed_at": board.computed_at}
    return WholeBoard.objects.create(track=board.track, **values)


def test_all_boards_of_a_track_come_as_one_file(anybody, address, whole):
    answer = anybody.get(f"{address}whole.csv")
    assert answer.content == b"model,slug\n"
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["ETag"] == '"of-csv"'
    assert answer["Content-Disposition"] == f'attachment; filename="{whole.track.slug}-whole.csv"'
    again = anybody.get(f"{address}whole.csv", headers={"if-none-match": '"of-csv"'})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["whole.parquet", "whole.exe", "whole.json"])
def test_a_file_that_is_not_made_is_a_problem(anybody, address, whole, name):
    answer = anybody.get(f"{address}{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_file_that_was_made_again_in_between_is_a_problem_and_no_failure(anybody, address, whole):
    Storage(settings.STORAGE).files.rm(f"{settings.STORAGE}/boards/1/whole.csv")
    assert anybody.get(f"{address}whole.csv").status_code == 404
