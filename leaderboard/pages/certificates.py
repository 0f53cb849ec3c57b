"""Signed certificates of published scores, and the keys that they are checked with."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from evaluator.sealing import keys
from evaluator.sealing.errors import SealingError
from leaderboard.models import Certificate
from leaderboard.reads.certificates import certificates_of
from leaderboard.sealed.certificates import as_file


@require_safe
def certificate(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """The newest one of a version's score on open studies, or on `?study=`; `?number=` counts from the oldest, 0."""
    study = request.GET.get("study", "").replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL has no NUL in texts
    found = list(certificates_of(slug, version, study=study))
    one = _chosen(found, request.GET.get("number", "-1"))
    response = HttpResponse(as_file(one), content_type="application/json")
    response["Content-Disposition"] = f'inline; filename="{slug}-v{version}.certificate.json"'
    return response


@require_safe
def public_keys(_request: HttpRequest) -> HttpResponse:
    """What `holdout seal` and `holdout verify` are given; null where this site has no scorer."""
    return JsonResponse({str(kind): public_key(kind) for kind in keys.Kind})


def _chosen(found: list[Certificate], number: str) -> Certificate:
    try:
        return found[int(number)]
    except (ValueError, IndexError):
        raise Http404("There is no such certificate.") from None


def public_key(kind: keys.Kind) -> str | None:
    """None where this site has no scorer."""
    try:
        return keys.public_key(settings.SCORER_PUBLIC, kind).text
    except SealingError:
        return None
