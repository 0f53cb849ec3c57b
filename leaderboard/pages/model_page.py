"""What the page of one version of a model is made of, section by section."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from evaluator.sealing import keys
from leaderboard.drawing import Drawing
from leaderboard.pages import model_figures as figures
from leaderboard.pages.certificates import public_key
from leaderboard.pages.citing import badge_markdown, bibtex, permanent_link, plain_citation
from leaderboard.pages.figures import figure, value
from leaderboard.pages.model_asked import asked, asked_entry
from leaderboard.pages.model_card import card_named_by, markdown
from leaderboard.pages.model_headline import change_sentence, headline
from leaderboard.pages.model_parts import Row, columns_of, part_rows, sorted_rows
from leaderboard.pages.model_record import machines, resources, seeds, uses
from leaderboard.pages.model_sheet import grid, normalised_grid
from leaderboard.reads.baselines import baseline_intervals
from leaderboard.reads.models import Shown, Version
from leaderboard.reads.places import Standings, standings
from leaderboard.reads.sheets import Card, card_of, entry_scores

ENDS = 5
"""So many of the drugs that are predicted best, and worst, are named."""
TABLES = (
    ("matrices", "G, Gn, Ga and Gna, of every metric"),
    ("skill", "Skill over each baseline"),
    ("gap", "Gap to the permuted self"),
    ("alarm", "Memory alarm"),
    ("targets", "By target, beside baselines and the permuted self"),
    ("strata", "Seen and unseen cells, drugs and pairs"),
    ("mechanisms", "By mechanism of action"),
    ("drugs", "By drug"),
    ("seeds", "Seeds of the runs"),
)


def about(found: Shown, one: Version) -> dict[str, Any]:
    """Everything that is said without scores."""
    model, sent = found.model, one.submission
    same_track = [other for other in found.published if other.submission.track_id == sent.track_id]
    return {
        "model": model,
        "version": one,
        "sent": sent,
        "track": sent.track,
        "newest": found.published[0],
        "versions": [(other, figure(other.primary or {"undefined": "withdrawn"})) for other in found.versions],
        "versions_figure": figures.over_versions(same_track),
        "description": markdown(model.description),
        "card": card_named_by(model, sent),
        "resources": resources(sent),
        "citation": plain_citation(model, sent, one.primary),
        "bibtex": bibtex(model, sent, one.primary),
        "permanent_link": permanent_link(model, one.number),
        "tables": TABLES,
        "signing_key": public_key(keys.Kind.SIGNING),
        "badge_markdown": badge_markdown(model),
    }


def scores(request: HttpRequest, found: Shown, one: Version, *, stamp: str) -> dict[str, Any]:
    """What stands in the card; empty until there is one."""
    track, stored = one.submission.track, card_of(one.submission)
    if stored is None:
        return {}
    standing = standings(track.slug, stamp)
    record = stored.record
    place = standing.places.get(found.model.slug)
    return {
        "headline": headline(stored.summary, metric=track.definition["metric"], place=place, sent=one.submission),
        "changes": [change_sentence(change) for change in one.changes],
        "compare": compare_links(found, one, standing),
        "scheme": stored.card["scheme"],
        "splits": stored.card["splits"],
        "record": record,
        "uses": uses(record),
        "seeds": seeds(record),
        "machines": machines(record),
        **_matrices(request, found, one, stored),
        **_entry(request, stored),
    }


def drawings(context: Mapping[str, Any]) -> list[Drawing]:
    """Those of a page, for `?figure=`."""
    return [part for part in context.values() if isinstance(part, Drawing)]


def compare_links(found: Shown, one: Version, standing: Standings) -> list[tuple[str, str]]:
    """What to compare it with, and where: the best, the drug average, and its version before this one."""
    slug, track = found.model.slug, one.submission.track
    own = f"{slug}@{one.number}"
    links = []
    if standing.best and standing.best[0] != slug:
        links.append((f"the best, {standing.best[1]}", standing.best[0]))
    links.append(("the drug average", "~drug_mean"))
    before = [v for v in found.published if v.number < one.number and v.submission.track_id == track.pk and v.primary]
    if before:
        links.append((f"version {before[0].number}", f"{slug}@{before[0].number}"))
    return [
        (label, f"{reverse('compare')}?{urlencode({'track': track.slug, 'models': f'{own},{other}'})}")
        for label, other in links
    ]


def _matrices(request: HttpRequest, found: Shown, one: Version, stored: Card) -> dict[str, Any]:
    card, wanted = stored.card, asked(request, stored.card)
    if wanted is None:
        return {}
    baselines = baseline_intervals(one.submission.track)
    return {
        "asked": wanted,
        "grid": grid(card, wanted.metric, arm=wanted.arm),
        "normalised": normalised_grid(card, wanted.metric, arm=wanted.arm),
        "n_entries": len(card["sources"]) * len(card["targets"]) if card.get("uncertainty") else 0,
        "against": figures.against(card, stored.summary, baselines, model=found.model.name, metric=wanted.metric),
    }


def _entry(request: HttpRequest, stored: Card) -> dict[str, Any]:
    """One entry of G taken apart: strata in full, of drugs how they are spread, the best and the worst."""
    by_entry = {(one["source"], one["target"]): one for one in stored.card.get("breakdowns", {}).get("stratum", ())}
    entry = asked_entry(request, list(by_entry))
    if entry is None:
        return {}
    whole = by_entry[entry.source, entry.target]
    strata = part_rows(whole)
    context = {"entry": entry, "strata": _with_shares(strata, whole), "strata_columns": columns_of(whole)}
    found = entry_scores(stored.evaluation, "drug", source=entry.source, target=entry.target)
    if found is None:
        return context
    rows = part_rows(*found, keys=("r", "r_permuted"))
    by_r = [row for row in sorted_rows(rows, "r", descending=True) if value(row.numbers["r"]) is not None]
    n = min(ENDS, len(by_r) // 2)
    return context | {
        "drugs": figures.by_drug(rows, source=entry.source, target=entry.target),
        "n_drugs": len(rows),
        "ends": [("Predicted best", by_r[:n]), ("Predicted worst", by_r[len(by_r) - n :][::-1])] if n else [],
    }


def _with_shares(rows: list[Row], whole: Mapping[str, Any]) -> list[tuple[Row, str]]:
    """Every row is in one of two strata of cells: theirs are all rows."""
    total = sum(n for part, n in zip(whole["parts"], whole["n_rows"], strict=True) if part.endswith("cell"))
    return [(row, f"{100 * n / total:.0f}%") for row, n in zip(rows, whole["n_rows"], strict=True)]
