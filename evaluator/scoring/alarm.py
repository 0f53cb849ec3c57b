"""The memory alarm: does a model that was trained on shuffled labels still know answers of its target?

Silence proves nothing: a container can recognise shuffled labels and behave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from evaluator.scoring.matrices import Entry
from evaluator.scoring.number import Number
from evaluator.scoring.pair_sums import Floats, Integers, Pairs, Predictions

LEVEL = 0.05
MIN_SHUFFLES = 10
# Below this share of the values' squares, what centring leaves of them is the rounding of float32.
_ROUNDING = 1e-10

NO_VARIATION = "the predictions are a sum of a cell and a drug effect, or the answers are"
TOO_FEW_SHUFFLES = f"the alarm needs at least {MIN_SHUFFLES} shuffles"
NO_SPREAD = "all shuffles, cells and drugs agree to the last digit"


@dataclass(frozen=True, slots=True)
class Centring:
    """Takes the best sum of a cell effect and a drug effect (least squares) out of values of some rows."""

    pairs: Pairs
    rows_of_cell: Floats
    rows: Floats  # (cells, drugs)
    inverse: Floats  # (drugs, drugs): pseudo-inverse of what is left for drugs once cells are solved for

    @classmethod
    def of(cls, *, cell: Integers, drug: Integers) -> "Centring":
        pairs = Pairs.of(cell=cell, drug=drug)
        rows = pairs.table()
        rows_of_cell = rows.sum(axis=1)
        left = np.diag(rows.sum(axis=0)) - rows.T @ (rows / rows_of_cell[:, None])
        return cls(pairs, rows_of_cell, rows, np.linalg.pinv(left, rcond=1e-10, hermitian=True))

    def residual(self, values: Predictions) -> Floats:
        """Zero throughout where no more is left than rounding."""
        centred = values - np.mean(values, dtype=np.float64)
        table = self.pairs.table(centred)
        cell_mean = table.sum(axis=1) / self.rows_of_cell
        drug_effect = self.inverse @ (table.sum(axis=0) - self.rows.T @ cell_mean)
        cell_effect = cell_mean - self.rows @ drug_effect / self.rows_of_cell
        additive = cell_effect[:, None] + drug_effect
        residual: Floats = centred - additive.ravel()[self.pairs.position]
        is_rounding = residual @ residual <= _ROUNDING * np.square(values, dtype=np.float64).sum()
        return np.zeros(len(residual)) if is_rounding else residual


@dataclass(frozen=True, slots=True)
class Evidence:
    """One shuffle's correlation of centred predictions and centred answers, and the share of each cell and drug in it.

    The shares of the cells sum to the correlation, and so do those of the drugs. All is NaN where nothing varies.
    """

    correlation: float
    by_cell: Floats  # (cells of the release,), 0 for those without rows
    by_drug: Floats


def evidence(centring: Centring, answers: Floats, prediction: Predictions, *, n_cells: int, n_drugs: int) -> Evidence:
    """Of one shuffled training against one target; `answers` are residuals of the same centring."""
    centred = centring.residual(prediction)
    norm = float(np.sqrt((centred @ centred) * (answers @ answers)))
    if norm == 0:
        return Evidence(np.nan, np.full(n_cells, np.nan), np.full(n_drugs, np.nan))
    shares = centring.pairs.table(centred * answers) / norm
    by_cell, by_drug = np.zeros(n_cells), np.zeros(n_drugs)
    by_cell[centring.pairs.cells] = shares.sum(axis=1)
    by_drug[centring.pairs.drugs] = shares.sum(axis=0)
    return Evidence(float(shares.sum()), by_cell, by_drug)


@dataclass(frozen=True, slots=True)
class EntryTest:
    """Whether the mean correlation over shuffles exceeds zero by more than luck (one-sided)."""

    correlation: Number
    t: Number
    p: Number
    p_holm: Number
    raised: bool


@dataclass(frozen=True, slots=True)
class MemoryAlarm:
    raised: bool
    entries: Mapping[Entry, EntryTest]


def memory_alarm(shuffles: Mapping[Entry, Sequence[Evidence]]) -> MemoryAlarm:
    """The alarm of one model, from the evidence of each (source, target): one independent shuffle a split.

    It is raised, wrongly, for at most 5% of models that know nothing (Holm over the entries that can be tested).
    """
    tested = {entry: _test(evidence) for entry, evidence in shuffles.items()}
    p_values = {entry: p for entry, (_, _, p) in tested.items() if p.is_defined}
    adjusted = _holm(p_values)
    entries = {
        entry: EntryTest(correlation, t, p, adjusted.get(entry, p), adjusted.get(entry, p).value <= LEVEL)
        for entry, (correlation, t, p) in tested.items()
    }
    return MemoryAlarm(any(test.raised for test in entries.values()), entries)


def _test(shuffles: Sequence[Evidence]) -> tuple[Number, Number, Number]:
    """The mean correlation, its t and p.

    Its variance is that of new shuffles, as the splits show it, plus those of new cells and of new drugs, as the target
    shows them: what all shuffles have in common (an initial network, how often each cell was trained on) agrees or
    disagrees with this target's answers by luck, the same in every shuffle.
    """
    if len(shuffles) < MIN_SHUFFLES:
        return _undefined(TOO_FEW_SHUFFLES)
    correlations = np.array([shuffle.correlation for shuffle in shuffles])
    if np.isnan(correlations).any():
        return _undefined(NO_VARIATION)
    mean = float(correlations.mean())
    of_shuffles = float(correlations.var(ddof=1)) / len(shuffles)
    of_cells = _luck(np.stack([shuffle.by_cell for shuffle in shuffles]))
    of_drugs = _luck(np.stack([shuffle.by_drug for shuffle in shuffles]))
    variance = of_shuffles + of_cells + of_drugs
    if variance == 0:
        return _undefined(NO_SPREAD)
    t = mean / float(np.sqrt(variance))
    return Number(mean), Number(t), Number(float(stdtr(len(shuffles) - 1, -t)))


def _undefined(reason: str) -> tuple[Number, Number, Number]:
    return (Number.undefined(reason),) * 3


def _luck(shares: Floats) -> float:
    """The variance of a sum over cells (or drugs), from its shares (shuffles, cells)."""
    mean_share = shares[:, (shares != 0).any(axis=0)].mean(axis=0)
    return float(mean_share.size * mean_share.var(ddof=1))


def _holm(p_values: Mapping[Entry, Number]) -> dict[Entry, Number]:
    adjusted: dict[Entry, Number] = {}
    largest = 0.0
    for i, (entry, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1].value)):
        largest = max(largest, min(1.0, (len(p_values) - i) * p.value))
        adjusted[entry] = Number(largest)
    return adjusted
