"""Comparing two full-scale models, page and API, from what is stored of them: 25 entries of G, 10 measures, 1,000
replicates, on a track of 500 models.

    python -m bench.comparing [--models 500]

A PostgreSQL and a storage of its own; the whole request in one process, database included, nothing of it kept before.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.publishing import REPLICATES, STUDIES, Field, site

LIMIT_S, MOST_QUERIES, KEPT = 0.3, 10, 18


class FieldWithEntries(Field):
    """Their boards are means of their entries, as they are of models that were scored."""

    def model(self, number: int) -> Any:
        from leaderboard.models import Scorecard
        from leaderboard.publishing.entry_draws import EntryDraws, keep_entries
        from leaderboard.publishing.measures import Measure

        evaluation = super().model(number)
        card = Scorecard.objects.get(evaluation=evaluation)
        keys = [(source, target) for source in STUDIES for target in STUDIES]
        luck = np.random.default_rng(2).normal(size=(len(keys), REPLICATES))  # of cells and drugs, which all share
        level = 0.1 + 0.03 * (number % 7) + 0.1 * np.array([source == target for source, target in keys])
        for measure in Measure if number < KEPT else ():
            estimate = level + 0.01 * self.rng.normal(size=len(keys))
            own = 0.006 * self.rng.normal(size=luck.shape)
            draws = np.hstack([estimate[:, None], estimate[:, None] + 0.03 * luck + own])
            units = [(400, STUDIES[target]) for _, target in keys]
            keep_entries(self.storage, card.draws, measure, EntryDraws(keys, units, draws, [""] * len(keys)))
        return evaluation


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--models", type=int, default=500)
    options = asked.parse_args()
    os.environ["LOG_LEVEL"] = "ERROR"
    with site():
        from django.test import Client

        from leaderboard.models import Scorecard, Submission

        field = FieldWithEntries(options.models)
        Submission.objects.update(state="published", published_at="2026-01-01T00:00Z")
        client = Client(SERVER_NAME="localhost")
        for what, path in {"page": "/compare/", "API": "/api/v1/compare/"}.items():
            for n in (2, 12):
                tokens = [",".join(f"model-{first + k}" for k in range(n)) for first in range(KEPT - n)]
                addresses = [f"{path}?track=full-scale&models={these}" for these in tokens]
                report(client, f"{what} of {n}", addresses, LIMIT_S if n == 2 else None)
        one = Scorecard.objects.order_by("pk")[0]
        folder = Path(field.storage.root, one.draws).parent
        sizes = {"entries": "draws-*.npz", "boards": "draws.npy"}
        for what, names in sizes.items():
            print(f"draws of {what}: {sum(file.stat().st_size for file in folder.glob(names)) / 1e6:.2f} MB a model")


def report(client: Any, what: str, addresses: list[str], limit_s: float | None) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(addresses[0])  # what a process loads once
    walls, cpus = [], []
    for address in addresses:
        begun, cpu = time.perf_counter(), time.process_time()
        answer = client.get(f"{address}&target=")
        walls.append(time.perf_counter() - begun)
        cpus.append(time.process_time() - cpu)
        assert answer.status_code == 200, answer.content[:500]
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{addresses[0]}&target=&metric=r2")
    wall_s, cpu_s = statistics.median(walls), statistics.median(cpus)
    verdict = ""
    if limit_s:
        is_well = wall_s <= limit_s and len(queries) <= MOST_QUERIES
        times = f"{limit_s / wall_s:.1f} times faster than the limit of {limit_s * 1e3:g} ms"
        verdict = f"; {times} {'ok' if is_well else 'MISSED'}"
    took = f"{wall_s * 1e3:.0f} ms, {cpu_s * 1e3:.0f} ms of CPU, {len(queries)} queries"
    print(f"comparison, {what} models: {took}{verdict}", flush=True)


if __name__ == "__main__":
    main()
