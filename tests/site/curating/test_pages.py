"""The curators' pages: what they say, what they do, and to whom."""

import re
import shutil

import pytest
from django.test import Client

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.sealing import keys
from leaderboard.api import tokens
from leaderboard.models import Act, Opening, Scope, SealedStudy
from leaderboard.sealed import life, queue
from leaderboard.states import StudyState
from tests.sealed_bundles import seal_tiny
from tests.site.builders import make_model, make_release, make_submission, make_team, make_track
from tests.site.curating.builders import make_sealed_score, make_step, make_study

S = StudyState
pytestmark = pytest.mark.django_db
SCORE = {
    "metric": "r2",
    "rank": {"first": 1, "last": 2},
    "sources": {"alpha": {"estimate": 0.4, "low": 0.2, "high": 0.6}},
}


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """What the scorer's queue was sent."""
    sent = []
    monkeypatch.setattr(queue, "_send", lambda task, *ids: sent.append((task, *ids)))
    return sent


@pytest.fixture
def browse():
    def signed_in(person):
        browser = Client()
        browser.force_login(person)
        return browser

    return signed_in


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curated") / "tiny"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture
def tar(tiny, settings, tmp_path):
    return seal_tiny(tiny, tmp_path / "sealed-here", keys.public_key(settings.SCORER_PUBLIC))[1]


@pytest.fixture
def track(tiny):
    return make_track(release=make_release(release_id=tiny.id, folder=str(tiny.folder)))


def test_a_study_is_brought_in_by_its_file(ann, browse, tar, track, settings, tmp_path, asked):
    with tar.open("rb") as file:
        answer = browse(ann).post("/curating/", {"track": track.slug, "file": file})
    study = SealedStudy.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/curating/{study.pk}/")
    assert (study.state, study.uploaded_by, study.track) == (S.DRAFT, ann, track)
    kept = tmp_path / "storage" / "sealed"
    assert {place.name for place in kept.iterdir()} == {study.study_id, f"{study.study_id}.tar"}
    assert (kept / study.study_id / "y.sealed").stat().st_size == 80 + 16 * study.summary["rows"]
    assert Act.objects.get().what == "bring in a sealed study"
    assert ("sealed.look",) in asked


def test_a_file_that_is_no_study_is_refused_in_one_sentence_and_nothing_of_it_stays(ann, browse, tar, track, tmp_path):
    content = bytearray(tar.read_bytes())
    content[-3000] ^= 1
    bad = tmp_path / "bad.tar"
    bad.write_bytes(content)
    with bad.open("rb") as file:
        answer = browse(ann).post("/curating/", {"track": track.slug, "file": file})
    assert answer.status_code == 400
    assert "This is no sealed study" in answer.text
    assert not SealedStudy.objects.exists()
    assert not list((tmp_path / "storage" / "sealed").iterdir())


def test_a_study_sealed_to_another_key_or_release_is_refused(ann, browse, tar, track, settings, tmp_path):
    other = make_track(release=make_release())
    with tar.open("rb") as file:
        answer = browse(ann).post("/curating/", {"track": other.slug, "file": file})
    assert "was sealed for the release" in answer.text
    shutil.rmtree(settings.SCORER_PUBLIC)
    keys.make(settings.SCORER_PUBLIC)
    with tar.open("rb") as file:
        answer = browse(ann).post("/curating/", {"track": track.slug, "file": file})
    assert "It is sealed to the key" in answer.text
    assert not SealedStudy.objects.exists()


def test_a_study_is_brought_in_by_one_body_of_the_api(ann, browse, tar, track, tmp_path):
    token = tokens.make(ann, name="curl", scope=Scope.SUBMIT)[1]
    known = {"HTTP_AUTHORIZATION": f"Token {token}"}

    def send(content, of=track.slug):
        asked = f"/api/v1/studies/?track={of}"
        return Client().post(asked, content, content_type="application/octet-stream", **known)

    sent = send(tar.read_bytes())
    study = SealedStudy.objects.get()
    assert (sent.status_code, sent.json()["study_id"], sent.json()["state"]) == (201, study.study_id, "draft")
    assert send(tar.read_bytes()).status_code == 409
    assert send(b"nothing").status_code == 400
    assert send(b"nothing", of="no-such-track").status_code == 404
    (listed,) = Client().get("/api/v1/studies/", **known).json()["results"]
    assert listed == Client().get(f"/api/v1/studies/{study.study_id}/", **known).json()
    assert listed["report"] is None


def test_the_same_study_comes_in_once(ann, browse, tar, track):
    for status in (302, 400):
        with tar.open("rb") as file:
            assert browse(ann).post("/curating/", {"track": track.slug, "file": file}).status_code == status
    assert SealedStudy.objects.count() == 1


