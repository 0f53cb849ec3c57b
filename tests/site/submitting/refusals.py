"""What every refusal has to have."""

import pytest

from leaderboard.submitting.errors import Refused


def refusal(act, *args, **values):
    """Runs `act`, which must be refused, with a thing named and a remedy; returns the refusal."""
    with pytest.raises(Refused) as caught:
        act(*args, **values)
    refused = caught.value
    assert refused.code and refused.sentence.endswith(".") and refused.remedy
    assert 400 <= refused.status < 600
    return refused
