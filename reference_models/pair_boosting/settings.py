"""What can be set, under LightGBM's names and with its defaults where they mean the same."""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Settings:
    n_estimators: int = 100
    learning_rate: float = 0.1
    num_leaves: int = 31
    max_depth: int = -1  # zero or less: no limit
    min_child_samples: int = 20
    min_child_weight: float = 1e-3  # of squared loss, where a row weighs one
    lambda_l2: float = 0.0
    min_split_gain: float = 0.0
    early_stopping_rounds: int | None = None

    def __post_init__(self) -> None:
        least = {"n_estimators": 1, "num_leaves": 2, "early_stopping_rounds": 1, "max_depth": -math.inf}
        for setting in fields(self):
            value = getattr(self, setting.name)
            if value is not None and not least.get(setting.name, 0) <= value < math.inf:
                raise ValueError(f"{setting.name} is {value}; it has to be {least.get(setting.name, 0)} or more")

    @property
    def least_rows(self) -> int:
        """The fewest rows that a leaf may have."""
        return max(1, self.min_child_samples, math.ceil(self.min_child_weight))

    def may_split(self, rows: int, depth: int) -> bool:
        return rows >= 2 * self.least_rows and not 0 < self.max_depth <= depth
