"""Publishing one full-scale model among 500 from its stored scores: every board of the track, ready to be sent.

    python -m bench.publishing [--models 500]

A PostgreSQL and a storage of its own. 500 models with the draws and intervals of 10 measures on 5 targets and on their
mean, 1,000 replicates each; one more is published, which reads what is stored of all, ranks them and writes the default
board as HTML, JSON and CSV in the transaction of its state. The 59 other boards follow in a task of their own, which is
measured apart. Compiling the inner loop is not counted.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

LIMIT_S = 5.0
STUDIES = {"CCLE": 24, "CTRPv2": 494, "GDSCv1": 294, "GDSCv2": 168, "gCSI": 16}  # and their drugs
REPLICATES, TURNS = 1000, 3


@contextmanager
def site() -> Iterator[None]:
    """Django on a database of its own; gone at the end."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ["REDIS_URL"] = "memory://"  # nobody takes the task that is left there
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    import leaderboard.celery  # noqa: F401  # the app, which tasks are sent by
    from tests.site.services import running_postgres

    django.setup()
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as storage:
        connections.databases["default"].update(
            NAME="holdout", USER="postgres", PASSWORD="", HOST=str(postgres.sockets), PORT=""
        )
        settings.STORAGE = storage
        call_command("migrate", verbosity=0)
        try:
            yield
        finally:
            connections.close_all()


class Field:
    """Models whose draws share most of their luck, as those of real ones do, and differ by some of their own."""

    def __init__(self, n_models: int) -> None:
        from django.conf import settings

        from evaluator.agent.uploads import Storage
        from leaderboard.publishing.designs import Plan
        from tests.site.builders import make_definition, make_release, make_team, make_track

        definition = make_definition(sources=tuple(STUDIES), targets=tuple(STUDIES), splits=tuple(range(10)))
        self.track = make_track(slug="full-scale", release=make_release(name="full-scale"), definition=definition)
        self.plan, self.storage = Plan(self.track), Storage(settings.STORAGE)
        self.rng, self.team = np.random.default_rng(1), make_team()
        self.common = 0.02 * self.rng.normal(size=(len(self.plan.views), REPLICATES))
        self.units = {"": 16, **STUDIES}
        self._baselines()
        self.evaluations = [self.model(number) for number in range(n_models)]

    def model(self, number: int) -> Any:
        from leaderboard.models import Scorecard
        from leaderboard.publishing.stored_draws import keep_draws
        from tests.site.builders import make_evaluation, make_model, make_submission

        submission = make_submission(
            state="scoring", track=self.track, model=make_model(team=self.team, name=f"Model {number}")
        )
        evaluation = make_evaluation(submission=submission)
        draws, path = self.draws(0.3 * self.rng.random()), f"scores/{evaluation.pk}/draws.npy"
        keep_draws(self.storage, path, draws)
        Scorecard.objects.create(evaluation=evaluation, card={}, summary=self.summary(draws).to_json(), draws=path)
        return evaluation

    def draws(self, level: float) -> np.ndarray:
        estimate = level + 0.01 * self.rng.normal(size=(len(self.plan.views), 1))
        luck = self.common + 0.008 * self.rng.normal(size=self.common.shape)
        return np.hstack([estimate, estimate + luck])

    def summary(self, draws: np.ndarray) -> Any:
        from evaluator.scorecard.plain import plain_interval
        from evaluator.scoring.intervals import interval
        from leaderboard.publishing.measures import Summary

        found = {
            view.key: plain_interval(interval(row, units=self.units[view.target]))
            for view, row in zip(self.plan.views, draws, strict=True)
        }
        return Summary(self.plan.keys, found, self.units, {"state": "silent", "reason": ""})

    def _baselines(self) -> None:
        from evaluator.baselines import Baseline
        from leaderboard.publishing.baselines import keep_baseline

        for baseline in Baseline:
            draws = self.draws(0.0)
            keep_baseline(self.plan, self.storage, baseline, draws, self.summary(draws))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--models", type=int, default=500)
    options = asked.parse_args()
    with site():
        from leaderboard.models import Board
        from leaderboard.publishing.boards import refresh
        from leaderboard.publishing.scoring import publish

        field = Field(options.models + TURNS - 1)
        submissions = type(field.evaluations[0].submission).objects
        first = [evaluation.pk for evaluation in field.evaluations[: options.models - 1]]
        submissions.filter(evaluations__in=first).update(state="published", published_at="2026-01-01T00:00Z")
        recompile()
        turns = [measured(lambda one=one: publish(one)) for one in field.evaluations[options.models - 1 :]]
        rest = measured(refresh)
        n_boards = Board.objects.count()
        size_mb = sum(len(b.html) + len(b.json) + len(b.csv) for b in Board.objects.iterator(5)) / 1e6
    wall_s, cpu_s = (statistics.median(column) for column in zip(*turns, strict=True))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    verdict = "ok" if wall_s <= LIMIT_S else "MISSED"
    print(
        f"publishing one model among {options.models}: {wall_s:.2f} s, {cpu_s:.2f} s of CPU; "
        f"{LIMIT_S / wall_s:.1f} times faster than the limit of {LIMIT_S:g} s {verdict}\n"
        f"all {n_boards} boards of the track, {size_mb:.0f} MB: {rest[0]:.1f} s more, {rest[1]:.1f} s of CPU; "
        f"{peak_mb:.0f} MB of memory"
    )


def recompile() -> None:
    from leaderboard.publishing.placing import places

    places(np.random.default_rng(0).normal(size=(9, 200)), range(9), units=9, higher_is_better=True)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time, and processor time of this process: PostgreSQL's own is in the first alone."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
