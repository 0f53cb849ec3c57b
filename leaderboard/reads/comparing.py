"""What can be compared on a track, and what is stored of it. Nothing is computed here but sums of what was."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from evaluator.agent.uploads import Store
from evaluator.baselines import Baseline
from leaderboard.models import Scorecard, Track
from leaderboard.publishing.baselines import NAMES, draws_path, stored_baseline
from leaderboard.publishing.comparisons import MOST_IN_DETAIL
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import BASELINE, SUBMISSION, Entrant, entrant, of_baseline
from leaderboard.publishing.entry_draws import EntryDraws, read_entries
from leaderboard.publishing.measures import View
from leaderboard.publishing.stored_draws import StaleDrawsError
from leaderboard.states import SubmissionState

BASELINES = {f"~{baseline}": baseline for baseline in Baseline}
"""No slug begins with a tilde."""


@dataclass(frozen=True, slots=True)
class Option:
    """A version of a model, or a baseline. `token` is its name in an address: of the newest version the slug alone."""

    token: str
    model: str
    team: str
    kind: str
    slug: str | None
    version: int | None
    is_newest: bool
    scorecard: int | None
    computed_at: datetime | None

    @property
    def label(self) -> str:
        return self.model if self.is_newest else f"{self.model} (v{self.version})"


class UnknownModelError(LookupError):
    """Its only argument is what was asked for."""


def options(track: Track) -> list[Option]:
    """Every published version by name, the newest of each first, then the baselines."""
    model = f"{SUBMISSION}__model"
    columns = ("pk", "computed_at", f"{model}__name", f"{model}__slug", f"{model}__kind", f"{model}__team__name")
    rows = (
        Scorecard.objects.filter(evaluation__track=track, **{f"{SUBMISSION}__state": SubmissionState.PUBLISHED})
        .order_by(f"{model}__name", f"{model}__slug", f"-{SUBMISSION}__version", "-pk")
        .values_list(*columns, f"{SUBMISSION}__version")
    )
    found: list[Option] = []
    newest: dict[str, int] = {}
    for pk, computed_at, name, slug, kind, team, version in rows:
        is_newest = newest.setdefault(slug, version) == version
        token = slug if is_newest else f"{slug}@{version}"
        if not found or found[-1].token != token:
            found.append(Option(token, name, team, kind, slug, version, is_newest, pk, computed_at))
    ours = [
        Option(token, NAMES[baseline], "", BASELINE, None, None, True, None, None)
        for token, baseline in BASELINES.items()
    ]
    return [*found, *ours]


def chosen(there: Sequence[Option], tokens: Iterable[str]) -> list[Option]:
    """In the order asked for, each once; a version may be named though it is the newest."""
    known = {option.token: option for option in there}
    known |= {f"{option.slug}@{option.version}": option for option in there if option.slug}
    found: dict[str, Option] = {}
    for token in tokens:
        if token not in known:
            raise UnknownModelError(token)
        found[known[token].token] = known[token]
    return list(found.values())


def labels(these: Sequence[Option]) -> list[str]:
    """With the team where two teams have models of one name."""
    names = [one.label for one in these]
    return [f"{one.label}, {one.team}" if names.count(one.label) > 1 else one.label for one in these]


def stamp(track: Track, there: Sequence[Option], *asked: str) -> str:
    """Changes when anything does that a comparison on this track says; another for whatever else is `asked`."""
    whole = [
        track.slug,
        track.title,
        track.definition,
        track.release.release_id,
        str(track.release),
        list(there),
        asked,
    ]
    return hashlib.sha256(repr(whole).encode()).hexdigest()


def stored(
    plan: Plan, these: Sequence[Option], storage: Store, view: View
) -> tuple[list[Entrant], list[EntryDraws | None]]:
    """Each with its draws, and those of its entries by the view's measure where they were kept and are looked at."""
    pks = [one.scorecard for one in these if one.scorecard is not None]
    related = Scorecard.objects.select_related(f"{SUBMISSION}__model__team").defer("card")
    cards = related.in_bulk(pks)
    who: list[Entrant] = []
    entries: list[EntryDraws | None] = []
    for one in these:
        made, path = _stored(plan, one, cards, storage)
        who.append(made)
        entries.append(_entries(plan, storage, path, view) if len(these) <= MOST_IN_DETAIL else None)
    return who, entries


def _stored(plan: Plan, one: Option, cards: dict[int, Scorecard], storage: Store) -> tuple[Entrant, str]:
    if one.scorecard is None:
        baseline = BASELINES[one.token]
        found = stored_baseline(plan, storage, baseline)
        if found is None:  # nothing was published here yet since the last change of how it is scored
            raise UnknownModelError(one.token)
        return of_baseline(found), draws_path(plan, baseline)
    card = cards.get(one.scorecard)
    if card is None:  # withdrawn and deleted in between
        raise UnknownModelError(one.token)
    return entrant(card, card.summary, plan, storage), card.draws


def _entries(plan: Plan, storage: Store, draws: str, view: View) -> EntryDraws | None:
    """None for a model that was scored before they were kept, or on other terms than the track has now."""
    try:
        found = read_entries(storage, draws, view.measure)
    except StaleDrawsError:
        return None
    expected = list(product(plan.definition["sources"], plan.definition["targets"]))
    is_ours = list(found.keys) == expected and found.draws.shape == (len(expected), 1 + plan.replicates)
    return found if is_ours else None
