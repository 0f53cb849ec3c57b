"""What every page shows."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

from leaderboard.submitting.access import is_curator


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    url: str
    is_here: bool


NAVIGATION = (
    ("boards", "Boards"),
    ("compare", "Compare"),
    ("releases", "Releases"),
    ("how", "How it works"),
    ("status", "Status"),
    ("submit", "Submit"),
)
ACCOUNT_NAVIGATION = (("submissions", "Submissions"), ("teams", "Teams"), ("tokens", "Tokens"))
CURATORS_NAVIGATION = (("curating", "Sealed studies"),)


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "is_demonstration": settings.DEMONSTRATION,
        "mail_folder": settings.EMAIL_FILE_PATH if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend") else "",
        "navigation": _entries(NAVIGATION, request.path),
        "account_navigation": _entries(_account_navigation(request), request.path),
    }


def _account_navigation(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    who = getattr(request, "user", AnonymousUser())  # a request may be refused before anybody is known
    return (*ACCOUNT_NAVIGATION, *(CURATORS_NAVIGATION if is_curator(who) else ()))


def _entries(names: tuple[tuple[str, str], ...], path: str) -> list[Entry]:
    return [Entry(label, url, path.startswith(url)) for label, url in _urls(names)]


@cache
def _urls(names: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(label, reverse(name)) for name, label in names]
