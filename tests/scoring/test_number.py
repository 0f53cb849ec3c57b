import math

import pytest

from evaluator.scoring.number import Number


def test_a_number_without_a_reason_is_defined():
    assert Number(0.5).is_defined


def test_an_undefined_number_is_nan_and_says_why():
    number = Number.undefined("the answers are constant")
    assert math.isnan(number.value)
    assert not number.is_defined
    assert number.reason == "the answers are constant"


@pytest.mark.parametrize(("value", "reason"), [(math.nan, None), (0.5, "odd"), (math.inf, None), (-math.inf, "odd")])
def test_there_is_no_third_kind_of_number(value, reason):
    with pytest.raises(ValueError, match="finite, or NaN with a reason"):
        Number(value, reason)
