"""Answered rows of a run, as arrays: what arms change and baselines learn from."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmark_data.release import Study


@dataclass(frozen=True, slots=True)
class Rows:
    row_id: NDArray[np.int64]
    cell: NDArray[np.int32]  # codes into Release.cells
    drug: NDArray[np.int32]  # codes into Release.drugs
    response: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row_id)

    @classmethod
    def of(cls, study: Study, positions: NDArray[np.int64] | slice = slice(None)) -> "Rows":
        return cls(study.row_id[positions], study.cell[positions], study.drug[positions], study.response[positions])

    def only(self, kept: NDArray[np.bool_]) -> "Rows":
        return Rows(self.row_id[kept], self.cell[kept], self.drug[kept], self.response[kept])

    def answered(self, response: NDArray[np.float64]) -> "Rows":
        return replace(self, response=response)
