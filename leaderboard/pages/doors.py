"""What the doors for people share: who is let in, and what a refusal becomes."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from leaderboard.models import Person
from leaderboard.submitting.errors import Refused

P = ParamSpec("P")


class PersonsRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: Person
    htmx: HtmxDetails


def persons_page(
    view: Callable[Concatenate[PersonsRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For people alone: others sign in first. What is refused is said in a page of its own."""

    @never_cache
    @wraps(view)
    def door(request: PersonsRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            # A fragment of a page whose session has ended: the sign-in page would be swapped into its middle.
            return HttpResponseClientRefresh() if request.htmx else redirect_to_login(request.get_full_path())
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            return render(
                request, "refused.html", {"refused": refused, "remedy": marked(refused.remedy)}, status=refused.status
            )

    return door  # type: ignore[return-value]  # Django's own request becomes ours by the check


def marked(text: str) -> SafeString:
    """Text of ours with its `code` as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if n % 2 else part,) for n, part in enumerate(parts))
    )


def tell(form: BaseForm, refused: Refused) -> None:
    """Put a refusal beside the field that has to change."""
    form.add_error(refused.field if refused.field in form.fields else None, f"{refused} {refused.remedy}")
