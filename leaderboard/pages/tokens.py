"""Tokens of the API: made, shown once, listed, revoked."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.api import tokens as writes
from leaderboard.models import Scope
from leaderboard.pages.doors import PersonsRequest, persons_page, tell
from leaderboard.submitting import access
from leaderboard.submitting.errors import Refused

SCOPES = [
    (Scope.READ.value, "read: see what you see"),
    (Scope.SUBMIT.value, "submit: that, and upload, submit and withdraw"),
]


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="Where it is used, so that you know which one to revoke.")
    scope = forms.ChoiceField(choices=SCOPES, initial=Scope.READ.value, widget=forms.RadioSelect)
    days = forms.IntegerField(
        min_value=1,
        max_value=writes.LONGEST_DAYS,
        initial=writes.USUAL_DAYS,
        label="Expires after so many days",
        help_text=f"{writes.LONGEST_DAYS} at most.",
    )


@require_http_methods(["GET", "POST"])
@persons_page
@sensitive_variables("secret")
def tokens(request: PersonsRequest) -> HttpResponse:
    form, secret = TokenForm(request.POST or None), None
    if form.is_valid():
        try:
            secret = _make(request, form.cleaned_data)
            form = TokenForm()
        except Refused as refused:
            tell(form, refused)
    page = {"form": form, "secret": secret, "tokens": writes.live(request.user)}
    return render(request, "tokens/list.html", page, status=400 if form.errors else 200)


@require_POST
@persons_page
def revoke(request: PersonsRequest, token_id: UUID) -> HttpResponse:
    token = access.one(writes.live(request.user), public_id=token_id)
    token.delete()
    messages.success(request, f"The token {token.name} opens nothing any more.")
    return redirect("tokens")


def _make(request: PersonsRequest, asked: dict[str, Any]) -> str:
    _token, secret = writes.make(request.user, name=asked["name"], scope=Scope(asked["scope"]), days=asked["days"])
    return secret
