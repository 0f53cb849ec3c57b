"""What the baselines of a track come to, as they were stored when a model of it was first scored."""

import json
from functools import lru_cache
from typing import Any

from django.conf import settings

from evaluator.agent.uploads import Storage
from evaluator.baselines import Baseline
from leaderboard.models import Track
from leaderboard.publishing.baselines import NAMES, summary_path
from leaderboard.publishing.designs import Plan


def baseline_intervals(track: Track) -> dict[str, dict[str, Any]]:
    """By what a baseline is called: its intervals by the key of a view. Empty where none was computed yet."""
    plan = Plan(track)
    try:
        return {NAMES[one]: _intervals(settings.STORAGE, summary_path(plan, one)) for one in Baseline}
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=64)
def _intervals(storage: str, path: str) -> dict[str, Any]:
    """Kept by each worker: another definition has another path."""
    intervals: dict[str, Any] = json.loads(Storage(storage).read(path))["intervals"]
    return intervals
