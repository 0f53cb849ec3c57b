"""Teams: founded, joined by invitation alone, never without an owner."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail, signing
from django.utils import timezone

from leaderboard.models import Invitation, Membership, Team
from leaderboard.submitting import access, teams
from tests.site import builders
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once


def role(person, team):
    return access.role_in(person, team)


def test_who_founds_a_team_owns_it(cast):
    team = teams.found(cast.stranger, "  Groupe   Köln ")
    assert (team.name, team.slug, role(cast.stranger, team)) == ("Groupe Köln", "groupe-koln", "owner")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\0", "\u0410lpha", "a\u202eb", "<script>", "-", "\ud800"])
def test_a_name_that_could_deceive_is_refused(cast, name):
    assert refusal(teams.found, cast.owner, name).field == "name"


def test_a_team_is_named_once_however_it_is_written(cast):
    teams.found(cast.owner, "Alpha Lab")
    assert refusal(teams.found, cast.stranger, "ALPHA  lab").code == "name_taken"


def test_names_that_differ_have_addresses_that_differ(cast):
    teams.found(cast.owner, "Alpha Lab")
    assert teams.found(cast.stranger, "Alpha (Lab)").slug == "alpha-lab-2"


def test_a_person_owns_few_teams(cast):
    for number in range(teams.MOST_OWNED - 1):
        teams.found(cast.owner, f"Mine {number}")
    assert refusal(teams.found, cast.owner, "One more").code == "too_many_teams"


@pytest.mark.django_db(transaction=True)
def test_a_name_asked_for_at_once_is_given_once(cast):
    results = at_once(*[lambda who=who: teams.found(who, "Same") for who in (cast.owner, cast.stranger)])
    assert sorted(map(str, results)) == ["Same", "name_taken"]


@pytest.mark.django_db(transaction=True)
def test_the_bound_on_teams_holds_when_all_are_founded_at_once(cast):
    results = at_once(*[lambda n=n: teams.found(cast.owner, f"Mine {n}") for n in range(6)])
    assert results.count("too_many_teams") == 2


# Invitations


def token_in_mail():
    return mail.outbox[-1].body.split("/teams/join/")[1].split("/")[0]


def test_an_invitation_is_mailed_and_makes_a_member(cast):
    teams.invite(cast.owner, cast.team, cast.stranger.email.upper())
    assert mail.outbox[0].to == [cast.stranger.email]
    assert teams.accept(cast.stranger, token_in_mail()).role == "member"
    assert role(cast.stranger, cast.team) == "member"


def test_an_invitation_opens_once(cast):
    teams.invite(cast.owner, cast.team, cast.stranger.email)
    teams.accept(cast.stranger, token_in_mail())
    teams.remove(cast.owner, cast.team, cast.stranger)
    assert refusal(teams.accept, cast.stranger, token_in_mail()).code == "no_invitation"


def test_an_invitation_is_for_its_address_alone(cast):
    teams.invite(cast.owner, cast.team, "new@example.org")
    assert refusal(teams.accept, cast.stranger, token_in_mail()).status == 403
    EmailAddress.objects.create(user=cast.stranger, email="New@example.org", verified=False)
    assert refusal(teams.accept, cast.stranger, token_in_mail()).status == 403
    EmailAddress.objects.filter(email__iexact="new@example.org").update(verified=True)
    assert teams.accept(cast.stranger, token_in_mail()).team == cast.team


def test_a_newer_invitation_voids_the_older_one(cast):
    teams.invite(cast.owner, cast.team, cast.stranger.email)
    older = token_in_mail()
    teams.invite(cast.owner, cast.team, cast.stranger.email)
    assert refusal(teams.invited, older).status == 404
    assert teams.invited(token_in_mail()).team == cast.team


def test_an_invitation_that_is_taken_back_is_void(cast):
    invitation = teams.invite(cast.owner, cast.team, cast.stranger.email)
    teams.uninvite(cast.owner, invitation)
    assert refusal(teams.accept, cast.stranger, token_in_mail()).code == "no_invitation"


def test_an_old_invitation_is_void(cast, monkeypatch):
    teams.invite(cast.owner, cast.team, cast.stranger.email)
    later = timezone.now() + teams.INVITATION_KEPT + timedelta(seconds=1)
    monkeypatch.setattr(signing.time, "time", later.timestamp)
    assert refusal(teams.accept, cast.stranger, token_in_mail()).code == "no_invitation"


@pytest.mark.parametrize("token", ["", "x", "a\0b", "1:2:3", "\ud800", "x" * 100_000])
def test_a_token_that_we_did_not_sign_opens_nothing(cast, token):
    assert refusal(teams.accept, cast.stranger, token).status == 404


@pytest.mark.parametrize(
    "email", ["", "x", "a@b\nBcc: c@d.example", "a\0@example.org", "x" * 255 + "@example.org", "a@example.org, b@c.org"]
)
def test_what_is_no_address_is_refused(cast, email):
    assert refusal(teams.invite, cast.owner, cast.team, email).field == "email"
    assert mail.outbox == []


def test_a_team_mails_few_invitations_a_day(cast, monkeypatch):
    monkeypatch.setattr(teams, "INVITATIONS_A_DAY", 2)
    for number in range(2):
        teams.uninvite(cast.owner, teams.invite(cast.owner, cast.team, f"a{number}@example.org"))
    assert refusal(teams.invite, cast.owner, cast.team, "b@example.org").status == 429
    assert len(mail.outbox) == 2


def test_a_member_is_not_invited_again(cast):
    assert refusal(teams.invite, cast.owner, cast.team, cast.teammate.email).code == "is_member"


def test_mail_that_cannot_be_sent_leaves_no_open_invitation(cast, monkeypatch):
    def fails(*_args, **_values):
        raise OSError("no route to host")

    monkeypatch.setattr(teams, "send_mail", fails)
    assert refusal(teams.invite, cast.owner, cast.team, "new@example.org").code == "not_mailed"
    assert not Invitation.objects.filter(ended_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_link_opened_twice_at_once_makes_one_member(cast):
    token = teams.token_of(teams.invite(cast.owner, cast.team, cast.stranger.email))
    results = at_once(*[lambda: teams.accept(cast.stranger, token)] * 2)
    assert "no_invitation" in results
    assert Membership.objects.filter(team=cast.team, person=cast.stranger).count() == 1


# Roles


def test_the_last_owner_cannot_leave_be_removed_or_become_a_member(cast):
    assert refusal(teams.leave, cast.owner, cast.team).code == "last_owner"
    assert refusal(teams.change_role, cast.owner, cast.team, cast.owner, "member").code == "last_owner"
    teams.change_role(cast.owner, cast.team, cast.teammate, "owner")
    teams.leave(cast.owner, cast.team)
    assert (role(cast.owner, cast.team), role(cast.teammate, cast.team)) == (None, "owner")


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays(cast):
    teams.change_role(cast.owner, cast.team, cast.teammate, "owner")
    results = at_once(*[lambda who=who: teams.leave(who, cast.team) for who in (cast.owner, cast.teammate)])
    assert results.count("last_owner") == 1
    assert cast.team.memberships.filter(role="owner").count() == 1


def test_a_member_may_leave_and_change_nothing_else(cast):
    assert refusal(teams.invite, cast.teammate, cast.team, "a@example.org").status == 403
    assert refusal(teams.remove, cast.teammate, cast.team, cast.owner).status == 403
    assert refusal(teams.change_role, cast.teammate, cast.team, cast.teammate, "owner").status == 403
    assert refusal(teams.delete, cast.teammate, cast.team).status == 403
    teams.leave(cast.teammate, cast.team)
    assert role(cast.teammate, cast.team) is None


def test_a_stranger_finds_no_team(cast):
    for act, *more in (
        (teams.invite, "a@example.org"),
        (teams.remove, cast.owner),
        (teams.change_role, cast.owner, "member"),
        (teams.delete,),
        (teams.leave,),
    ):
        assert refusal(act, cast.stranger, cast.team, *more).status == 404


def test_there_are_two_roles(cast):
    assert refusal(teams.change_role, cast.owner, cast.team, cast.teammate, "king").field == "role"


def test_a_team_is_deleted_when_it_has_sent_nothing(cast):
    builders.make_model(team=cast.team)
    teams.delete(cast.owner, cast.team)
    assert not Team.objects.filter(pk=cast.team.pk).exists()


def test_a_team_that_has_submitted_stays(cast):
    builders.make_submission(team=cast.team, state="rejected")
    assert refusal(teams.delete, cast.owner, cast.team).code == "has_submissions"
