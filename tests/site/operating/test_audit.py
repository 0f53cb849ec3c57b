"""Whatever people of ours do is written down, once and for all."""

import json
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from leaderboard import audit
from leaderboard.admin.rows import do
from leaderboard.api import tokens
from leaderboard.management import commands
from leaderboard.management.audited import AuditedCommand
from leaderboard.models import Act, Host, Person, Scope, Submission, Team, Token, Track
from leaderboard.submitting import submissions, teams, uploads
from leaderboard.submitting.errors import Refused
from tests.site import builders

pytestmark = pytest.mark.django_db
READING = frozenset()
"""Commands that change nothing."""
ROWS = list(admin.site._registry.items())
DEEDS = [(kind, deed) for kind, rows in ROWS for deed in rows.deeds]
FIELDS = [(kind, field) for kind, rows in ROWS for field in rows.editable]


@pytest.fixture
def staff(client):
    person = builders.make_person(name="operator", staff=True)
    client.force_login(person)
    return person


def page(kind, what, *args):
    return reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_{what}", args=args)


def make(kind):
    """A row of this kind, made up as it has to be and no further."""
    builders.make_stage()
    builders.make_upload()
    found = kind._default_manager.first()
    if found is not None:
        return found
    if kind is Token:
        return tokens.make(builders.make_person(), name="one", scope=Scope.READ)[0]
    values = {}
    for field in kind._meta.concrete_fields:
        if field.many_to_one or field.one_to_one:
            values[field.name] = None if field.null else make(field.related_model)
    return kind._default_manager.create(**values | unique(kind))


def unique(kind):
    return {"Authenticator": {"type": "totp", "data": {}}}.get(kind.__name__, {})


@pytest.mark.parametrize(("kind", "deed"), DEEDS, ids=[f"{kind.__name__} {deed.name}" for kind, deed in DEEDS])
def test_everything_that_an_operator_may_do_to_a_row_is_written_down(rf, staff, monkeypatch, kind, deed):
    row = make(kind)
    done = []
    replaced = SimpleNamespace(act=lambda *_: done.append(row), name=deed.name, done="")
    request = rf.post("/", {"why": "because"})
    request.user, request._messages = staff, SimpleNamespace(add=lambda *_, **__: None)
    do(request, replaced, [row])
    written = Act.objects.get(what=deed.name)
    assert done == [row]
    key = str(getattr(row, "public_id", row.pk))
    assert (written.who, written.kind, written.row) == (staff.email, kind._meta.model_name, key)
    assert written.detail["why"] == "because"


