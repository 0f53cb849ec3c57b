"""What a track asks and allows, as text that is ready."""

import math
from typing import Any

from leaderboard.models import Track
from leaderboard.pages.model_asked import LABELS
from leaderboard.reads import amounts


def facts(track: Track) -> tuple[tuple[str, str], ...]:
    definition = track.definition
    n_runs = math.prod(len(definition[name]) for name in ("sources", "splits", "arms"))
    n_stages = n_runs * (1 + len(definition["targets"]))
    return (
        ("Release", str(track.release)),
        ("Trained on", ", ".join(definition["sources"])),
        ("Asked about", ", ".join(definition["targets"])),
        ("Split", f"{definition['scheme']}, {len(definition['splits'])} of each source"),
        ("Labels", ", ".join(LABELS.get(arm, arm) for arm in definition["arms"])),
        ("In all", f"{n_runs:,} runs, {n_stages:,} stages"),
        ("A train stage has", limits_text(definition["train"])),
        ("An infer stage has", limits_text(definition["infer"])),
    )


def limits_text(limits: dict[str, Any]) -> str:
    gpus = f"{limits['gpus']} GPU, " if limits["gpus"] else ""
    walls = f"{limits['cpus']:g} CPU, {gpus}{amounts.memory(limits['memory_mb'])} of memory"
    return f"{walls}, {amounts.duration(limits['wall_s'])}"
