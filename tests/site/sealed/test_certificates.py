"""Certificates of open and sealed scores: signed in the scorer, checked by the library, never written over."""

import json
from datetime import date

import pytest
from django.utils import timezone

from evaluator.sealing import keys
from evaluator.sealing.certificates import verify
from evaluator.sealing.errors import SealingError
from leaderboard.models import Certificate, Scorecard, SealedStudy, Submission
from leaderboard.sealed import certificates, looking
from leaderboard.states import StudyState, SubmissionState
from tests.site.builders import make_evaluation, make_run, make_spec, make_submission
from tests.site.pages.cards import a_card, a_summary

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(track, vault):
    submission = make_submission(track=track, state=SubmissionState.PUBLISHED, image_id="sha256:" + "ab" * 32)
    evaluation = make_evaluation(submission=submission)
    make_run(submission=submission, evaluation=evaluation, state="done", spec=make_spec(seed=77))
    return Scorecard.objects.create(evaluation=evaluation, card=a_card(), summary=a_summary(), draws="x")


def content(certificate, vault):
    return verify(certificates.as_file(certificate), keys.public_key(vault.keys, keys.Kind.SIGNING))


def test_every_published_score_gets_one_that_the_library_accepts(card, vault):
    looking.look()
    said = content(card.evaluation.certificates.get(), vault)
    submission = card.evaluation.submission
    assert said["model"] == {
        "name": submission.model.name,
        "slug": submission.model.slug,
        "team": submission.model.team.name,
        "version": 1,
    }
    assert said["image"] == submission.image_id
    assert said["release_id"] == card.evaluation.track.release.release_id
    assert said["study"] is None
    assert [run["seed"] for run in said["runs"]] == [77]
    assert said["result"]["scores"]["primary/"] == a_summary()["intervals"]["primary/"]
    assert said["engine"]["scorer"]["numpy"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, {"declared": "", "until": None}),
        (
            {"pretraining": "PubMed", "pretrained_until": date(2024, 6, 30)},
            {"declared": "PubMed", "until": "2024-06-30"},
        ),
    ],
)
def test_declared_pretraining_is_certified(card, vault, values, said):
    Submission.objects.update(**{"pretraining": ""} | values)
    looking.look()
    assert content(card.evaluation.certificates.get(), vault)["pretraining"] == said


def test_one_that_was_changed_is_refused(card, vault):
    looking.look()
    file = json.loads(certificates.as_file(Certificate.objects.get()))
    file["content"]["model"]["name"] = "Mine"
    with pytest.raises(SealingError, match="changed after it was signed"):
        verify(json.dumps(file), keys.public_key(vault.keys, keys.Kind.SIGNING))


def test_an_unpublished_score_has_none(card):
    card.evaluation.submission.state = SubmissionState.SCORING
    card.evaluation.submission.save()
    looking.look()
    assert not Certificate.objects.exists()


def test_a_score_has_one_however_often_the_scorer_looks(card):
    looking.look()
    looking.look()
    assert Certificate.objects.count() == 1


def test_a_changed_score_gets_a_new_one_and_the_old_one_stays(card, vault):
    looking.look()
    card.summary["intervals"]["primary/"]["estimate"] = 0.5
    card.computed_at = timezone.now()
    card.save()
    looking.look()
    old, new = card.evaluation.certificates.order_by("pk")
    assert content(new, vault)["result"]["scores"]["primary/"]["estimate"] == 0.5
    assert content(old, vault)["result"] != content(new, vault)["result"]


def test_one_card_that_cannot_be_certified_keeps_no_other_from_its_certificate(card, monkeypatch):
    other = make_submission(track=card.evaluation.track, state=SubmissionState.PUBLISHED)
    bad = Scorecard.objects.create(evaluation=make_evaluation(submission=other), card=a_card(), summary={}, draws="x")
    certify = certificates.certify_open
    monkeypatch.setattr(certificates, "certify_open", lambda one, vault: 1 / 0 if one == bad else certify(one, vault))
    looking.look()
    assert Certificate.objects.get().evaluation == card.evaluation


def test_a_sealed_score_is_certified_as_it_was_told(study, deliver, vault):
    evaluation = deliver(study)
    looking.look()
    said = content(evaluation.certificates.get(), vault)
    released = evaluation.sealed_score.released
    assert said["study"]["id"] == study.study_id
    assert said["study"]["commitment"] == study.commitment
    assert said["result"]["sources"] == released["sources"]
    assert "rank" not in said["result"] and "card" not in said["result"]
    assert len(said["runs"]) == 6
    assert {"is_prospective", "is_blind"} <= said["result"].keys()


def test_another_models_rank_makes_no_new_certificate_and_freezing_does(study, deliver, vault):
    evaluation = deliver(study)
    looking.look()
    deliver(study)
    looking.look()
    assert evaluation.certificates.count() == 1
    SealedStudy.objects.filter(pk=study.pk).update(state=StudyState.FROZEN)
    looking.look()
    old, new = evaluation.certificates.order_by("pk")
    assert "card_sha256" in content(new, vault)["result"]
    assert "card_sha256" not in content(old, vault)["result"]


def test_a_rank_that_is_told_alone_is_what_is_certified(bring, deliver, vault):
    evaluation = deliver(bring(is_rank_only=True))
    looking.look()
    assert content(evaluation.certificates.get(), vault)["result"]["rank"]["of"] == 1


def address(evaluation, query=""):
    submission = evaluation.submission
    return f"/models/{submission.model.slug}/v{submission.version}/certificate.json{query}"


def test_everybody_reads_the_certificate_of_a_version_and_checks_it_with_the_key_of_the_site(
    card, client, vault, settings
):
    settings.SCORER_PUBLIC = vault.keys
    looking.look()
    answer = client.get(address(card.evaluation))
    key = keys.public(client.get("/keys/").json()["signing"], keys.Kind.SIGNING)
    assert answer["Content-Type"] == "application/json"
    assert verify(answer.content, key)["result"]["metric"] == "r2"


def test_an_older_certificate_keeps_its_address(card, client, vault):
    looking.look()
    first = client.get(address(card.evaluation, "?number=0")).content
    card.summary["intervals"]["primary/"]["estimate"] = 0.5
    card.computed_at = timezone.now()
    card.save()
    looking.look()
    assert client.get(address(card.evaluation, "?number=0")).content == first
    assert client.get(address(card.evaluation)).content != first


@pytest.mark.parametrize("query", ["", "?number=3", "?number=one", "?study=" + "0" * 64])
def test_there_is_no_certificate_of_what_was_not_certified(card, client, query):
    assert client.get(address(card.evaluation, query)).status_code == 404


def test_a_sealed_scores_certificate_is_read_once_it_was_told(study, deliver, client, vault):
    evaluation = deliver(study)
    looking.look()
    query = f"?study={study.study_id}"
    assert client.get(address(evaluation, query)).json()["content"]["study"]["id"] == study.study_id
    assert client.get(address(evaluation)).status_code == 404


def test_a_withdrawn_version_shows_no_certificate(card, client):
    looking.look()
    type(card.evaluation.submission).objects.update(state=SubmissionState.WITHDRAWN)
    assert client.get(address(card.evaluation)).status_code == 404


def test_a_site_without_a_scorer_has_no_keys(client, settings, tmp_path):
    settings.SCORER_PUBLIC = tmp_path / "none"
    assert client.get("/keys/").json() == {"sealing": None, "signing": None}
