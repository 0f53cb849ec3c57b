"""Somebody's own account: the name, and where the rest is changed."""

from allauth.mfa.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from leaderboard.pages.doors import PersonsRequest, persons_page, tell
from leaderboard.submitting import people as writes
from leaderboard.submitting.errors import Refused


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        required=False,
        help_text="As your teams read it. Left empty, it is the name that was made of your address.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


@require_http_methods(["GET", "POST"])
@persons_page
def account(request: PersonsRequest) -> HttpResponse:
    form = NameForm(request.POST or None, initial={"name": request.user.get_full_name()})
    if form.is_valid():
        try:
            writes.rename(request.user, form.cleaned_data["name"])
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, "Your name is changed.")
            return redirect("account")
    page = {
        "form": form,
        "has_second_factor": get_adapter().is_mfa_enabled(request.user),
        "signs_in_elsewhere": bool(settings.SOCIALACCOUNT_PROVIDERS),
    }
    return render(request, "account/account.html", page, status=400 if form.errors else 200)
