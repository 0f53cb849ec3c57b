"""Teams and who is in them."""

import re

import pytest
from django.urls import reverse

from leaderboard.models import Role, Team
from leaderboard.submitting import teams as writes
from tests.site.builders import make_cast, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(client):
    cast = make_cast()
    client.force_login(cast.owner)
    return cast


def test_somebody_founds_a_team_and_owns_it(client):
    person = make_person()
    client.force_login(person)
    assert client.post(reverse("teams"), {"name": "Drugs & Cells"}).url == reverse("team", args=["drugs-cells"])
    assert Team.objects.get(name="Drugs & Cells").memberships.get().role == Role.OWNER


def test_a_name_that_is_taken_is_said_beside_the_field(client, cast):
    answer = client.post(reverse("teams"), {"name": cast.team.name.upper()})
    assert answer.status_code == 400
    assert "There is a team named" in re.search(r'id="id_name_error">(.*?)</ul>', answer.text)[1]


def test_an_owner_invites_and_the_invited_joins_by_the_link(client, cast, mailoutbox):
    invited = make_person(name="invited")
    client.post(reverse("team", args=[cast.team.slug]), {"email": invited.email})
    path = re.search(r"http://[^/]+(/teams/join/\S+)", mailoutbox[0].body)[1]
    client.force_login(invited)
    assert f"Join {cast.team}?" in client.get(path).text
    client.post(path)
    assert cast.team.memberships.get(person=invited).role == Role.MEMBER


def test_an_invitation_is_seen_on_the_page_of_ones_teams_too(client, cast):
    writes.invite(cast.owner, cast.team, cast.stranger.email)
    client.force_login(cast.stranger)
    page = client.get(reverse("teams")).text
    client.post(re.search(r'action="(/teams/join/[^"]+)"', page)[1])
    assert cast.team.people.contains(cast.stranger)


def test_an_invitation_to_another_address_opens_nothing(client, cast):
    token = writes.token_of(writes.invite(cast.owner, cast.team, "new@example.org"))
    client.force_login(cast.stranger)
    answer = client.post(reverse("join", args=[token]))
    assert answer.status_code == 403
    assert "This invitation is for another address." in answer.text


def test_an_invitation_can_be_taken_back(client, cast):
    invitation = writes.invite(cast.owner, cast.team, "new@example.org")
    client.post(reverse("uninvite", args=[cast.team.slug, invitation.pk]))
    assert client.get(reverse("join", args=[writes.token_of(invitation)])).status_code == 404


def test_an_owner_removes_a_member_after_being_asked(client, cast):
    path = reverse("remove_member", args=[cast.team.slug, cast.teammate.pk])
    assert f"Remove {cast.teammate} from {cast.team}?" in client.get(path).text
    client.post(path)
    assert not cast.team.people.contains(cast.teammate)


def test_a_member_leaves_and_removes_nobody_else(client, cast):
    client.force_login(cast.teammate)
    assert client.post(reverse("remove_member", args=[cast.team.slug, cast.owner.pk])).status_code == 403
    client.post(reverse("remove_member", args=[cast.team.slug, cast.teammate.pk]))
    assert list(cast.team.people.all()) == [cast.owner]


def test_the_last_owner_stays(client, cast):
    answer = client.post(reverse("remove_member", args=[cast.team.slug, cast.owner.pk]))
    assert answer.status_code == 409
    assert "Make another member an owner first." in answer.text


def test_an_owner_makes_a_member_an_owner(client, cast):
    client.post(reverse("change_role", args=[cast.team.slug, cast.teammate.pk]), {"role": "owner"})
    assert cast.team.memberships.get(person=cast.teammate).role == Role.OWNER


def test_a_member_sees_who_is_in_the_team_and_no_way_to_change_it(client, cast):
    client.force_login(cast.teammate)
    page = client.get(reverse("team", args=[cast.team.slug])).text
    assert cast.owner.email in page
    assert "Invite somebody" not in page
    assert "Make a" not in page


def test_a_stranger_sees_no_team(client, cast):
    client.force_login(cast.stranger)
    assert client.get(reverse("team", args=[cast.team.slug])).status_code == 404