def test_a_step_says_what_it_will_do_and_costs_before_it_is_proposed(ann, ben, browse):
    study = make_study(state=S.SEALED)
    make_sealed_score(study)
    make_submission(track=study.track, state="published")
    page = browse(ann).get(f"/curating/{study.pk}/step/").text
    assert "Every model on the track is trained again" in page
    assert "There is no way back from it." in page
    assert "1 model, 2 trainings. How long they take is not known yet" in page
    assert browse(ann).post(f"/curating/{study.pk}/step/", {"why": "it is time"}).status_code == 302
    step = study.steps.get(answered_at=None)
    mine, theirs = (browse(person).get(f"/curating/{study.pk}/").text for person in (ann, ben))
    assert "another curator confirms or refuses it" in mine
    assert "Confirm: Go live" not in mine
    assert "Confirm: Go live" in theirs
    assert "it is time" in theirs
    assert browse(ann).post(f"/curating/{study.pk}/step/{step.pk}/", {"answer": "confirm"}).status_code == 403
    assert browse(ben).post(f"/curating/{study.pk}/step/{step.pk}/", {"answer": "confirm"}).status_code == 302
    study.refresh_from_db()
    assert study.state == S.LIVE


@pytest.mark.parametrize("state", StudyState)
def test_the_page_of_a_study_in_every_state(ann, browse, state):
    study = make_study(state=state)
    make_sealed_score(study, released=SCORE)
    page = browse(ann).get(f"/curating/{study.pk}/")
    assert page.status_code == 200
    assert study.commitment in page.text
    assert re.search(rf'aria-current="step">{state}<', page.text)
    assert ("Keep these rules" in page.text) == (state == S.DRAFT)
    assert ("Dry run…" in page.text) == (state == S.SEALED)
    assert "0.400" in page.text


def test_what_has_to_come_first_stands_in_place_of_the_button(ann, browse):
    page = browse(ann).get(f"/curating/{make_study(report=None).pk}/").text
    assert "There is no validation report yet." in page
    assert "Publish its commitment" not in page


def test_rules_of_a_draft_are_changed_by_form(ann, browse):
    study, team = make_study(), make_team()
    sent = {"looks": 3, "is_rank_only": "on", "kept_out": [team.pk]}
    assert browse(ann).post(f"/curating/{study.pk}/rules/", sent).status_code == 302
    study.refresh_from_db()
    assert (study.looks, study.is_rank_only, list(study.teams_kept_out.all())) == (3, True, [team])
    assert browse(ann).post(f"/curating/{study.pk}/rules/", {"looks": 0}).status_code == 400


def test_a_dry_run_shows_its_cost_first(ann, browse):
    study = make_study(state=S.SEALED)
    make_submission(track=study.track, state="published", model=make_model(name="Linear", kind="reference"))
    make_submission(track=study.track, state="published", model=make_model(name="Theirs"))
    page = browse(ann).get(f"/curating/{study.pk}/dry-run/").text
    assert "1 model, 2 trainings" in page
    assert "Linear" in page
    assert "Theirs" not in page


def test_the_scorer_is_asked_in_the_curators_name(ann, browse, asked):
    study = make_study()
    for what in ("report", "reseal"):
        browse(ann).post(f"/curating/{study.pk}/scorer/", {"what": what})
    assert asked == [("sealed.report", study.pk, ann.pk), ("sealed.reseal", study.pk, ann.pk)]


def test_the_audit_has_openings_and_acts_and_is_narrowed(ann, ben, browse):
    one, other = make_study(), make_study()
    Opening.objects.create(study=one, who="scorer", why="score somebody")
    Opening.objects.create(study=other, who=f"person {ann.pk}, by scorer root@x", why="report on the other")
    life.propose(ann, one, "because of spring")
    everything = browse(ben).get("/curating/audit/").text
    for said in ("score somebody", "report on the other", "because of spring"):
        assert said in everything
    narrowed = browse(ben).get(f"/curating/audit/?study={one.pk}&kind=openings").text
    assert "score somebody" in narrowed
    assert "report on the other" not in narrowed
    assert "because of spring" not in narrowed
    by_ann = browse(ben).get(f"/curating/audit/?who={ann.email}").text
    assert "because of spring" in by_ann
    assert f"{ann.email}, by scorer root@x" in by_ann
    assert "score somebody" not in by_ann
    assert browse(ben).get("/curating/audit/?kind=nonsense&study=x&page=z").status_code == 200


def test_lists_take_as_many_queries_whatever_they_hold(ann, browse, django_assert_max_num_queries):
    track, browser = make_track(), browse(ann)
    for _ in range(3):
        make_step(make_study(track=track), S.SEALED, is_open=True)
    with django_assert_max_num_queries(12):
        browser.get("/curating/")
    study = make_study(state=S.LIVE, track=track)
    for _ in range(5):
        make_sealed_score(study, released=SCORE)
    with django_assert_max_num_queries(32):
        browser.get(f"/curating/{study.pk}/")
