"""The baselines of a track, scored as models are, on the same rows and weights; kept in storage once computed."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from evaluator.agent.uploads import Store
from evaluator.arms import Arm
from evaluator.baselines import Baseline
from evaluator.scorecard.card import score_card
from evaluator.scorecard.design import Design, Entry, Values
from evaluator.scorecard.uncertain import REAL, Drawn, Read
from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Floats
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.measures import Measured, Summary, keep_every_entry, measured
from leaderboard.publishing.stored_draws import StaleDrawsError, keep_draws, read_draws

NAMES = {
    Baseline.GLOBAL_MEAN: "Global mean",
    Baseline.DRUG_MEAN: "Drug average",
    Baseline.CELL_MEAN: "Cell average",
    Baseline.MEAN_EFFECTS: "Mean effects",
}
NOT_PERMUTED = "a baseline is not trained on permuted labels"


@dataclass(frozen=True, slots=True)
class ScoredBaseline:
    baseline: Baseline
    draws: Floats
    summary: Summary


def baselines(plan: Plan, storage: Store) -> list[ScoredBaseline]:
    """Read from storage, or computed and kept there. Two at once write the same."""
    return [_baseline(plan, storage, baseline) for baseline in Baseline]


def keep_baseline(plan: Plan, storage: Store, baseline: Baseline, draws: Floats, summary: Summary) -> None:
    keep_draws(storage, draws_path(plan, baseline), draws)
    storage.write(_path(plan, baseline, "json"), json.dumps(summary.to_json()).encode())


def stored_baseline(plan: Plan, storage: Store, baseline: Baseline) -> ScoredBaseline | None:
    """None where it has to be computed first: too long for who only reads."""
    try:
        draws = read_draws(storage, draws_path(plan, baseline))
        summary = Summary(**json.loads(storage.read(summary_path(plan, baseline))))
    except (FileNotFoundError, StaleDrawsError):
        return None
    return ScoredBaseline(baseline, draws, summary)


def _baseline(plan: Plan, storage: Store, baseline: Baseline) -> ScoredBaseline:
    stored = stored_baseline(plan, storage, baseline)
    if stored is not None:
        return stored
    found = _scored(plan, baseline)
    keep_every_entry(storage, draws_path(plan, baseline), found)
    keep_baseline(plan, storage, baseline, found.draws, found.summary)
    return ScoredBaseline(baseline, found.draws, found.summary)


def draws_path(plan: Plan, baseline: Baseline) -> str:
    return _path(plan, baseline, "npy")


def summary_path(plan: Plan, baseline: Baseline) -> str:
    return _path(plan, baseline, "json")


def _path(plan: Plan, baseline: Baseline, suffix: str) -> str:
    return f"scores/baselines/{_key(plan)}/{baseline}.{suffix}"


def _key(plan: Plan) -> str:
    """Of everything that the draws depend on."""
    views = [view.key for view in plan.views]
    asked = [plan.track.release.release_id, plan.definition, views, plan.seed, plan.replicates]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]


def _scored(plan: Plan, baseline: Baseline) -> Measured:
    kept: list[Drawn] = []
    card = score_card(
        plan.design,
        _reader(plan.design, baseline),
        arms=(REAL,),
        metrics=tuple(Metric),
        seed=plan.seed,
        replicates=plan.replicates,
        keep=kept.append,
    )
    return measured(kept[0], plan.views, card, gap_metric=plan.metric, untested=NOT_PERMUTED)


def _reader(design: Design, baseline: Baseline) -> Read:
    def read(_arm: Arm, entry: Entry) -> Values:
        rows = design.rows(entry)
        return design.baselines(entry.source, entry.split).predict(baseline, rows.cell, rows.drug).astype(np.float32)

    return read
