"""What a file of predictions holds before it is joined to the rows that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.contract.errors import ContractError, shown

ROW_ID, PREDICTION, STD = "row_id", "prediction", "std"
REQUIRED = (ROW_ID, PREDICTION)
COLUMNS = (*REQUIRED, STD)

Floats = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Numbers of a file in the order of the file, not yet known to be finite."""

    row_id: NDArray[np.int64]
    prediction: Floats
    std: Floats | None


def check_columns(names: Sequence[str], *, file: str) -> None:
    """Refuse all columns but row_id, prediction and at most std, in any order."""
    for name in names:
        if name not in COLUMNS:
            raise ContractError(file, reason=f"it has a column {shown(name)}; {_wanted()}")
        if names.count(name) > 1:
            raise ContractError(file, column=name, reason=f"the column is there {names.count(name)} times; {_wanted()}")
    for name in REQUIRED:
        if name not in names:
            raise ContractError(file, column=name, reason=f"the column is missing; {_wanted()}")


def check_count(given: int, *, asked: int, file: str) -> None:
    """Refuse more rows than were asked for; too few are named by the join."""
    if given > asked:
        raise ContractError(file, reason=f"it has {given:,} rows, and {asked:,} were asked for")


def _wanted() -> str:
    return "the columns are row_id, prediction and optionally std"
