"""One entry of G by drug, mechanism and stratum: found, sorted and cut into pages on the server."""

import re

import pytest
from django.urls import reverse

from leaderboard.models import DrugList
from tests.site.pages.cards import a_breakdown, a_card
from tests.site.pages.markup import faults
from tests.site.pages.stored import publish

pytestmark = pytest.mark.django_db


def page_of(submission, by="drugs"):
    return reverse(f"model_{by}", args=[submission.model.slug, submission.version])


def names_on(page):
    body = page[page.index("<tbody>") :]
    return re.findall(r'<th scope="row">([^<]+)', body)


def cells_on(page, name):
    row = page[page.index(f'<th scope="row">{name}') :]
    return re.findall(r'<td class="n">([^<]*)', row[: row.index("</tr>")])


@pytest.fixture
def submission():
    return publish()


def test_drugs_come_with_name_mechanisms_rows_and_scores_best_first_and_undefined_last(client, submission):
    """Of 40 rows in two splits each score is of 20; R² is the square of the correlation by the builder."""
    page = client.get(page_of(submission)).text
    assert names_on(page) == ["erlotinib", "gefitinib", "trametinib", "D4"]
    assert cells_on(page, "erlotinib") == ["20", "0.900", "0.450", "0.900", "0.810", "0.100", "0.200"]
    assert "EGFR inhibitor" in page
    assert "the predictions are constant" in page
    assert faults(page) == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["D4", "erlotinib", "gefitinib", "trametinib"]),
        ("-name", ["trametinib", "gefitinib", "erlotinib", "D4"]),
        ("r", ["trametinib", "gefitinib", "erlotinib", "D4"]),
        ("-r2", ["erlotinib", "gefitinib", "trametinib", "D4"]),
        ("magic", ["erlotinib", "gefitinib", "trametinib", "D4"]),
    ],
)
def test_a_column_sorts_both_ways_and_what_is_undefined_stays_last(client, submission, sort, order):
    assert names_on(client.get(page_of(submission), {"sort": sort}).text) == order


def test_the_column_that_is_sorted_by_says_so_and_turns_round_when_asked_again(client, submission):
    page = client.get(page_of(submission), {"sort": "-r"}).text
    assert page.count("aria-sort=") == 1
    assert 'aria-sort="descending"><a id="by-r" href="?sort=r">' in page
    assert '<a id="by-rmse" href="?sort=-rmse">' in page


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("erlotinib", ["erlotinib"]),
        ("EGFR", ["erlotinib", "gefitinib"]),
        ("egfr GEF", ["gefitinib"]),
        ("d3", ["trametinib"]),
    ],
)
def test_drugs_are_found_by_name_id_and_mechanism(client, submission, sought, found):
    page = client.get(page_of(submission), {"q": sought}).text
    assert names_on(page) == found
    assert f"{len(found)} of 4 drug" in page
    assert "Show all 4" in page


def test_a_search_that_finds_nothing_says_so(client, submission):
    page = client.get(page_of(submission), {"q": "<script>"}).text
    assert "No drug has these words" in page
    assert "<script>" not in page
    assert faults(page) == []


def test_sorting_and_search_are_kept_from_page_to_page(client):
    many = {f"X{i:03}": i / 200 for i in range(120)}
    card = a_card()
    card["breakdowns"]["drug"] = [
        {"source": s, "target": t} | a_breakdown(many) for s in ("alpha", "beta") for t in ("alpha", "beta")
    ]
    submission = publish(card=card)
    asked = {"q": "X", "sort": "r", "page": "2", "source": "beta", "target": "alpha"}
    page = client.get(page_of(submission), asked).text
    assert names_on(page) == [f"X{i:03}" for i in range(50, 100)]
    assert "Page 2 of 3" in page
    assert 'href="?q=X&amp;sort=r&amp;page=3&amp;source=beta&amp;target=alpha"' in page
    assert '<input type="hidden" name="sort" value="r">' in page
    assert len(page) < 60_000
    assert "Page 3 of 3" in client.get(page_of(submission), {"page": "999"}).text
    assert "Page 1 of 3" in client.get(page_of(submission), {"page": "none"}).text


def test_another_entry_of_g_is_a_link_and_an_unknown_one_is_not_found(client, submission):
    page = client.get(page_of(submission), {"source": "beta"}).text
    assert "Trained on beta, asked for alpha" in page
    assert "alpha to beta" not in page
    assert 'href="?source=alpha&amp;target=alpha#parts"' in page
    assert client.get(page_of(submission), {"source": "gamma"}).status_code == 404
    assert client.get(page_of(submission), {"target": "\0"}).status_code == 404


def test_mechanisms_say_how_many_drugs_they_have(client, submission):
    page = client.get(page_of(submission, "mechanisms")).text
    assert names_on(page) == ["EGFR inhibitor", "MEK inhibitor"]
    assert cells_on(page, "EGFR inhibitor")[:3] == ["2", "20", "0.800"]
    assert faults(page) == []


def test_names_of_a_release_are_shown_and_never_run(client, submission):
    hostile = "<script>alert(1)</script>"
    DrugList.objects.update(drugs={"D1": [hostile, [hostile]]})
    for page in (client.get(page_of(submission)).text, client.get(reverse("model", args=[submission.model.slug])).text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert faults(page) == []


def test_a_track_without_a_permuted_arm_has_no_column_for_it(client):
    card = a_card()
    for one in card["breakdowns"]["drug"]:
        del one["columns"]["intradrug"]
    page = client.get(page_of(publish(card=card))).text
    assert "permuted self" not in page
    assert len(cells_on(page, "erlotinib")) == 6


def test_a_version_that_was_not_taken_apart_has_no_such_page(client):
    card = a_card()
    del card["breakdowns"]
    submission = publish(card=card)
    assert client.get(page_of(submission)).status_code == 404
    assert client.get(reverse("model", args=[submission.model.slug])).status_code == 200


def test_drugs_take_six_queries_and_one_fewer_when_nothing_changed(client, submission, django_assert_num_queries):
    with django_assert_num_queries(5):
        tag = client.get(page_of(submission))["ETag"]
    with django_assert_num_queries(3):
        assert client.get(page_of(submission), headers={"If-None-Match": tag}).status_code == 304


def test_the_models_page_takes_an_entry_apart_into_strata_with_their_share(client, submission):
    """Of 40 rows seen and 40 unseen, each is half."""
    page = client.get(reverse("model", args=[submission.model.slug])).text
    assert "alpha to beta, taken apart" in page
    assert cells_on(page, "Unseen drug") == ["50%", "20", "0.200", "0.100", "0.200", "0.040", "0.100", "0.200"]


def test_the_models_page_names_the_drugs_predicted_best_and_worst(client, submission):
    page = client.get(reverse("model", args=[submission.model.slug]), {"source": "beta", "target": "beta"}).text
    best, worst = page.split("Predicted best, of 4 drugs")[1].split("Predicted worst, of 4 drugs")
    assert names_on(best)[:1] == ["erlotinib"]
    assert names_on(worst)[:1] == ["trametinib"]
    assert "All 4 drugs" in page
    assert "source=beta&amp;target=beta" in page
