"""From draws to an interval, or to the reason why there is none."""

import math

import numpy as np
import pytest

from evaluator.scoring.intervals import Undefined, interval, t_quantile

RNG = np.random.default_rng(2)
DRAWS = np.append(0.5, RNG.normal(0.5, 0.1, size=400))


def with_undefined(n):
    draws = DRAWS.copy()
    draws[1 : 1 + n] = np.nan
    return draws


def test_the_interval_is_the_estimate_and_t_standard_errors_on_either_side():
    found = interval(DRAWS, units=16)
    margin = 2.131449545559323 * DRAWS[1:].std(ddof=1)  # t(15) at .975, from a printed table: 2.1314
    assert (found.estimate.value, found.df, found.replicates) == (0.5, 15, 400)
    assert found.low.value == pytest.approx(0.5 - margin, rel=1e-12)
    assert found.high.value == pytest.approx(0.5 + margin, rel=1e-12)
    assert not found.too_narrow


def test_bounds_are_never_clipped():
    assert interval(DRAWS + 0.45, units=16).high.value > 1


@pytest.mark.parametrize(("df", "expected"), [(1, 12.706), (15, 2.131), (23, 2.069), (167, 1.974)])
def test_quantiles_are_those_of_a_printed_table(df, expected):
    assert t_quantile(0.95, df=df) == pytest.approx(expected, abs=5e-4)


def test_a_few_undefined_replicates_are_left_out_and_counted():
    found = interval(with_undefined(20), units=16)
    assert found.replicates == 380
    assert found.standard_error.value == pytest.approx(DRAWS[21:].std(ddof=1), rel=1e-12)


@pytest.mark.parametrize(
    ("draws", "units", "reason"),
    [
        (np.append(np.nan, DRAWS[1:]), 16, Undefined.NO_ESTIMATE),
        (DRAWS, 2, Undefined.TOO_FEW_UNITS),
        (DRAWS[:100], 16, Undefined.TOO_FEW_REPLICATES),
        (with_undefined(21), 16, Undefined.UNDEFINED_REPLICATES),
    ],
)
def test_an_interval_that_cannot_be_given_says_why(draws, units, reason):
    found = interval(draws, units=units)
    assert found.low.reason == found.high.reason == found.standard_error.reason == reason
    assert found.estimate.is_defined is not (reason is Undefined.NO_ESTIMATE)
    assert not found.excludes_zero


def test_r2_over_few_drugs_carries_its_mark():
    assert interval(DRAWS, units=16, too_narrow=True).too_narrow


@pytest.mark.parametrize(("shift", "expected"), [(0.0, True), (-0.5, False), (-1.0, True)])
def test_zero_is_excluded_from_either_side(shift, expected):
    assert interval(DRAWS + shift, units=16).excludes_zero is expected


def test_an_undefined_estimate_stays_undefined():
    assert math.isnan(interval(np.full(200, np.nan), units=16).estimate.value)
