"""With the released numbers in hand, any number of looks, and the public weights: answers cannot be solved for."""

import numpy as np
import pytest

from evaluator.scorecard.plain import plain_interval
from evaluator.scoring.intervals import interval
from evaluator.scoring.weights import Kind, poisson_weights
from leaderboard.sealed.release import rounded

CELLS, DRUGS, REPLICATES, PROBED = 60, 40, 400, 12
PUBLIC_SEED, SECRET_SEED = 20260101, 0xC0FFEE
SPREAD = 0.2


@pytest.fixture(scope="module")
def study():
    """2,400 answers, a tenth of a real study's, that a model without skill is asked about."""
    rng = np.random.default_rng(5)
    level, strength = rng.normal(0, 0.12, DRUGS), rng.normal(0, 0.1, CELLS)
    noise = rng.normal(0, 0.12, (CELLS, DRUGS))
    return 0.6 + level + strength[:, None] + noise


def weights(seed):
    of_cell = poisson_weights(Kind.CELL, [f"c{i}" for i in range(CELLS)], seed=seed, replicates=REPLICATES)
    return of_cell, poisson_weights(Kind.DRUG, [f"d{i}" for i in range(DRUGS)], seed=seed, replicates=REPLICATES)


def r2_draws(y, prediction, by):
    """As the library's: 1 − weighted squared error / weighted centred squares of the answers."""
    cell, drug = by

    def total(table):
        return np.einsum("rd,rd->r", cell @ table, drug)

    rows, first = total(np.ones_like(y)), total(y)
    return 1 - total((y - prediction) ** 2) / (total(y * y) - first**2 / rows)


def told(y, prediction, by):
    return plain_interval(interval(r2_draws(y, prediction, by), units=min(CELLS, DRUGS)))


def probed(y, step, by, read):
    """Blum and Hardt's probe: one prediction moved by `step`, and the change of R² solved for its answer. Whoever does
    this knows the sums of the answers, which is more than anybody outside is told."""
    base = np.full_like(y, y.mean())
    squares = ((y - y.mean()) ** 2).sum()
    before, guesses, truth = read(told(y, base, by)), [], []
    for at in range(PROBED):
        moved = base.copy()
        moved[at, at] += step
        change = (before - read(told(y, moved, by))) * squares  # (y − p − step)² − (y − p)² of the one row
        guesses.append(y.mean() + step / 2 - change / (2 * step))
        truth.append(y[at, at])
    return np.array(guesses), np.array(truth)


def exact(one):
    return one["estimate"]


def as_told(one):
    value = rounded(one)["estimate"]
    return value if isinstance(value, float) else 0.0


def test_unrounded_scores_would_tell_every_answer_that_is_asked_for(study):
    guesses, truth = probed(study, 1.0, weights(SECRET_SEED), exact)
    assert np.abs(guesses - truth).max() < 1e-9


@pytest.mark.parametrize("step", [0.05, 0.3, 1.0, 3.0, 10.0, 100.0])
def test_rounded_ones_tell_no_more_than_the_mean_does(study, step):
    guesses, truth = probed(study, step, weights(SECRET_SEED), as_told)
    by_the_mean = np.sqrt(np.mean((truth - study.mean()) ** 2))
    assert np.sqrt(np.mean((guesses - truth) ** 2)) > 0.9 * by_the_mean


def test_with_public_weights_unrounded_draws_would_be_equations_for_the_answers(study):
    """Squared errors of a known prediction, replicate by replicate, are linear in it: as many equations as draws."""
    cell, drug = weights(PUBLIC_SEED)
    few = study[:12, :12]  # 144 unknowns, 401 equations
    design = np.einsum("rc,rd->rcd", cell[:, :12], drug[:, :12]).reshape(1 + REPLICATES, -1)
    draws = design @ (few.ravel() - 0.5)
    solved = np.linalg.lstsq(design, draws, rcond=None)[0]
    assert np.abs(solved + 0.5 - few.ravel()).max() < 1e-8


def test_draws_of_a_secret_seed_solve_for_nothing_with_the_public_weights(study):
    few = study[:12, :12]
    cell, drug = weights(SECRET_SEED)
    draws = np.einsum("rc,cd,rd->r", cell[:, :12], few - 0.5, drug[:, :12])
    of_cell, of_drug = weights(PUBLIC_SEED)
    design = np.einsum("rc,rd->rcd", of_cell[:, :12], of_drug[:, :12]).reshape(1 + REPLICATES, -1)
    solved = np.linalg.lstsq(design, draws, rcond=None)[0] + 0.5
    assert np.std(solved - few.ravel()) > np.std(few)
