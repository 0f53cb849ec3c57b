"""Staff and curators reach nothing but their own account until they have a second factor; allauth then asks for it at
sign-in."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from leaderboard.submitting.access import needs_second_factor

OWN_ACCOUNT = "/accounts/"


def staff_need_second_factor(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def door(request: HttpRequest) -> HttpResponse:
        if _has_to_set_it_up(request):
            messages.warning(
                request,
                "Staff and curators need a second factor: set up an authenticator app or a security key first.",
            )
            return redirect("mfa_index")
        return answer(request)

    return door


def _has_to_set_it_up(request: HttpRequest) -> bool:
    return not request.path.startswith(OWN_ACCOUNT) and needs_second_factor(request.user)
