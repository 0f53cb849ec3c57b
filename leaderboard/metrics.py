"""Figures for Prometheus: how the site stands, from a few queries at the moment of asking, and requests as they go.

They name states, outcomes and hosts' conditions; never a team, a model, a person or a host.
"""

import os
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where the site's processes add up what they counted. Without it no requests are counted: one process of several would
answer with its own alone."""
REQUESTS = (
    Histogram(
        "holdout_request_seconds",
        "Requests by how long they took.",
        ["method", "status"],
        buckets=(0.005, 0.02, 0.1, 0.3, 1, 3, 10, 60),
        registry=None,
    )
    if os.environ.get(FOLDER)
    else None
)


def count_request(method: str, status: int, wall_s: float) -> None:
    if REQUESTS is not None:
        REQUESTS.labels(method if method in METHODS else "other", f"{status // 100}xx").observe(wall_s)


def exposition() -> bytes:
    registry = CollectorRegistry()
    registry.register(Standing())
    if REQUESTS is not None:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class Standing(Collector):
    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of the asking: that would be a round of queries too."""
        return ()

    def collect(self) -> Iterator[Metric]:
        from leaderboard.reads import operating

        found = operating.figures()
        by_state = found.submissions
        yield _gauge("holdout_submissions", "Submissions by state.", "state", {s.state: s.count for s in by_state})
        yield _gauge(
            "holdout_submission_oldest_seconds",
            "How long the oldest submission of a state has been in it.",
            "state",
            {s.state: s.oldest_s for s in by_state if s.longest_s is not None},
        )
        yield _gauge(
            "holdout_submission_longest_seconds",
            "How long a submission may be in a state before an operator is told.",
            "state",
            {s.state: s.longest_s for s in by_state if s.longest_s is not None},
        )
        yield _gauge("holdout_runs", "Runs that have not ended, by state.", "state", found.runs)
        yield _gauge("holdout_run_oldest_queued_seconds", "How long the oldest run waits.", "", {"": found.waited_s})
        yield _gauge("holdout_hosts", "Hosts by condition.", "condition", found.hosts)
        stages = GaugeMetricFamily(
            "holdout_stages_ended_last_hour", "Stages that ended within an hour.", labels=["outcome", "fault"]
        )
        for (outcome, fault), number in found.stages.items():
            stages.add_metric([outcome, fault], number)
        yield stages
        yield _gauge("holdout_scoring_backlog", "Evaluations that wait for the scorer.", "", {"": found.scoring})
        yield _gauge("holdout_uploads_unfinished", "Uploads of which a part is missing.", "", {"": found.uploads})


def _gauge(name: str, about: str, label: str, values: Mapping[str, float | None]) -> Metric:
    gauge = GaugeMetricFamily(name, about, labels=[label] if label else [])
    for key, value in values.items():
        if value is not None:
            gauge.add_metric([key] if label else [], value)
    return gauge
