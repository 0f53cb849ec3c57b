"""Draws of single entries of G, so that two models can be compared source by source and target by target.

One file a measure beside the draws of the boards. Replicates stand as differences from the score itself, in steps of
the largest of them / (2^31 - 1): half the bytes of plain numbers, and what models have in common still cancels.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from evaluator.agent.uploads import Store
from evaluator.scorecard.uncertain import EntryKey
from evaluator.scoring.pair_sums import Floats
from leaderboard.publishing.stored_draws import StaleDrawsError

_STEPS = 2**31 - 1
_UNDEFINED = -(2**31)


@dataclass(frozen=True, slots=True)
class EntryDraws:
    """By entry: cells and drugs, draws (entries, 1 + replicates), and why the score is undefined, or nothing."""

    keys: Sequence[EntryKey]
    units: Sequence[tuple[int, int]]
    draws: Floats
    why: Sequence[str]


def keep_entries(storage: Store, draws: str, measure: str, entries: EntryDraws) -> None:
    """`draws` is the path of those of the boards."""
    estimate = entries.draws[:, 0]
    apart = entries.draws[:, 1:] - estimate[:, None]
    known = np.isfinite(apart)
    apart[~known] = 0.0
    largest = np.abs(apart).max(axis=1, initial=0.0)
    steps = np.rint(apart / np.where(largest > 0, largest, 1.0)[:, None] * _STEPS).astype(np.int32)
    steps[~known] = _UNDEFINED
    whole = io.BytesIO()
    np.savez(
        whole,
        keys=np.array(entries.keys, dtype=np.str_).reshape(-1, 2),
        units=np.array(entries.units, dtype=np.int64).reshape(-1, 2),
        estimate=estimate,
        largest=largest,
        steps=steps,
        why=np.array(entries.why, dtype=np.str_),
    )
    storage.write(entries_path(draws, measure), whole.getvalue())


def read_entries(storage: Store, draws: str, measure: str) -> EntryDraws:
    """StaleDrawsError where they are missing, as for models that were scored before there were any, or damaged."""
    path = entries_path(draws, measure)
    try:
        with np.load(io.BytesIO(storage.read(path)), allow_pickle=False) as whole:
            found = {name: whole[name] for name in ("keys", "units", "estimate", "largest", "steps", "why")}
    except FileNotFoundError:
        raise StaleDrawsError(f"{path} is missing: score its evaluation again") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as damage:
        raise StaleDrawsError(f"{path} is damaged ({damage}): score its evaluation again") from None
    estimate = found["estimate"][:, None]
    apart = np.where(found["steps"] == _UNDEFINED, np.nan, found["steps"] / _STEPS * found["largest"][:, None])
    draws_of = np.hstack([estimate, estimate + apart])
    keys = [(source, target) for source, target in found["keys"].tolist()]
    units = [(cells, drugs) for cells, drugs in found["units"].tolist()]
    return EntryDraws(keys, units, draws_of, found["why"].tolist())


def entries_path(draws: str, measure: str) -> str:
    return str(PurePosixPath(draws).with_name(f"{PurePosixPath(draws).stem}-{measure}.npz"))
