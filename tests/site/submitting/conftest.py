"""What these tests share: a registry that is allowed, a storage of their own, and a helper that is waited for."""

import pytest

from tests.site import builders


@pytest.fixture(autouse=True)
def surroundings(settings, tmp_path):
    settings.REGISTRIES = ["registry.example.org"]
    settings.STORAGE = str(tmp_path / "storage")


@pytest.fixture
def cast(db):
    return builders.make_cast()
