"""Operators' and curators' doors: nothing by a link, nothing without its token, nothing kept, no secret by a filter."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from leaderboard.admin.rows import ACTION_CHECKBOX_NAME, Rows, changelist
from leaderboard.models import Act, Host, Run, StudyStep
from leaderboard.states import StudyState
from tests.site.builders import make_host, make_person, make_run, make_track
from tests.site.curating.builders import make_step, make_study

pytestmark = pytest.mark.django_db
HIDING = [(kind, name) for kind, rows in admin.site._registry.items() if isinstance(rows, Rows) for name in rows.hidden]


@pytest.fixture
def staff():
    return make_person(name="staff", staff=True)


@pytest.fixture
def curator():
    return make_person(name="curator", curator=True)


def signed_in(person, **values):
    browser = Client(**values)
    browser.force_login(person)
    return browser


@pytest.mark.parametrize(("kind", "name"), HIDING, ids=lambda part: str(getattr(part, "__name__", part)))
@pytest.mark.parametrize("ask", ["", "__startswith", "__isnull", "__secret__startswith"])
def test_what_operators_do_not_see_they_cannot_filter_by(staff, kind, name, ask):
    answer = signed_in(staff).get(changelist(kind, **{f"{name}{ask}": "a"}))
    assert answer.status_code == 400


def test_nothing_is_done_by_a_link(staff):
    browser, host, run = signed_in(staff), make_host(), make_run(state="parked")
    for row, deed in ((host, "drain"), (host, "empty"), (run, "release")):
        chosen = {"action": deed, ACTION_CHECKBOX_NAME: row.pk, "confirmed": "1", "why": "x", "index": 0}
        browser.get(changelist(type(row)), chosen)
        browser.get(reverse(f"admin:leaderboard_{type(row)._meta.model_name}_change", args=[row.pk]), chosen)
    assert not Host.objects.get(pk=host.pk).is_draining
    assert Run.objects.get(pk=run.pk).state == "parked"
    assert not Act.objects.exists()


@pytest.fixture
def study():
    return make_study(state=StudyState.DRAFT, track=make_track())


def forms(study):
    at = f"/curating/{study.pk}/"
    step = make_step(study, "sealed", is_open=True)
    return ["/curating/", f"{at}step/", f"{at}step/{step.pk}/", f"{at}dry-run/", f"{at}rules/", f"{at}scorer/"]


def test_no_curators_form_is_taken_without_its_token(curator, study):
    browser = signed_in(curator, enforce_csrf_checks=True)
    for address in forms(study):
        sent = {"answer": "confirm", "looks": 100, "why": "x", "what": "report"}
        assert browser.post(address, sent).status_code == 403, address
    api = browser.post("/api/v1/studies/?track=x", b"x", content_type="application/octet-stream")
    assert api.status_code == 403
    study.refresh_from_db()
    assert (study.state, study.looks) == (StudyState.DRAFT, make_study().looks)
    assert StudyStep.objects.filter(study=study, answered_at=None).count() == 1


def test_no_operators_form_is_taken_without_its_token(staff):
    browser, host = signed_in(staff, enforce_csrf_checks=True), make_host()
    assert browser.post(changelist(Host), {"action": "drain", ACTION_CHECKBOX_NAME: host.pk}).status_code == 403
    assert not Host.objects.get(pk=host.pk).is_draining


def test_what_operators_and_curators_see_is_kept_by_nobody(staff, curator, study):
    at = f"/curating/{study.pk}/"
    for address in ("/curating/", at, f"{at}step/", f"{at}dry-run/", "/curating/audit/"):
        _is_kept_by_nobody(signed_in(curator).get(address))
    for address in ("/api/v1/studies/", f"/api/v1/studies/{study.study_id}/"):
        _is_kept_by_nobody(signed_in(curator).get(address))
    for address in ("/admin/", changelist(Host), changelist(Act), f"/admin/leaderboard/sealedstudy/{study.pk}/change/"):
        answer = signed_in(staff).get(address)
        _is_kept_by_nobody(answer)
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def _is_kept_by_nobody(answer):
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("name", ["study", "kind", "who", "page"])
@pytest.mark.parametrize("value", ["%00", "-1", "9" * 40, "9" * 5000, "%ED%A0%80", "<script>alert(1)</script>", "%25_"])
def test_no_query_breaks_the_audit(curator, study, name, value):
    answer = signed_in(curator, raise_request_exception=False).get(f"/curating/audit/?{name}={value}")
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize("value", ["\0", "9" * 40, "-1", "\ud7ff", "x" * 5000])
def test_no_field_breaks_a_curators_form(curator, study, value):
    browser = signed_in(curator, raise_request_exception=False)
    sent = dict.fromkeys(("track", "why", "answer", "looks", "kept_out", "what", "file"), value)
    for address in forms(study):
        if not address.endswith("/scorer/"):
            assert browser.post(address, sent).status_code < 500, address
    for track in ("%00", "9" * 5000, "<script>"):
        answer = browser.post(f"/api/v1/studies/?track={track}", b"x", content_type="application/octet-stream")
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.0.2.7:4711", None),
        ("unix:", None),
        ("'; DROP TABLE", None),
        ("\x1b[2J", None),
    ],
)
def test_an_act_is_written_down_whatever_a_proxy_says_of_its_address(curator, study, settings, said, known):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    answer = signed_in(curator).post(
        f"/curating/{study.pk}/rules/", {"looks": 3}, HTTP_X_FORWARDED_FOR=said, HTTP_X_FORWARDED_PROTO="https"
    )
    assert answer.status_code == 302
    assert Act.objects.get(kind="sealedstudy").address == known
