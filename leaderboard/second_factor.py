"""Staff reach nothing but their own account until they have a second factor; allauth then asks for it at sign-in."""

from collections.abc import Callable

from allauth.mfa.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

OWN_ACCOUNT = "/accounts/"


def staff_need_second_factor(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def door(request: HttpRequest) -> HttpResponse:
        if _has_to_set_it_up(request):
            messages.warning(
                request, "Staff need a second factor: set up an authenticator app or a security key first."
            )
            return redirect("mfa_index")
        return answer(request)

    return door


def _has_to_set_it_up(request: HttpRequest) -> bool:
    person = request.user
    if not (person.is_authenticated and person.is_staff) or request.path.startswith(OWN_ACCOUNT):
        return False
    return not get_adapter().is_mfa_enabled(person)