@pytest.mark.parametrize(("kind", "deed"), DEEDS, ids=[f"{kind.__name__} {deed.name}" for kind, deed in DEEDS])
def test_nothing_that_is_asked_first_is_done_before_the_answer(client, staff, kind, deed):
    row = make(kind)
    sent = {"action": deed.name, "_selected_action": [str(row.pk)]}
    answer = client.post(page(kind, "changelist"), sent)
    is_asked = answer.status_code == 200 and "confirmed" in answer.text
    assert is_asked == deed.is_asked_first
    assert Act.objects.filter(what=deed.name).exists() <= (not is_asked)


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{kind.__name__} {field}" for kind, field in FIELDS])
def test_every_field_that_may_be_written_is_written_down_with_before_and_after(client, staff, kind, field):
    row = make(kind)
    before = getattr(row, field)
    after = (not before) if isinstance(before, bool) else 7 if field in ("per_day", "at_once") else "another"
    sent = {name: getattr(row, name) for name in admin.site._registry[kind].editable} | {field: after}
    sent = {name: value for name, value in sent.items() if value is not False and value is not None}
    inlines = {f"{prefix}-{count}": 0 for prefix in ("memberships",) for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = client.post(page(kind, "change", row.pk), sent | inlines)
    assert answer.status_code == 302, answer.context["errors"]
    written = Act.objects.get(what="change")
    assert (written.kind, written.row, written.person) == (kind._meta.model_name, str(row.pk), staff)
    assert (written.detail["before"][field], written.detail["after"][field]) == (before, after)


def test_an_act_says_from_where_and_under_which_request(client, staff):
    track = builders.make_track()
    sent = {"action": "pause", "_selected_action": [str(track.pk)]}
    client.post(page(Track, "changelist"), sent, headers={"X-Request-ID": "a-known-request"}, REMOTE_ADDR="192.0.2.7")
    written = Act.objects.get()
    assert (written.request_id, written.address, written.what) == ("a-known-request", "192.0.2.7", "pause")
    assert written.detail == {"before": {"is_open": True}, "after": {"is_open": False}}


def test_what_is_refused_is_not_written_down_as_done(client, staff):
    track = builders.make_track(is_open=False)
    client.post(page(Track, "changelist"), {"action": "pause", "_selected_action": [str(track.pk)]})
    assert not Act.objects.exists()


def test_a_quota_of_a_teams_own_is_added_and_taken_away_in_the_audit(client, staff):
    team, track = builders.make_team(), builders.make_track()
    sent = {"team": team.pk, "track": track.pk, "per_day": 9, "at_once": "", "why": "a class"}
    kind = team.quotas.model
    client.post(page(kind, "add"), sent)
    made = team.quotas.get()
    client.post(page(kind, "delete", made.pk), {"post": "yes"})
    assert list(Act.objects.order_by("pk").values_list("what", flat=True)) == ["add", "delete"]
    assert Act.objects.get(what="add").detail["after"]["per_day"] == 9
    assert Act.objects.get(what="delete").detail["before"]["why"] == "a class"


@pytest.mark.parametrize("statement", [
    "UPDATE leaderboard_act SET who = 'nobody'", "DELETE FROM leaderboard_act", "TRUNCATE leaderboard_act CASCADE",
])  # fmt: skip
def test_the_database_lets_nobody_change_the_audit(statement):
    audit.note(None, "look", builders.make_host())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leaderboard_act ENABLE TRIGGER acts_are_kept")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute("ALTER TABLE leaderboard_act DISABLE TRIGGER acts_are_kept")
    assert Act.objects.get().who == "the site"


def test_an_act_outlives_its_row_and_its_person():
    person, host = builders.make_person(name="leaver"), builders.make_host(name="old")
    audit.note(person, "look", host)
    host.delete()
    person.delete()
    written = Act.objects.get()
    assert (written.name, written.who.startswith("leaver-")) == ("old", True)


def test_an_act_and_its_line_are_undone_together():
    host = builders.make_host()
    with pytest.raises(ZeroDivisionError), audit.acting(None, "drain", host):
        Host.objects.update(is_draining=True)
        _ = 1 / 0
    assert not Act.objects.exists()
    assert not Host.objects.filter(is_draining=True).exists()


def test_secrets_do_not_come_into_the_audit():
    person = builders.make_person()
    with audit.acting(None, "change", person):
        Person.objects.filter(pk=person.pk).update(password="!new", is_active=False)
    assert Act.objects.get().detail == {"before": {"is_active": True}, "after": {"is_active": False}}


def test_withdrawing_and_deleting_are_written_down_whoever_does_it(monkeypatch):
    cast = builders.make_cast()
    entry = builders.make_submission(state="queued", team=cast.team)
    submissions.withdraw(cast.owner, entry)
    submissions.withdraw(cast.owner, entry)
    submissions.delete(cast.owner, entry)
    written = Act.objects.filter(row=str(entry.pk)).order_by("pk")
    assert [(act.what, act.who) for act in written] == [
        ("withdraw", cast.owner.email),
        ("delete with its data", cast.owner.email),
    ]
    assert written[0].detail == {"before": {"state": "queued"}, "after": {"state": "withdrawn"}}


def test_a_team_that_goes_and_people_who_are_put_out_are_written_down():
    cast = builders.make_cast()
    teams.remove(cast.owner, cast.team, cast.teammate)
    teams.delete(cast.owner, cast.team)
    assert list(Act.objects.order_by("pk").values_list("what", "kind")) == [
        ("remove from the team", "membership"),
        ("end of a membership", "membership"),
        ("delete", "team"),
        ("end of a membership", "membership"),  # its owner's
    ]
    assert not Team.objects.filter(pk=cast.team.pk).exists()


def test_an_archive_that_is_removed_is_written_down():
    upload = builders.make_upload()
    uploads.remove(upload.person, upload)
    assert Act.objects.get().detail == {"team": upload.team.name}


def test_an_operators_withdrawal_is_one_line(client, staff):
    entry = builders.make_submission(state="queued")
    sent = {"action": "withdraw", "_selected_action": [str(entry.pk)], "confirmed": "yes"}
    client.post(page(Submission, "changelist"), sent)
    assert Act.objects.get().detail["after"]["state"] == "withdrawn"


@pytest.mark.parametrize("name", [found.name for found in iter_modules(commands.__path__)])
def test_every_command_that_changes_something_is_written_down(name):
    command = import_module(f"leaderboard.management.commands.{name}").Command
    assert issubclass(command, BaseCommand)
    assert issubclass(command, AuditedCommand) != (name in READING)


def test_a_command_says_who_ran_it_with_what_and_how_it_ended():
    call_command("add_host", "here")
    with pytest.raises(CommandError):
        call_command("add_host", "../there")
    done, failed = Act.objects.order_by("pk")
    assert (done.what, done.detail) == ("add_host", {"options": {"name": "here"}})
    assert done.who.startswith("manage.py add_host, by ")
    assert "names no host" in failed.detail["failed"]


def test_the_audit_is_found_by_who_what_and_request(client, staff):
    audit.note(staff, "look", builders.make_host(name="here"))
    kind = page(Act, "changelist")
    for asked in (staff.email, "look", "here"):
        assert "look" in client.get(kind, {"q": asked}).text
    assert client.post(page(Act, "change", Act.objects.get().pk), {"who": "nobody"}).status_code == 403
    assert Act.objects.get().who == staff.email


def test_a_rows_history_is_what_the_audit_has_of_it(client, staff):
    host = builders.make_host()
    audit.note(staff, "look at this one", host)
    audit.note(staff, "look at another", builders.make_host())
    html = client.get(page(Host, "history", host.pk), follow=True).text
    assert ("look at this one</td>" in html, "look at another</td>" in html) == (True, False)


def test_a_value_of_any_kind_can_be_written_down():
    audit.note(None, "look", None, when=builders.timezone.now(), which={1: {2}}, refused=Refused("a", "b", "c"))
    assert json.dumps(Act.objects.get().detail)
