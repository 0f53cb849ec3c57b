"""The pages of models."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluator.arms import Arm
from leaderboard.states import AttemptState, RunState, StageState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_ending,
    make_host,
    make_model,
    make_run,
    make_spec,
    make_stage,
    make_submission,
    make_track,
)
from tests.site.pages.cards import a_card, a_summary, an_interval
from tests.site.pages.stored import publish

pytestmark = pytest.mark.django_db


def page_of(submission):
    return reverse("model", args=[submission.model.slug])


def version_page(submission, version):
    return reverse("model_version", args=[submission.model.slug, version])


def test_a_model_shows_g_with_intervals_its_mean_skill_gap_and_alarm(client):
    card = a_card(lambda source, target: 0.61 if source == target else 0.37)
    page = client.get(page_of(publish(card=card))).text
    for shown in ("0.610", "0.560 to 0.660", "0.370", "Ga, mean of other targets", "silent", "0.150 to 0.250"):
        assert shown in page


def test_heat_says_what_the_number_says(client):
    card = a_card(lambda source, target: 0.61 if source == target else -0.37)
    page = client.get(page_of(publish(card=card))).text
    assert page.count('class="heat-6 within"') == 2
    assert '<td class="heat-below">−0.370 <' in page


def test_an_undefined_entry_and_the_mean_that_needs_it_say_why(client):
    card = a_card(lambda source, target: None if (source, target) == ("alpha", "beta") else 0.5)
    page = client.get(page_of(publish(card=card))).text
    assert "the score is undefined for split 0" in page
    assert "G[alpha,…] is undefined" in page


def test_an_interval_that_is_too_narrow_says_so(client):
    card = a_card()
    card["uncertainty"]["matrices"]["real"]["r2"]["G"][0]["too_narrow"] = True
    assert "interval too narrow: fewer than 60 drugs" in client.get(page_of(publish(card=card))).text


def test_a_score_without_an_interval_is_shown_without_one(client):
    no_interval = an_interval(0.5, low={"undefined": "fewer than 3 drugs"}, high={"undefined": "fewer than 3 drugs"})
    summary = a_summary()
    summary["intervals"]["primary/"] = no_interval
    page = client.get(page_of(publish(summary=summary))).text
    assert "no interval: fewer than 3 drugs" in page


def test_a_card_without_uncertainty_still_has_its_page(client):
    card = a_card() | {"uncertainty": None}
    page = client.get(page_of(publish(card=card, summary={"alarm": {}}))).text
    assert ">0.600<" in page
    assert "Entry by entry" not in page


def test_another_metric_is_a_link_and_an_unknown_one_is_not_found(client):
    submission = publish(card=a_card(metrics=("r2", "rmse")))
    assert 'href="?metric=rmse"' in client.get(page_of(submission)).text
    assert "lower is better" in client.get(page_of(submission), {"metric": "rmse"}).text
    assert client.get(page_of(submission), {"metric": "magic"}).status_code == 404


def test_what_the_team_says_is_shown_and_never_run(client):
    hostile = "<script>alert(1)</script>"
    model = make_model(name=hostile, slug="hostile", description=hostile, citation=hostile, licence=hostile)
    page = client.get(page_of(publish(model=model, note=hostile, pretraining=hostile))).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 7


def test_declared_pretraining_stands_beside_the_alarm_and_in_full_further_down(client):
    assert client.get(page_of(publish())).text.count("none declared") == 2
    text = "Expression of 10,000 cell lines, " * 20 + "all of it"
    page = client.get(page_of(publish(pretraining=text, pretrained_until=date(2024, 6, 30)))).text
    assert (
        "<p>Pretraining: Expression of 10,000 cell lines, Expression" in page
        and "… (data until 2024-06-30)</p>" in page
    )
    assert f'<dd class="said">{text} <span class="muted">(data until <time' in page


def test_a_link_that_is_not_of_the_web_is_no_link(client):
    model = make_model(code_url="javascript:alert(1)")
    assert 'href="javascript:' not in client.get(page_of(publish(model=model))).text


def test_the_newest_version_is_shown_and_an_older_one_by_its_number(client):
    first = publish(note="First", track=make_track())
    publish(model=first.model, track=first.track, note="Second", card=a_card(0.77))
    assert "0.770 <" in client.get(page_of(first)).text
    asked = client.get(page_of(first), {"version": 1})
    assert (asked.status_code, asked["Location"]) == (301, version_page(first, 1))
    older = client.get(asked["Location"]).text
    assert "0.600 <" in older
    assert "There is a newer version" in older
    assert client.get(page_of(first), {"version": 3}).status_code == 404


def test_a_version_that_is_not_published_is_not_shown(client):
    published = publish()
    make_submission(model=published.model, state=SubmissionState.RUNNING, note="a secret of the team")
    page = client.get(page_of(published)).text
    assert "a secret of the team" not in page


def test_a_model_without_a_published_version_is_not_found(client):
    assert client.get(page_of(make_submission(state=SubmissionState.RUNNING))).status_code == 404
    withdrawn_early = make_submission(state=SubmissionState.WITHDRAWN)
    assert client.get(page_of(withdrawn_early)).status_code == 404


def test_a_withdrawn_model_says_its_name_and_that_it_was_withdrawn_and_no_more(client):
    model = make_model(name="Formerly here", description="What it was")
    withdrawn = make_submission(model=model, state=SubmissionState.WITHDRAWN, published_at=timezone.now())
    answer = client.get(page_of(withdrawn))
    assert (answer.status_code, "This model was withdrawn" in answer.text) == (410, True)
    assert "Formerly here" in answer.text
    assert "What it was" not in answer.text


def test_a_withdrawn_model_that_was_deleted_with_its_data_keeps_no_name(client):
    ended = {"state": SubmissionState.WITHDRAWN, "published_at": timezone.now()}
    deleted = make_submission(model=make_model(name="Formerly here"), deleted_at=timezone.now(), **ended)
    answer = client.get(page_of(deleted))
    assert (answer.status_code, "Formerly here" in answer.text) == (410, False)
    make_submission(model=deleted.model, **ended)
    assert "Formerly here" in client.get(page_of(deleted)).text


def test_the_record_says_how_it_was_run(client):
    submission = publish()
    host = make_host(name="host-of-ours", record={"processor": "EPYC", "cpus": 16, "python": "3.11.2"})
    spec = make_spec(arm=Arm.parse("intradrug"), seed=4711)
    run = make_run(submission=submission, state=RunState.DONE, spec=spec)
    make_attempt(run=run, state=AttemptState.GIVEN_UP)
    attempt = make_attempt(run=run, host=host, state=AttemptState.DONE)
    ending = make_ending(wall_s=90.0)
    ending["peaks"] |= {"cpu_s": 170.0, "memory_mb": 2048.0}
    make_stage(attempt=attempt, state=StageState.ENDED, ending=ending)
    page = client.get(page_of(submission)).text
    for shown in (
        "4711",
        "intradrug",
        "1 container, 1 min 30 s",
        "at most 2,048 MB",
        "EPYC, 16 processors, Python 3.11.2",
    ):
        assert shown in page
    assert "1 attempt of ours failed and was repeated" in page
    assert "host-of-ours" not in page


def test_a_models_page_takes_nine_queries_whatever_its_number_of_runs(client, django_assert_num_queries):
    submission = publish()
    for split in range(5):
        run = make_run(submission=submission, state=RunState.DONE, spec=make_spec(split=split))
        make_stage(attempt=make_attempt(run=run, state=AttemptState.DONE), state=StageState.ENDED, ending=make_ending())
    with django_assert_num_queries(9):
        client.get(page_of(submission))


def test_an_unchanged_model_is_not_sent_again_until_a_version_comes(client):
    submission = publish()
    tag = client.get(page_of(submission))["ETag"]
    assert client.get(page_of(submission), headers={"If-None-Match": tag}).status_code == 304
    assert client.get(page_of(submission), {"metric": "r2"}, headers={"If-None-Match": tag}).status_code == 200
    publish(model=submission.model, track=submission.track)
    assert client.get(page_of(submission), headers={"If-None-Match": tag}).status_code == 200


def test_a_model_that_changed_its_description_is_sent_again(client):
    submission = publish()
    tag = client.get(page_of(submission))["ETag"]
    submission.model.description = "Another text"
    submission.model.save()
    assert "Another text" in client.get(page_of(submission), headers={"If-None-Match": tag}).text
