import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import rankdata

from evaluator.scoring import ranks
from evaluator.scoring.ranks import Layout, ordinals

# Few distinct values, both zeros, and the smallest and largest floats: ties and order at every edge.
EDGES = [0.0, -0.0, 1.0, -1.0, 0.25, 1e-45, -1e-45, 3e38, -3e38, 0.1]


def centred_ranks(values, count):
    parts = np.split(values, np.cumsum(count)[:-1])
    return np.concatenate([rankdata(part) - (part.size + 1) / 2 for part in parts])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(EDGES), min_size=1, max_size=60), st.data(), st.sampled_from([np.float32, np.float64]))
def test_ranks_within_groups_are_those_of_scipy(values, data, dtype):
    values = np.array(values, dtype=dtype)
    cuts = data.draw(st.sets(st.integers(1, values.size - 1))) if values.size > 1 else set()
    count = np.diff([0, *sorted(cuts), values.size])
    ranking = Layout.of(count).ranked(ordinals(values))
    expected = centred_ranks(values, count)
    assert ranking.by_row() == pytest.approx(expected, abs=0)
    assert ranking.squares == pytest.approx(np.add.reduceat(expected**2, np.cumsum(count) - count), rel=1e-14)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(npst.arrays(np.float32, st.integers(1, 80), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_any_finite_32_bit_floats_keep_their_order(values):
    ranking = Layout.of(np.array([values.size])).ranked(ordinals(values))
    assert ranking.by_row() + (values.size + 1) / 2 == pytest.approx(rankdata(values), abs=0)


def test_more_groups_and_rows_than_fit_one_key_are_ranked_all_the_same(monkeypatch):
    monkeypatch.setattr(ranks, "_KEY_BITS", 40)
    rng = np.random.default_rng(1)
    values, count = rng.integers(0, 5, 1000).astype(np.float32), np.array([400, 1, 599])
    layout = Layout.of(count)
    assert layout.payload(np.array([1], dtype=np.uint64)).key is not None
    assert layout.payload(np.array([2**7], dtype=np.uint64)).key is None
    assert layout.ranked(ordinals(values)).by_row() == pytest.approx(centred_ranks(values, count), abs=0)


def test_no_rows_have_no_sums_and_no_ranks():
    layout = Layout.of(np.empty(0, dtype=np.int64))
    assert layout.sums(np.empty(0)).size == 0
    assert layout.is_constant(np.empty(0)).size == 0
    assert layout.ranked(np.empty(0, dtype=np.uint32)).rank.size == 0
