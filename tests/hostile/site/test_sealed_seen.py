"""What a stranger, and a team whose model is scored, see of sealed studies before their time: nothing anywhere."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from leaderboard.models import Certificate, Evaluation
from leaderboard.states import StudyState
from tests.site.builders import make_model, make_person
from tests.site.curating.builders import REPORT, make_sealed_score, make_study
from tests.site.pages.cards import a_row
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db
SECRET = 0.73191
TOLD = re.compile(r"(?<!\d)0\.73")  # rounded or not; a second of a time has a digit before it
HUSHED = {"uploader", "proposer", "confirmer"}


def released():
    ends = {"estimate": SECRET, "low": SECRET, "high": SECRET, "too_narrow": False}
    return {"metric": "r2", "higher_is_better": True, "rank": {"first": 1, "last": 1}, "sources": {"alpha": ends}}


@pytest.fixture
def entry(cast):
    entry = publish(model=make_model(team=cast.team, name="Watched"))
    store_board(a_row("Watched", slug="watched"), track=entry.track)
    return entry


def scored(entry, state, *, shown_from, name="quiet"):
    study = make_study(state=state, track=entry.track, facts={"name": name}, report=REPORT | {"headline": str(SECRET)})
    make_sealed_score(study, submission=entry, released=released(), shown_from=shown_from)
    evaluation = Evaluation.objects.get(study=study)
    Certificate.objects.create(evaluation=evaluation, content=f'{{"x":{SECRET}}}', signature="", public_key="")
    return study


def addresses(study, entry):
    track, model, release = study.track, entry.model.slug, study.track.release
    at = f"/models/{model}/v{entry.version}/"
    return [
        "/",
        f"/boards/{track.slug}/?data=sealed",
        f"/boards/{track.slug}/?data=sealed&target={study.name}+{study.version}",
        f"/boards/{track.slug}/?data=sealed&target={study.name}+{study.version}&marks=blind",
        f"/boards/{track.slug}/?target={study.name}+{study.version}",
        f"/boards/{track.slug}/feed.atom",
        "/feed.atom",
        "/status/",
        "/api/v1/status/",
        f"/models/{model}/",
        at,
        f"{at}certificate.json?study={study.study_id}",
        f"{at}certificate.json?study={study.study_id}&number=0",
        f"/models/{model}/badge.svg",
        f"/compare/?track={track.slug}&models={model},~mean_effects",
        f"/releases/{release.release_id}/",
        f"/releases/{release.release_id}/sealed/{study.name}-{study.version}/",
        f"/releases/{release.release_id}/sealed/{study.name}-{study.version}/y.parquet",
        f"/releases/{release.release_id}/sealed/{study.name}-{study.version}/salt.txt",
        f"/releases/{release.release_id}/sealed/{study.name}-{study.version}/y.sealed",
        f"/api/v1/releases/{release.release_id}/",
        f"/api/v1/studies/{study.study_id}/",
        f"/api/v1/tracks/{track.slug}/",
        f"/api/v1/models/{model}/",
        f"/api/v1{at}",
        f"/api/v1{at}seeds/",
        f"/api/v1/submissions/{entry.pk}/",
        f"/api/v1/submissions/{entry.pk}/runs/",
        f"/api/v1/submissions/{entry.pk}/scores/",
        f"/submissions/{entry.pk}/",
        "/submissions/",
        f"/curating/{study.pk}/",
        "/curating/audit/",
    ]


def people(cast):
    return {"nobody": None, "stranger": cast.stranger, "its owner": cast.owner}


def asked(person, address):
    browser = Client(raise_request_exception=False)
    if person is not None:
        browser.force_login(person)
    return browser.get(address)


@pytest.mark.parametrize("state", [StudyState.DRAFT, StudyState.SEALED])
def test_a_dry_run_and_a_report_are_curators_alone(cast, entry, state):
    study = scored(entry, state, shown_from=timezone.now() - timedelta(days=1))
    for who, person in people(cast).items():
        for address in addresses(study, entry):
            said = asked(person, address)
            assert said.status_code < 500, address
            assert not TOLD.search(said.text), (who, address)


def test_a_draft_is_not_there_under_any_name(cast, entry):
    study = scored(entry, StudyState.DRAFT, shown_from=timezone.now() - timedelta(days=1), name="unheard-of")
    for who, person in people(cast).items():
        for address in addresses(study, entry):
            said = asked(person, address)
            if "target=" not in address:  # which is said again
                assert "unheard-of" not in said.text.replace(address, ""), (who, address)
                assert study.study_id not in said.text.replace(address, ""), (who, address)
            other = address.replace("unheard-of", "not-there").replace(study.study_id, "f" * 64)
            if other != address:
                assert asked(person, other).status_code == said.status_code, (who, address)


@pytest.mark.parametrize("state", [StudyState.LIVE, StudyState.FROZEN, StudyState.RELEASED])
def test_no_score_is_told_before_its_time(cast, entry, state):
    for shown_from in (None, timezone.now() + timedelta(hours=1)):
        study = scored(entry, state, shown_from=shown_from)
        for who, person in people(cast).items():
            for address in addresses(study, entry):
                said = asked(person, address)
                assert said.status_code < 500, address
                assert not TOLD.search(said.text), (who, address)
        curator = make_person(name="curator", curator=True)
        assert str(SECRET) not in asked(curator, f"/boards/{entry.track.slug}/?data=sealed").text


def test_it_is_told_when_its_time_has_come(cast, entry):
    study = scored(entry, StudyState.LIVE, shown_from=timezone.now() - timedelta(seconds=1))
    assert TOLD.search(asked(None, f"/boards/{study.track.slug}/?data=sealed").text)


def test_whoever_moves_a_study_is_named_to_curators_alone(cast, entry):
    study = scored(entry, StudyState.LIVE, shown_from=timezone.now())
    for person in people(cast).values():
        for address in addresses(study, entry):
            assert not [name for name in HUSHED if f"{name}-" in asked(person, address).text], address
