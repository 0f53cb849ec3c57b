"""A card, stored by who asks for it: the page's part in its row, drugs and mechanisms by entry, the whole in a file."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from benchmark_data.manifest import Entity
from benchmark_data.release import Release as Opened
from evaluator.agent.uploads import Store
from evaluator.mechanisms import mechanisms_of
from leaderboard.models import DrugList, Release, Scorecard, ScorePart

APART = ("mechanism", "drug")


def keep_whole(storage: Store, evaluation: int, card: Mapping[str, Any]) -> None:
    text = json.dumps(card, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    storage.write(whole_path(evaluation), gzip.compress(text.encode(), 6, mtime=0))


def read_whole(storage: Store, evaluation: int) -> bytes:
    """The card as JSON, compressed by gzip; FileNotFoundError for one that was scored before these were kept."""
    return storage.read(whole_path(evaluation))


def whole_path(evaluation: int) -> str:
    return f"scores/{evaluation}/card.json.gz"


def brief(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card without what is read apart: it comes with every page of a model."""
    apart = card.get("breakdowns", {})
    kept = {name: part for name, part in card.items() if name != "files"}
    return kept | {"breakdowns": {by: entries for by, entries in apart.items() if by not in APART}}


def keep_parts(scorecard: Scorecard, card: Mapping[str, Any]) -> None:
    rows = [
        ScorePart(scorecard=scorecard, by=by, source=entry["source"], target=entry["target"], scores=_scores(entry))
        for by in APART
        for entry in card.get("breakdowns", {}).get(by, ())
    ]
    ScorePart.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["scorecard", "by", "source", "target"], update_fields=["scores"]
    )


def keep_drug_list(row: Release, release: Opened) -> None:
    """Once for each release, whose drugs never change."""
    if DrugList.objects.filter(release=row).exists():
        return
    info = release.info(Entity.DRUG)
    names = info["name"].to_pylist() if "name" in info.column_names else [None] * len(release.drugs)
    known = mechanisms_of(release)
    drugs = {drug: [names[i] or drug, sorted(known[i])] for i, drug in enumerate(release.drugs)}
    DrugList.objects.get_or_create(release=row, defaults={"drugs": drugs})


def _scores(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in entry.items() if name not in ("source", "target")}
