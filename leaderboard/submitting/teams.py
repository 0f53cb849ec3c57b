"""Teams and who is in them. Every team has an owner; one comes in by an invitation to an address that is theirs."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard import audit
from leaderboard.models import Invitation, Membership, Person, Role, Submission, Team
from leaderboard.submitting import access, texts
from leaderboard.submitting.errors import Refused

MOST_OWNED = 5  # quotas are a team's, so teams are not free
INVITATIONS_A_DAY = 20  # of a team: the site mails nobody in bulk
INVITATION_KEPT = timedelta(days=7)
SALT = "leaderboard.submitting.teams"


def found(person: Person, name: str) -> Team:
    name = texts.name(name, field="name")
    with transaction.atomic():
        if _owns_enough(person):
            remedy = "Use one of them, or leave or delete one."
            raise Refused("too_many_teams", f"You own {MOST_OWNED} teams.", remedy, "name", 409)
        if Team.objects.filter(name__iexact=name).exists():
            raise _name_taken(name)
        try:
            team = texts.with_free_slug(name, lambda slug: Team.objects.create(name=name, slug=slug))
        except Refused:
            raise _name_taken(name) from None
        Membership.objects.create(team=team, person=person, role=Role.OWNER)
    return team


def invite(person: Person, team: Team, email: str) -> Invitation:
    """Mails a link to that address; an older one to it is void from then on."""
    access.demand(access.may_own, person, team)
    email = _address(email)
    if team.people.filter(emailaddress__email__iexact=email, emailaddress__verified=True).exists():
        raise Refused("is_member", "Somebody of that address is in the team.", "There is nothing to do.", "email", 409)
    with transaction.atomic():
        access.one(Team.objects.select_for_update(), pk=team.pk)
        now = timezone.now()
        if team.invitations.filter(created_at__gte=now - timedelta(days=1)).count() >= INVITATIONS_A_DAY:
            sentence = f"The team has sent {INVITATIONS_A_DAY} invitations in a day."
            raise Refused("too_many_invitations", sentence, "Go on tomorrow.", "email", 429)
        team.invitations.filter(email=email, ended_at=None).update(ended_at=now)
        invitation = Invitation.objects.create(team=team, email=email, invited_by=person)
    _mail(person, invitation)
    return invitation


def uninvite(person: access.Who, invitation: Invitation) -> None:
    access.demand(access.may_own, person, invitation.team)
    Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(ended_at=timezone.now())


def invited(token: str) -> Invitation:
    """The open invitation of a link."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=INVITATION_KEPT)
        return Invitation.objects.select_related("team", "invited_by").get(pk=pk, ended_at=None)
    except (signing.BadSignature, Invitation.DoesNotExist):
        remedy = "Ask an owner of the team for a new one."
        raise Refused("no_invitation", "This invitation is void or too old.", remedy, "token", 404) from None


def accept(person: Person, token: str) -> Membership:
    invitation = invited(token)
    if not EmailAddress.objects.filter(user=person, email__iexact=invitation.email, verified=True).exists():
        remedy = "Add the address that it was sent to to your account and confirm it, then open the link again."
        raise Refused("another_address", "This invitation is for another address.", remedy, "token", 403)
    with transaction.atomic():
        if not Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(ended_at=timezone.now()):
            return accept(person, token)  # overtaken a moment ago: says so
        membership, _ = Membership.objects.get_or_create(team=invitation.team, person=person)
    return membership


def change_role(person: access.Who, team: Team, member: Person, role: str) -> None:
    access.demand(access.may_own, person, team)
    if role not in Role.values:
        raise Refused("bad_role", "There is no such role.", f"Use {' or '.join(Role.values)}.", "role")
    with transaction.atomic():
        membership = _locked(team, member)
        if role != Role.OWNER:
            _demand_another_owner(membership)
        elif membership.role != Role.OWNER and _owns_enough(member):
            # Else who founds teams and hands them on has as many as they like, each with its quotas.
            remedy = "Make another member an owner."
            raise Refused("too_many_teams", f"{member} owns {MOST_OWNED} teams.", remedy, "role", 409)
        Membership.objects.filter(pk=membership.pk).update(role=role)


def remove(person: access.Who, team: Team, member: Person) -> None:
    """An owner removes anybody; everybody may leave."""
    if person != member:
        access.demand(access.may_own, person, team)
    with transaction.atomic():
        membership = _locked(team, member)
        _demand_another_owner(membership)
        audit.note(person, "leave" if person == member else "remove from the team", membership)
        membership.delete()


def leave(person: Person, team: Team) -> None:
    remove(person, team, person)


def delete(person: access.Who, team: Team) -> None:
    """A team that has submitted stays: its models are cited under its name."""
    access.demand(access.may_own, person, team)
    with transaction.atomic():
        access.one(Team.objects.select_for_update(), pk=team.pk)
        if Submission.objects.filter(model__team=team).exists():
            remedy = "Its people may leave it, all but one owner."
            raise Refused("has_submissions", f"{team.name} has submissions.", remedy, status=409)
        audit.note(person, "delete", team)
        team.models.all().delete()
        team.delete()


def token_of(invitation: Invitation) -> str:
    return signing.dumps(invitation.pk, salt=SALT)


def _address(email: str) -> str:
    email = texts.plain(email, field="email", most=254).lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("bad_email", "This is no e-mail address.", "Write name@example.org.", "email") from None
    return email


def _mail(person: Person, invitation: Invitation) -> None:
    link = settings.SITE_URL + reverse("join", args=[token_of(invitation)])
    text = (
        f"{person.email} invites you to the team {invitation.team.name}.\n\n"
        f"Open this within {INVITATION_KEPT.days} days to join it:\n\n{link}\n\n"
        "If you do not know what this is, do nothing.\n"
    )
    try:
        send_mail(f"Join {invitation.team.name} on Holdout", text, None, [invitation.email])
    except OSError as error:
        Invitation.objects.filter(pk=invitation.pk).update(ended_at=timezone.now())
        remedy = "Look at the address, and try again later."
        raise Refused("not_mailed", "The invitation could not be mailed.", remedy, "email", 503) from error


def _locked(team: Team, member: Person) -> Membership:
    """With the team's row locked, so that of two last owners one stays."""
    access.one(Team.objects.select_for_update(), pk=team.pk)
    membership = Membership.objects.filter(team=team, person=member).first()
    if membership is None:
        raise Refused("not_member", "That person is not in the team.", "There is nothing to do.", status=404)
    return membership


def _owns_enough(person: Person) -> bool:
    """With the person's row locked, so that two teams at once are counted one after the other."""
    Person.objects.select_for_update().get(pk=person.pk)
    return Membership.objects.filter(person=person, role=Role.OWNER).count() >= MOST_OWNED


def _demand_another_owner(membership: Membership) -> None:
    others = Membership.objects.filter(team=membership.team_id, role=Role.OWNER).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not others.exists():
        remedy = "Make another member an owner first."
        raise Refused("last_owner", "This is the team's last owner.", remedy, status=409)


def _name_taken(name: str) -> Refused:
    return Refused("name_taken", f"There is a team named {name}.", "Give another name.", "name", 409)
