"""Draws of an entrant as one file in storage: (views, 1 + replicates), with the names of the views."""

import io
from collections.abc import Sequence

import numpy as np

from evaluator.agent.uploads import Store
from evaluator.scoring.pair_sums import Floats
from leaderboard.publishing.measures import View


class StaleDrawsError(LookupError):
    """The file is missing or of other views: the evaluation has to be scored again. Ours."""


def keep_draws(storage: Store, path: str, views: Sequence[View], draws: Floats) -> None:
    whole = io.BytesIO()
    np.savez(whole, views=np.array([view.key for view in views]), draws=draws)
    storage.write(path, whole.getvalue())


def read_draws(storage: Store, path: str, views: Sequence[View]) -> Floats:
    try:
        with np.load(io.BytesIO(storage.read(path)), allow_pickle=False) as stored:
            names, draws = stored["views"].tolist(), stored["draws"]
    except FileNotFoundError:
        raise StaleDrawsError(f"{path} is missing: score its evaluation again") from None
    if names != [view.key for view in views] or len(draws) != len(views):
        raise StaleDrawsError(f"{path} is of other views than the track has: score its evaluation again")
    kept: Floats = draws
    return kept
