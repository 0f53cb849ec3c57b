"""What is settled of a request before anything reads its body, and of an answer before it leaves."""

from collections.abc import Callable
from http import HTTPStatus

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control

from leaderboard.api.problems import MEDIA_TYPE, Problem, problem
from leaderboard.sealed.intake import MOST_BYTES
from leaderboard.submitting.access import is_curator

ARCHIVE_FORM, STUDY_FORM = "submit", "curating"
MOST_BESIDE_ARCHIVE_BYTES = 1 << 20
OF_DJANGOS_OWN = (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)
Door = Callable[[HttpRequest], HttpResponse]


def answers_have_a_policy(answer: Door) -> Door:
    """The same for all, so it is put together once: django-csp's own middleware does that for every answer, and takes a
    tenth of the time of one that says "unchanged". Pages that Django draws of faults while DEBUG is on need none."""
    policy = build_policy()

    def door(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if not (settings.DEBUG and response.status_code in OF_DJANGOS_OWN):
            response.setdefault("Content-Security-Policy", policy)
        return response

    return door


def bodies_are_bounded(answer: Door) -> Door:
    """A form with files goes to disk while it is read, for whoever sends it and whatever its size: the check of its
    token already reads it. So what it says of its length is looked at first; a server reads no further than that."""

    def door(request: HttpRequest) -> HttpResponse:
        if request.content_type == "multipart/form-data" and _length(request) > _most_bytes(request):
            return _too_large(request)
        return answer(request)

    return door


def answers_are_their_readers(answer: Door) -> Door:
    """A page names whoever is signed in: one that says nothing of caches is kept by its reader's own, and asked for
    again."""

    def door(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if request.session.accessed and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return door


def _length(request: HttpRequest) -> int:
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else 0


def _most_bytes(request: HttpRequest) -> int:
    if request.path == reverse(ARCHIVE_FORM) and request.user.is_authenticated:
        return MOST_BESIDE_ARCHIVE_BYTES + settings.UPLOAD_MOST_BYTES
    takes_study = request.path == reverse(STUDY_FORM) and is_curator(request.user)
    return MOST_BESIDE_ARCHIVE_BYTES + (MOST_BYTES if takes_study else 0)


def _too_large(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = problem(Problem.TOO_LARGE, "No form of this size is taken here.")
        return JsonResponse(body, status=413, content_type=MEDIA_TYPE)
    sentence = (
        "This is too large for the form. Push the image to a registry, or send the archive in pieces by the API.\n"
    )
    return HttpResponse(sentence, status=413, content_type="text/plain")
