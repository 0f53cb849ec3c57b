"""Teams: found one, see who is in it, invite, join, leave, remove."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.models import Membership, Team
from leaderboard.pages.doors import PersonsRequest, persons_page, tell
from leaderboard.reads import teams as reads
from leaderboard.submitting import access
from leaderboard.submitting import teams as writes
from leaderboard.submitting.errors import Refused


class FoundForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name of the team", help_text="As it will stand on the boards.")


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address", help_text="A message with a link goes there; who opens it joins as a member."
    )


@require_http_methods(["GET", "POST"])
@persons_page
def teams(request: PersonsRequest) -> HttpResponse:
    form = FoundForm(request.POST or None)
    if form.is_valid():
        try:
            made = writes.found(request.user, form.cleaned_data["name"])
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, f"{made} is founded, and you own it.")
            return redirect("team", made.slug)
    page = {
        "form": form,
        "memberships": reads.memberships_of(request.user),
        "invitations": reads.invitations_to(request.user),
    }
    return render(request, "teams/list.html", page, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@persons_page
def team(request: PersonsRequest, slug: str) -> HttpResponse:
    """Its people; an owner invites by POST."""
    one = _team(request, slug)
    form = InviteForm(request.POST or None)
    if form.is_valid():
        try:
            invitation = writes.invite(request.user, one, form.cleaned_data["email"])
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, f"An invitation is on its way to {invitation.email}.")
            return redirect("team", one.slug)
    page = {
        "team": one,
        "form": form,
        "members": reads.members_of(one),
        "invitations": reads.open_invitations_of(one),
        "may_own": access.may_own(request.user, one),
        "role": access.role_in(request.user, one),
    }
    return render(request, "teams/team.html", page, status=400 if form.errors else 200)


@require_POST
@persons_page
def role(request: PersonsRequest, slug: str, member_id: int) -> HttpResponse:
    one = _team(request, slug)
    membership = _membership(one, member_id)
    writes.change_role(request.user, one, membership.person, request.POST.get("role", ""))
    messages.success(request, f"{membership.person} has another role now.")
    return redirect("team", one.slug)


@require_http_methods(["GET", "POST"])
@persons_page
def remove(request: PersonsRequest, slug: str, member_id: int) -> HttpResponse:
    """A member by an owner, or oneself."""
    one = _team(request, slug)
    person = _membership(one, member_id).person
    is_oneself = person == request.user
    if request.method == "POST":
        writes.remove(request.user, one, person)
        messages.success(request, f"You have left {one}." if is_oneself else f"{person} is no longer in {one}.")
        return redirect("teams") if is_oneself else redirect("team", one.slug)
    title = f"Leave {one}?" if is_oneself else f"Remove {person} from {one}?"
    lead = "Models and submissions stay with the team. Coming back takes an invitation."
    page = {"title": title, "lead": lead, "action": "Leave" if is_oneself else "Remove", "team": one}
    return render(request, "teams/confirm.html", page)


@require_POST
@persons_page
def uninvite(request: PersonsRequest, slug: str, invitation_id: int) -> HttpResponse:
    one = _team(request, slug)
    invitation = access.one(reads.open_invitations_of(one), pk=invitation_id)
    writes.uninvite(request.user, invitation)
    messages.success(request, f"The invitation to {invitation.email} is void.")
    return redirect("team", one.slug)


@require_http_methods(["GET", "POST"])
@persons_page
def join(request: PersonsRequest, token: str) -> HttpResponse:
    if request.method == "POST":
        joined = writes.accept(request.user, token).team
        messages.success(request, f"You are in {joined} now.")
        return redirect("team", joined.slug)
    return render(request, "teams/join.html", {"invitation": writes.invited(token)})


def _team(request: PersonsRequest, slug: str) -> Team:
    return access.one(access.teams_seen_by(request.user), slug=slug)


def _membership(one: Team, member_id: int) -> Membership:
    return access.one(reads.members_of(one), person=member_id)
