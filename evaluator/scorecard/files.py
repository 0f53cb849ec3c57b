"""Finds and reads one model's predictions: DIR/<arm>/<source>/<split>/<target>.csv, .parquet or .npy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evaluator.arms import Arm
from evaluator.contract.errors import ContractError
from evaluator.contract.predictions import SUFFIXES, read_predictions
from evaluator.scorecard.design import Design, Entry, Values


@dataclass(frozen=True, slots=True)
class PredictionFolder:
    """A .npy holds the target's rows in the release's order (on the diagonal: the split's); the others name theirs."""

    folder: Path

    def arms(self) -> tuple[Arm, ...]:
        """The arms that have a folder here, the real one first."""
        names = sorted(
            (path.name for path in self.folder.iterdir() if path.is_dir()), key=lambda name: (name != "real", name)
        )
        try:
            return tuple(Arm.parse(name) for name in names)
        except ValueError as error:
            raise ContractError(str(self.folder), reason=str(error)) from None

    def path(self, arm: Arm, entry: Entry) -> Path | None:
        """The file of an entry, None where there is none; two of them are refused."""
        stem = self.folder / str(arm) / entry.source / str(entry.split)
        found = [path for suffix in SUFFIXES if (path := stem / f"{entry.target}{suffix}").exists()]
        if len(found) > 1:
            raise ContractError(str(found[1]), reason=f"{found[0].name} lies beside it; keep one of the two")
        return found[0] if found else None

    def reader(self, design: Design) -> Callable[[Arm, Entry], Values | None]:
        """Reads each file once, however often it is asked for; None for one that is not there."""

        @cache
        def read(arm: Arm, entry: Entry) -> Values | None:
            path = self.path(arm, entry)
            return None if path is None else read_predictions(path, row_id=design.rows(entry).row_id).prediction

        return read
