"""For all pages."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    """Rates of mails and forecasts are kept in the process's cache, which outlives a test."""
    cache.clear()
