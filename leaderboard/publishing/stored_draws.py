"""Draws of an entrant as one file in storage: an array (views, 1 + replicates), its rows named by the summary."""

import io

import numpy as np

from evaluator.agent.uploads import Store
from evaluator.scoring.pair_sums import Floats


class StaleDrawsError(LookupError):
    """The file is missing or not what was written: the evaluation has to be scored again. Ours."""


def keep_draws(storage: Store, path: str, draws: Floats) -> None:
    whole = io.BytesIO()
    np.save(whole, draws, allow_pickle=False)
    storage.write(path, whole.getvalue())


def read_draws(storage: Store, path: str) -> Floats:
    try:
        draws: Floats = np.load(io.BytesIO(storage.read(path)), allow_pickle=False)
    except FileNotFoundError:
        raise StaleDrawsError(f"{path} is missing: score its evaluation again") from None
    except (ValueError, EOFError) as damage:
        raise StaleDrawsError(f"{path} is damaged ({damage}): score its evaluation again") from None
    return draws
