"""Scores of others, as they published them."""

import csv
import json
from pathlib import Path

import pytest
from django.urls import reverse

from leaderboard.models import PublishedBoard, PublishedScore
from leaderboard.reads.published import published_matrices
from tests.site.pages.stored import store_published

pytestmark = pytest.mark.django_db
FIGURES = Path(__file__).parents[2] / "published"
TWO = {("alpha", "alpha"): 0.8, ("alpha", "beta"): 0.4, ("beta", "alpha"): -0.2, ("beta", "beta"): 0.6}


def page_of(board):
    return reverse("published_board", args=[board.slug])


def test_the_published_ga_and_gna_come_out_as_they_were_published():
    """Partin and Vasanthakumari et al. 2025, figures from the authors' repository."""
    board = PublishedBoard.objects.create(slug="paper", title="Paper", citation="Paper", url="https://example.org")
    with (FIGURES / "r2_scores.csv").open() as lines:
        PublishedScore.objects.bulk_create(
            PublishedScore(
                board=board,
                model=row["model"],
                metric=row["met"],
                source=row["src"],
                target=row["trg"],
                split=int(row["split"]),
                value=float(row["value"]),
            )
            for row in csv.DictReader(lines)
        )
    figures = json.loads((FIGURES / "figures.json").read_text())
    made = published_matrices(board, "r2")
    place = [made.studies.index(study) for study in figures["order"]]
    for model, of in made.models.items():
        assert list(of.ga[place]) == pytest.approx(figures["Ga"][model], abs=1e-12)
        assert list(of.gna[place]) == pytest.approx(figures["Gna"][model], abs=1e-12)


def test_a_published_board_says_that_nothing_of_it_was_evaluated_here(client):
    page = client.get(page_of(store_published(TWO, note="Four of seven models"))).text
    for shown in ("As published, not evaluated here", "Doe 2025", "https://example.org/paper", "Four of seven models"):
        assert shown in page


def test_g_gn_and_their_means_are_shown(client):
    """Gn[beta, alpha] is −.2 / .6; the deviation of .39 and .41 is .0141."""
    page = client.get(page_of(store_published(TWO))).text
    for shown in ("0.8000", "0.4000", "± 0.0141", "−0.3333", "0.5000"):
        assert shown in page


def test_a_metric_without_a_meaningful_ratio_has_no_gn(client):
    page = client.get(page_of(store_published(TWO, metric="rmse"))).text
    assert "Gna" not in page
    assert "lower is better" in page


def test_a_missing_score_is_undefined_with_its_reason(client):
    lacking = {key: value for key, value in TWO.items() if key != ("alpha", "beta")}
    page = client.get(page_of(store_published(lacking))).text
    assert "there are no scores" in page
    assert "G[alpha,beta] is undefined" in page


def test_an_unknown_board_or_metric_is_not_found(client):
    board = store_published(TWO)
    assert client.get(reverse("published_board", args=["nothing"])).status_code == 404
    assert client.get(page_of(board), {"metric": "magic"}).status_code == 404


def test_names_and_citations_are_shown_and_never_run(client):
    board = store_published(TWO, citation="<script>alert(1)</script>", title="<b>Bold</b>")
    for page in (client.get(page_of(board)).text, client.get(reverse("published")).text):
        assert "<script>alert" not in page
        assert "<b>Bold" not in page


def test_an_import_is_seen_at_once_and_an_unchanged_board_is_not_sent_again(client):
    board = store_published(TWO)
    tag = client.get(page_of(board))["ETag"]
    assert client.get(page_of(board), headers={"If-None-Match": tag}).status_code == 304
    board.scores.all().update(value=0.1234)
    board.save()  # as an import does
    assert "0.1234" in client.get(page_of(board), headers={"If-None-Match": tag}).text


def test_the_list_names_every_board_in_one_query(client, django_assert_num_queries):
    store_published(TWO)
    with django_assert_num_queries(1):
        page = client.get(reverse("published")).text
    assert "1 model<" in page


def test_a_board_without_scores_stands(client):
    assert client.get(page_of(store_published({}))).status_code == 200
