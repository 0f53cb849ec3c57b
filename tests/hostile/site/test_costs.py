"""What one request may cost: work and answers that stay bounded, whatever it asks for and whatever it sends."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from django.urls import reverse

from benchmark_data.errors import ReleaseError
from benchmark_data.sealed_files import check_matrix
from leaderboard.publishing.comparisons import MOST
from tests.site.builders import make_track
from tests.site.pages.cards import a_row
from tests.site.pages.stored import store_board

MEBIBYTE = 1 << 20


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/compare/", "/api/v1/compare/"])
@pytest.mark.parametrize("how", ["repeated", "with commas", "the same one"])
def test_thousands_are_not_compared(client, django_assert_max_num_queries, path, how):
    track, named = make_track(), [f"m{n}" for n in range(900)]
    models = {"repeated": named, "with commas": ",".join(named), "the same one": ["~mean_effects"] * 900}[how]
    with django_assert_max_num_queries(4):
        answer = client.get(path, {"track": track.slug, "models": models})
    assert answer.status_code in (200, 400)
    assert len(answer.content) < MEBIBYTE
    assert MOST < 900


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        {"column": ["beats", "gap", "alarm"] * 300},
        {"name": "(a+)+$" * 16},
        {"name": "%" * 100},
        {"shown": "targets", "figure": "targets"},
        {"sort": "-model", "name": "a b c d e f g h i j k l m n o p"},
    ],
)
def test_a_view_of_a_board_takes_as_many_queries_whatever_it_asks(client, django_assert_max_num_queries, query):
    track = make_track()
    store_board(*(a_row(f"Model {n}", slug=f"model-{n}") for n in range(300)), track=track)
    with django_assert_max_num_queries(5):
        assert client.get(reverse("board", args=[track.slug]), query).status_code == 200


def matrix(folder, *, kind, rows, columns):
    """A sparse file of zeros that says what it is."""
    folder.mkdir()
    paths = [folder / name for name in ("m.npy", "m.rows.txt", "m.columns.txt")]
    values = np.lib.format.open_memmap(paths[0], "w+", kind, (rows, columns))
    for path, n in zip(paths[1:], (rows, columns), strict=True):
        path.write_text("".join(f"i{i}\n" for i in range(n)))
    return values, SimpleNamespace(paths=lambda: [path.name for path in paths])


@pytest.mark.parametrize("kind", ["<f4", "|u1"])
def test_a_curators_matrix_is_looked_through_in_little_memory(tmp_path, kind):
    _, entry = matrix(tmp_path / "x", kind=kind, rows=1 << 17, columns=1 << 10)
    tracemalloc.start()
    ids = check_matrix(tmp_path / "x", entry)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(ids) == 1 << 17
    assert peak < 112 * MEBIBYTE  # the lists of ids may have 64, and one answer a value would be 128


@pytest.mark.parametrize("at", [(0, 0), (4999, 999)])
def test_an_infinite_value_is_found_wherever_it_stands(tmp_path, at):
    values, entry = matrix(tmp_path / "x", kind="<f4", rows=5000, columns=1000)
    values[at] = np.inf
    values.flush()
    with pytest.raises(ReleaseError, match="infinite"):
        check_matrix(tmp_path / "x", entry)
