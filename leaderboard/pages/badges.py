"""A model's rank or score as a small SVG, for the README of whoever made it."""

import hashlib
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.html import format_html
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from leaderboard.pages.figures import metric_name, text
from leaderboard.reads.badges import Standing, standing
from leaderboard.reads.boards import USUAL_METRIC

KEPT_S = 300
"""Others' pages ask through caches of their own; a rank may be five minutes old there."""
NARROW, USUAL, BOLD = 3.7, 6.6, 1.1
PAD = 7


@dataclass(frozen=True, slots=True)
class Theme:
    label: str
    label_ink: str
    ink: str
    colours: dict[str, str]


THEMES = {  # of the site's own colours; ink on each is told from it at 4.5:1 or more
    "light": Theme("#59616a", "#ffffff", "#ffffff", {"known": "#0b5a7a", "unknown": "#6d5a3a", "withdrawn": "#8a2c20"}),
    "dark": Theme("#343a40", "#e7e8e5", "#0b2430", {"known": "#7fc6e4", "unknown": "#e6b968", "withdrawn": "#f2998c"}),
}
SAYS = ("rank", "score")


@require_safe
def badge(request: HttpRequest, slug: str) -> HttpResponseBase:
    track, of, theme = (
        request.GET.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}") for name in ("track", "of", "theme")
    )
    of, theme = of or SAYS[0], theme or "light"
    if of not in SAYS or theme not in THEMES:
        wrong = f"There is no badge of “{of[:40]}” in “{theme[:40]}”; ask for rank or score, light or dark."
        return HttpResponse(wrong, status=400, content_type="text/plain; charset=utf-8")
    found = standing(slug, track)
    if found is None:
        raise Http404("There is no published model of this name there.")
    body = svg(found, of=of, theme=THEMES[theme]).encode()
    etag = quote_etag(hashlib.sha256(body).hexdigest()[:32])
    whole = HttpResponse(body, content_type="image/svg+xml", headers={"ETag": etag})
    answer = get_conditional_response(request, etag=etag, response=whole) or whole
    patch_cache_control(answer, public=True, max_age=KEPT_S)
    return answer


def svg(found: Standing, *, of: str, theme: Theme) -> str:
    said, state = _said(found, of)
    label = "Holdout rank" if of == "rank" else "Holdout skill"
    left, right = round(_width(label)) + 2 * PAD, round(_width(said) * BOLD) + 2 * PAD
    title = f"{found.model} on {found.track}: {_in_words(found, of)}"
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" viewBox="0 0 {width} 20" role="img" '
        'aria-labelledby="badge-title"><title id="badge-title">{title}</title>'
        '<clipPath id="round"><rect width="{width}" height="20" rx="4"/></clipPath>'
        '<g clip-path="url(#round)"><rect width="{left}" height="20" fill="{label_fill}"/>'
        '<rect x="{left}" width="{right}" height="20" fill="{fill}"/></g>'
        '<g font-family="Verdana, DejaVu Sans, Geneva, sans-serif" font-size="11" aria-hidden="true">'
        '<text x="{pad}" y="14" fill="{label_ink}" textLength="{label_length}">{label}</text>'
        '<text x="{x}" y="14" fill="{ink}" font-weight="bold" textLength="{length}">{said}</text></g></svg>\n',
        width=f"{left + right:g}",
        title=title,
        left=f"{left:g}",
        right=f"{right:g}",
        label_fill=theme.label,
        fill=theme.colours[state],
        label_ink=theme.label_ink,
        ink=theme.ink,
        pad=PAD,
        x=f"{left + PAD:g}",
        label_length=f"{left - 2 * PAD:g}",
        length=f"{right - 2 * PAD:g}",
        label=label,
        said=said,
    )


def _said(found: Standing, of: str) -> tuple[str, str]:
    if found.is_withdrawn:
        return "withdrawn", "withdrawn"
    shown = found.rank if of == "rank" else text(found.score) if found.score is not None else ""
    return (shown, "known") if shown else ("n/a", "unknown")


def _in_words(found: Standing, of: str) -> str:
    said, state = _said(found, of)
    if state == "withdrawn":
        return "withdrawn by its team"
    if of == "rank":
        return f"rank {said}" if state == "known" else "not ranked"
    return f"{metric_name(USUAL_METRIC).lower()} {said}" if state == "known" else "its score is undefined"


def _width(words: str) -> float:
    """About as wide as Verdana draws it; textLength makes it fit."""
    return sum(NARROW if sign in "il.,:;|'! " else USUAL for sign in words)
