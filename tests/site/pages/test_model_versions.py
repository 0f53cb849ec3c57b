"""Versions: each under its own address for ever, the newest under the model's, withdrawn ones said to be so."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluator.agent.uploads import Storage
from evaluator.baselines import Baseline
from leaderboard.models import Scorecard, Submission
from leaderboard.publishing.baselines import summary_path
from leaderboard.publishing.designs import Plan
from leaderboard.states import SubmissionState
from tests.site.builders import make_definition, make_track
from tests.site.pages.cards import a_card, a_row, a_summary, an_interval
from tests.site.pages.markup import faults
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db


def page_of(submission):
    return reverse("model", args=[submission.model.slug])


def version_page(submission):
    return reverse("model_version", args=[submission.model.slug, submission.version])


def with_score(score, **values):
    summary = a_summary()
    summary["intervals"]["primary/"] = an_interval(score)
    return publish(summary=summary, **values)


@pytest.fixture
def both():
    first = with_score(0.1, track=make_track(), card=a_card(0.61), note="The first")
    return first, with_score(0.377, model=first.model, track=first.track, card=a_card(0.77), note="The second")


def test_a_version_keeps_its_scores_under_its_own_address_when_a_newer_one_comes(client, both):
    older = client.get(version_page(both[0])).text
    assert "0.610 <" in older
    assert "0.770 <" not in older
    assert "There is a newer version; this page keeps the scores of version 1." in older
    assert "0.770 <" in client.get(version_page(both[1])).text
    assert faults(older) == []


def test_the_newest_version_is_found_under_the_models_address_and_an_older_one_under_its_own(client, both):
    canonical = '<link rel="canonical" href="{}">'
    assert canonical.format(page_of(both[0])) in client.get(page_of(both[0])).text
    assert canonical.format(page_of(both[0])) in client.get(version_page(both[1])).text
    assert canonical.format(version_page(both[0])) in client.get(version_page(both[0])).text


def test_versions_are_listed_with_their_scores_and_drawn(client, both):
    page = client.get(page_of(both[0])).text
    listed = page.split('id="versions-title"')[1]
    assert listed.index(">v2<") < listed.index(">v1<")
    for shown in ("0.377", "0.100", "The first", "The second", version_page(both[0]), version_page(both[1])):
        assert shown in listed
    figure = client.get(page_of(both[0]), {"figure": "over-versions"})
    assert figure["Content-Type"] == "image/svg+xml"
    assert "Version 1" in figure.text
    assert "0.377" in figure.text


def test_one_version_alone_is_not_drawn(client):
    submission = publish()
    assert client.get(page_of(submission), {"figure": "over-versions"}).status_code == 404


def test_a_withdrawn_version_says_so_and_shows_no_score(client, both):
    Submission.objects.filter(pk=both[1].pk).update(state=SubmissionState.WITHDRAWN)
    gone = client.get(version_page(both[1]))
    assert gone.status_code == 410
    assert "Version 2 was withdrawn" in gone.text
    assert page_of(both[0]) in gone.text
    for address in (f"{version_page(both[1])}{page}/" for page in ("drugs", "mechanisms", "entries")):
        assert client.get(address).status_code == 410
    newest = client.get(page_of(both[0])).text
    assert "0.610 <" in newest
    assert "withdrawn by its team" in newest
    assert "0.377" not in newest
    assert "The second" not in newest
    assert faults(newest) == []


def test_the_last_version_that_is_withdrawn_takes_the_models_page_with_it(client, both):
    Submission.objects.update(state=SubmissionState.WITHDRAWN)
    for address in (page_of(both[0]), version_page(both[0]), version_page(both[1])):
        answer = client.get(address)
        assert (answer.status_code, "This model was withdrawn" in answer.text) == (410, True)
        assert both[0].model.name in answer.text


@pytest.mark.parametrize("version", [0, 3, 10**30])
def test_a_version_that_there_is_not_is_not_found(client, both, version):
    assert client.get(f"{page_of(both[0])}v{version}/").status_code == 404


def test_the_rank_is_that_of_the_board_and_of_the_version_that_stands_there(client, both):
    rows = [a_row("Best", slug="best", rank=[1, 1]), a_row(slug=both[0].model.slug, version=2, rank=[2, 3])]
    store_board(*rows, a_row("Third", slug="third", rank=[2, 3]), track=both[0].track)
    page = client.get(page_of(both[0])).text
    assert "2–3 of 3" in page
    assert "1 is significantly better, 1 cannot be told from it" in page
    assert "Version 2 stands on the board in place of this one" in client.get(version_page(both[0])).text


def test_a_page_is_sent_again_when_the_board_changes(client, both):
    board = store_board(a_row(slug=both[0].model.slug, version=2, rank=[1, 1]), track=both[0].track)
    tag = client.get(page_of(both[0]))["ETag"]
    assert client.get(page_of(both[0]), headers={"If-None-Match": tag}).status_code == 304
    type(board).objects.update(etag="another")
    assert client.get(page_of(both[0]), headers={"If-None-Match": tag}).status_code == 200


def test_it_is_compared_with_the_best_the_drug_average_and_its_version_before(client, both):
    store_board(a_row("Best", slug="best", rank=[1, 1]), track=both[0].track)
    page, slug, track = client.get(page_of(both[0])).text, both[0].model.slug, both[0].track.slug
    for other in ("best", "~drug_mean", f"{slug}%401"):
        assert f"/compare/?track={track}&amp;models={slug}%402%2C{other}" in page
    older = client.get(version_page(both[0])).text
    assert f"{slug}%401%2Cbest" in older
    assert f"{slug}%401%2C{slug}" not in older


def test_scores_that_were_computed_again_say_so(client):
    submission = publish()
    change = {"at": "2026-05-01T10:00:00+00:00", "why": "<b>A split</b> was wrong", "before": 0.2, "after": 0.1}
    Scorecard.objects.update(changes=[change])
    page = client.get(page_of(submission)).text
    assert "computed again on 2026-05-01: &lt;b&gt;A split&lt;/b&gt; was wrong." in page
    assert "was 0.200 before, and is 0.100 now" in page


def test_scores_that_came_out_the_same_say_so_once_they_are_computed_again(client):
    submission = publish()
    tag = client.get(page_of(submission))["ETag"]
    change = {"at": "2026-05-01T10:00:00+00:00", "why": "to be sure", "n_changed": 0, "before": 0.2, "after": 0.2}
    Scorecard.objects.update(changes=[change])
    answer = client.get(page_of(submission), headers={"If-None-Match": tag})
    assert "computed again on 2026-05-01: to be sure. Nothing changed." in answer.text
    api = client.get(f"/api/v1/models/{submission.model.slug}/v1/").json()
    assert [(said["why"], said["is_change"], said["after"]) for said in api["changes"]] == [("to be sure", False, 0.2)]


def test_gn_and_gna_are_tables_and_of_errors_there_are_none(client):
    card = a_card(0.5, metrics=("r2", "rmse"))
    card["matrices"]["real"]["r2"] |= {"Gn": [[1.0, 0.5], [None, 1.0]], "Gna": [0.5, None]}
    card["matrices"]["real"]["r2"]["undefined"] |= {"Gn[beta,alpha]": "G[beta,beta] is not positive"}
    submission = publish(card=card)
    page = client.get(page_of(submission)).text
    assert "Gna, mean of other targets" in page
    assert "G[beta,beta] is not positive" in page
    assert faults(page) == []
    assert "a ratio of RMSE means nothing" in client.get(page_of(submission), {"metric": "rmse"}).text


def test_every_entry_of_g_has_its_skill_gap_and_alarm_on_a_page_of_its_own(client):
    submission = publish(card=a_card(metrics=("r2", "rmse")))
    address = reverse("model_entries", args=[submission.model.slug, 1])
    assert f'{address}?metric=rmse">Entry by entry</a>' in client.get(page_of(submission), {"metric": "rmse"}).text
    page = client.get(address, {"metric": "rmse"}).text
    assert page.count('<th scope="row">alpha</th>') == 2
    for shown in ("0.200", "0.150 to 0.250", "the gap in RMSE", "silent", '<td class="yes">yes</td>'):
        assert shown in page
    assert faults(page) == []
    assert client.get(address, {"metric": "magic"}).status_code == 404
    bare = publish(card=a_card() | {"uncertainty": None})
    assert client.get(reverse("model_entries", args=[bare.model.slug, 1])).status_code == 404


def test_the_permuted_selfs_matrix_is_a_link_away(client):
    card = a_card(0.61)
    card["matrices"]["intradrug"] = a_card(0.22)["matrices"]["real"]
    submission = publish(card=card)
    assert 'href="?labels=intradrug"' in client.get(page_of(submission)).text
    page = client.get(page_of(submission), {"labels": "intradrug"}).text
    assert ">0.220<" in page
    assert client.get(page_of(submission), {"labels": "magic"}).status_code == 404


def test_a_model_is_drawn_beside_baselines_and_its_permuted_self(client, settings, tmp_path):
    settings.STORAGE = str(tmp_path)
    track = make_track(definition=make_definition())
    summary = a_summary()
    for target in ("alpha", "beta"):
        summary["intervals"][f"r2/{target}"] = an_interval(0.61)
    for baseline in Baseline:
        stored = json.dumps({"intervals": {"r2/alpha": an_interval(0.33)}}).encode()
        Storage(settings.STORAGE).write(summary_path(Plan(track), baseline), stored)
    card = a_card()
    card["uncertainty"]["matrices"]["intradrug"] = {"r2": {"columns": {"alpha": an_interval(0.44)}}}
    submission = publish(track=track, card=card, summary=summary)
    figure = client.get(page_of(submission), {"figure": "against"}).text
    for shown in ("its permuted self: 0.44", "Drug average: 0.33", "Mean effects: 0.33", "0.61", "not computed"):
        assert shown in figure
    assert faults(client.get(page_of(submission)).text) == []


def test_withdrawing_and_publishing_leave_the_queries_at_nine(client, both, django_assert_num_queries):
    for _ in range(3):
        publish(model=both[0].model, track=both[0].track)
    Submission.objects.filter(version=4).update(state=SubmissionState.WITHDRAWN, published_at=timezone.now())
    with django_assert_num_queries(9):
        client.get(page_of(both[0]))
    Scorecard.objects.update(record={"runs": [], "repeated": 0, "stages": [], "machines": []})
    with django_assert_num_queries(6):
        client.get(page_of(both[0]), {"metric": "r2"})
