"""What attacks on the site start from: a real database, the standing people, and nothing left of another attack."""

import pytest
from django.core.cache import cache

from tests.site.builders import make_cast


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    cache.clear()
    settings.STORAGE = str(tmp_path / "storage")
    return settings.STORAGE


@pytest.fixture
def cast(db):
    return make_cast()
