"""Models whose draws lie in storage as publishing leaves them, with scores that a test chooses."""

import numpy as np
from django.conf import settings

from evaluator.agent.uploads import Storage
from evaluator.scorecard.plain import plain_interval
from evaluator.scoring.intervals import interval
from leaderboard.models import Scorecard
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entry_draws import EntryDraws, keep_entries
from leaderboard.publishing.measures import Summary
from leaderboard.publishing.stored_draws import keep_draws
from leaderboard.states import SubmissionState
from tests.site.builders import make_evaluation, make_model, make_submission
from tests.site.pages.cards import a_card

UNITS = (40, 70)  # cells and drugs of every target
WHY = "the predictions are constant (alpha to beta, split 0)"


def contender(track, name, level, *, spread=0.01, model=None, seed=0, undefined=(), with_entries=True, **values):
    """A model with this score by every measure on every entry, but none by those that are `undefined`.

    All have their luck in common, and `spread` of their own.
    """
    plan, storage = Plan(track), Storage(settings.STORAGE)
    submission = make_submission(
        state=SubmissionState.PUBLISHED, track=track, model=model or make_model(name=name, **values)
    )
    evaluation = make_evaluation(submission=submission)
    path = f"scores/{evaluation.pk}/draws.npy"
    rng, common = np.random.default_rng(seed), np.random.default_rng(99)
    keys = [(s, t) for s in track.definition["sources"] for t in track.definition["targets"]]
    luck = 0.03 * common.normal(size=(len(keys), plan.replicates))
    rows, intervals = [], {}
    for measure in dict.fromkeys(view.measure for view in plan.views):
        draws = level + np.hstack([np.zeros((len(keys), 1)), luck + spread * rng.normal(size=luck.shape)])
        why = WHY if measure in undefined else ""
        draws = np.full_like(draws, np.nan) if why else draws
        if with_entries:
            keep_entries(storage, path, measure, EntryDraws(keys, [UNITS] * len(keys), draws, [why] * len(keys)))
        for view in (view for view in plan.views if view.measure is measure):
            row = draws[[view.target in ("", target) for _, target in keys]].mean(axis=0)
            rows.append((plan.keys.index(view.key), row))
            made = plain_interval(interval(row, units=min(UNITS)))
            numbers = ("estimate", "low", "high", "standard_error")
            intervals[view.key] = made | ({number: {"undefined": why} for number in numbers} if why else {})
    keep_draws(storage, path, np.stack([row for _, row in sorted(rows, key=lambda row: row[0])]))
    units = dict.fromkeys(("", *track.definition["targets"]), min(UNITS))
    summary = Summary(plan.keys, intervals, units, {"state": "silent", "reason": ""})
    Scorecard.objects.create(evaluation=evaluation, card=a_card(), summary=summary.to_json(), draws=path)
    return submission
