"""Comparisons by the API: what the page says, for machines; kept while it is the same."""

import csv
import io

import pytest
from django.urls import reverse

from leaderboard.models import Model
from leaderboard.publishing import designs
from tests.site.builders import make_track
from tests.site.pages.contenders import contender

pytestmark = pytest.mark.django_db


@pytest.fixture
def compare(client, settings, tmp_path, monkeypatch):
    settings.STORAGE = str(tmp_path)
    monkeypatch.setattr(designs, "REPLICATES", 200)
    track = make_track(slug="main")
    contender(track, "Good", 0.3, seed=1)
    contender(track, "Better", 0.4, seed=2)

    def ask(models="good,better", headers=None, **more):
        return client.get(reverse("api-compare"), {"track": "main", "models": models} | more, headers=headers or {})

    return ask


def test_every_difference_comes_with_its_interval_verdict_and_what_could_have_been_told(compare):
    said = compare().json()
    assert [model["model"] for model in said["models"]] == ["Good", "Better"]
    (pair,) = said["pairs"]
    assert (pair["first"], pair["second"], pair["verdict"]) == (0, 1, "worse")
    assert pair["difference"]["estimate"] == pytest.approx(-0.1)
    assert pair["at_least"] == pytest.approx(pair["difference"]["high"] - pair["difference"]["estimate"])
    assert len(said["measures"]) == 30
    assert [(one["source"], one["target"]) for one in said["entries"]] == [
        (source, target) for source in ("alpha", "beta") for target in ("alpha", "beta")
    ]


def test_the_csv_has_a_line_for_each_difference(compare):
    for answer in (compare(format="csv"), compare(headers={"Accept": "text/csv"})):
        assert answer["Content-Type"].startswith("text/csv")
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        assert [line["part"] for line in lines] == ["pairs", *["measures"] * 30, *["entries"] * 4]


def test_it_is_kept_while_it_is_the_same(compare, django_assert_num_queries):
    first = compare()
    assert "public" in first["Cache-Control"]
    with django_assert_num_queries(2):
        again = compare(headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Model.objects.filter(slug="good").update(name="New name")
    assert compare(headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_json_and_csv_and_other_questions_have_tags_of_their_own(compare):
    asked = [compare(), compare(format="csv"), compare(metric="r2"), compare(models="better,good")]
    assert len({answer["ETag"] for answer in asked}) == 4


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"models": "good"}, 400),
        ({"models": ""}, 400),
        ({"models": "good,nobody"}, 404),
        ({"models": "good,better\0"}, 400),
        ({"metric": "magic"}, 400),
        ({"target": "moon"}, 400),
        ({"track": "nothing"}, 404),
        ({"track": "<b>"}, 400),
        ({"modles": "good"}, 400),
        ({"models": ",".join(f"m{i}" for i in range(61))}, 400),
    ],
)
def test_what_cannot_be_compared_is_a_problem(compare, asked, status):
    answer = compare(**asked)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
