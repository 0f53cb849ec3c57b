"""Settings that would do harm stop the start, by an id."""

import pytest
from django.core.checks import run_checks


def found():
    return {message.id for message in run_checks() if message.id.startswith("holdout.")}


def test_a_bare_checkout_has_nothing_to_complain_of():
    assert found() == set()


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({"STORAGE": "memory://holdout"}, {"holdout.E001"}),
        ({"STORAGE": "nothing://holdout"}, {"holdout.E001"}),
        ({"REGISTRIES": ["https://registry.example.org"]}, {"holdout.E002"}),
        ({"REGISTRIES": ["registry.example.org:5000"]}, set()),
        ({"TICK_S": 60}, {"holdout.E003"}),
        ({"TICK_S": 0}, {"holdout.E003"}),
        ({"UPLOAD_KEPT_H": 0}, {"holdout.E004"}),
        ({"SITE_URL": "holdout.example.org"}, {"holdout.E005"}),
        ({"SITE_URL": "https://holdout.example.org"}, {"holdout.E006"}),
        ({"SITE_URL": "https://holdout.example.org", "ALLOWED_HOSTS": [".example.org"]}, set()),
        ({"DEMONSTRATION": False}, {"holdout.E007"}),
        ({"MIDDLEWARE": []}, {"holdout.E008"}),
        ({"SANDBOX": "none"}, {"holdout.E009"}),
        ({"SANDBOX": "process"}, set()),
        ({"SANDBOX": "process", "DEMONSTRATION": False, "SITE_URL": "https://localhost"}, {"holdout.W001"}),
    ],
)
def test_a_harmful_setting_is_named(settings, values, ids):
    for name, value in values.items():
        setattr(settings, name, value)
    assert found() == ids
