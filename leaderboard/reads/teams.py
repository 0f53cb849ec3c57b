"""Teams, who is in them and who is asked in."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Count, QuerySet
from django.utils import timezone

from leaderboard.models import Invitation, Membership, Person, Team
from leaderboard.submitting.teams import INVITATION_KEPT, token_of


@dataclass(frozen=True, slots=True)
class Asked:
    """An open invitation to one of somebody's own addresses, with what opens it."""

    invitation: Invitation
    token: str


def memberships_of(person: Person) -> QuerySet[Membership]:
    """With `n_people` of each team."""
    return (
        person.memberships.select_related("team")
        .annotate(n_people=Count("team__memberships"))
        .order_by("team__name", "team_id")
    )


def members_of(team: Team) -> QuerySet[Membership]:
    """Owners first."""
    return team.memberships.select_related("person").order_by("-role", "person__username", "person_id")


def invitations_to(person: Person) -> list[Asked]:
    """Those that were sent to an address that is confirmed to be theirs."""
    addresses = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    lowered = [address.lower() for address in addresses]
    found = _open(Invitation.objects.filter(email__in=lowered)).select_related("team", "invited_by")
    return [Asked(invitation, token_of(invitation)) for invitation in found]


def open_invitations_of(team: Team) -> QuerySet[Invitation]:
    return _open(team.invitations.all())


def _open(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    since = timezone.now() - INVITATION_KEPT
    return invitations.filter(ended_at=None, created_at__gt=since).order_by("-created_at", "id")
