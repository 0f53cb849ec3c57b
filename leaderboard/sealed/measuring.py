"""Everything that is computed of one evaluation on a sealed study, by the library, on weights of a secret seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from evaluator.engine.runs import SEALED
from evaluator.scorecard.card import REPLICATES, score_card
from evaluator.scorecard.design import Design, Entry
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.plain import plain_card, plain_interval
from evaluator.scorecard.uncertain import REAL, Drawn, Read, interval_of
from evaluator.scoring.bootstrap import mean_of, mean_over_splits
from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Floats, Pairs
from evaluator.scoring.within_draws import within_drug_pearson
from leaderboard.sealed.comparable import Ranking
from leaderboard.sealed.vault import Found


def measured(design: Design, read: Read, by: Ranking, *, seed: int) -> Found:
    """`read` has every file. The seed is left out of what is found: the draws must stay those of a secret."""
    kept: list[Drawn] = []
    card = score_card(
        design, read, arms=(REAL,), metrics=tuple(Metric), seed=seed, replicates=REPLICATES, keep=kept.append
    )
    drawn = kept[0]
    of_source = {source: _draws(drawn, read, source, by) for source in design.sources}
    mean = mean_of(list(of_source.values()))
    r2 = by.metric is Metric.R2
    intervals = {
        source: plain_interval(interval_of(draws, [drawn.units[source, SEALED]], r2=r2))
        for source, draws in of_source.items()
    }
    whole = {
        "metric": by.name,
        "higher_is_better": by.higher_is_better,
        "units": min(min(sizes) for sizes in drawn.units.values()),
        "sources": intervals,
        "mean": plain_interval(interval_of(mean, list(drawn.units.values()), r2=r2)),
        "card": without_seeds(plain_card(card)),
    }
    return Found(mean, whole)


def without_seeds(value: Any) -> Any:
    """The same JSON without any `seed`, however deep one stands."""
    if isinstance(value, Mapping):
        return {name: without_seeds(inner) for name, inner in value.items() if name != "seed"}
    return [without_seeds(inner) for inner in value] if isinstance(value, list) else value


def _draws(drawn: Drawn, read: Read, source: str, by: Ranking) -> Floats:
    if not by.is_within_drug:
        return drawn.g[str(REAL), by.metric, (source, SEALED)]
    weights, design = drawn.weights, drawn.design
    entries = [Entry(source, split, SEALED) for split in design.splits]
    rows = design.rows(entries[0])
    pairs = Pairs.of(cell=rows.cell, drug=rows.drug)
    cell, drug = _weights(weights, pairs)
    predictions = [prediction for entry in entries if (prediction := read(REAL, entry)) is not None]
    per_split = within_drug_pearson(pairs, rows.response, predictions, cell=cell, drug=drug)
    return mean_over_splits(per_split, weights.splits(source, SEALED))


def _weights(weights: Weights, pairs: Pairs) -> tuple[Floats, Floats]:
    here = weights.entities.at(pairs)
    if here.cell is None or here.drug is None:
        raise ValueError("cells and drugs are both resampled")
    return np.asarray(here.cell), np.asarray(here.drug)
