"""How a score is cited: the same facts as text and as BibTeX, both with the link that never shows other scores."""

import unicodedata
from typing import Any

from django.conf import settings
from django.urls import reverse

from leaderboard.models import Model, Submission
from leaderboard.pages.figures import MINUS, figure

PUBLISHER = "Holdout"
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
}


def permanent_link(model: Model, version: int) -> str:
    return settings.SITE_URL + reverse("model_version", args=[model.slug, version])


def plain_citation(model: Model, version: Submission, score: Any) -> str:
    date = f", {version.published_at:%Y-%m-%d}" if version.published_at else ""
    facts = f"{_line(model.team.name)}: {_line(model.name)}, version {version.version}. {_score(score)} on the track "
    facts += f"“{_line(version.track.title)}” of release {version.track.release} "
    facts += f"(id {version.track.release.release_id[:16]}). "
    return f"{facts}{PUBLISHER}{date}. {permanent_link(model, version.version)}"


def bibtex(model: Model, version: Submission, score: Any) -> str:
    release = version.track.release
    name, track = _tex(model.name), _tex(version.track.title)
    said = {
        "title": f"{{{name}}}, version {version.version}: score on the track {{{track}}}",
        "author": f"{{{_tex(model.team.name)}}}",
        "howpublished": PUBLISHER,
        "url": permanent_link(model, version.version),
        "note": f"{_tex(_score(score))}; release {_tex(str(release))}, id {release.release_id[:16]}",
    }
    if version.published_at:
        said |= {"year": f"{version.published_at:%Y}", "month": f"{version.published_at:%m}".lstrip("0")}
        said |= {"date": f"{version.published_at:%Y-%m-%d}"}
    fields = "".join(f"  {name} = {{{text}}},\n" for name, text in said.items())
    return f"@misc{{holdout-{model.slug}-v{version.version},\n{fields}}}\n"


def badge_markdown(model: Model) -> str:
    """For a README: the badge, which leads to the model's page."""
    badge, page = (settings.SITE_URL + reverse(name, args=[model.slug]) for name in ("badge", "model"))
    return f"[![Rank on {PUBLISHER}]({badge})]({page})"


def _score(score: Any) -> str:
    shown = figure(score)
    if shown.reason:
        return "Skill over mean effects undefined"
    interval = f" (95% interval {shown.range})" if shown.range else ""
    return f"Skill over mean effects {shown.text}{interval}".replace(MINUS, "-")


def _line(text: str) -> str:
    """One line, without what turns or hides the text around it."""
    kept = (sign for sign in text if sign.isspace() or unicodedata.category(sign) not in ("Cf", "Cc"))
    return " ".join("".join(kept).split())


def _tex(text: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in _line(text))
