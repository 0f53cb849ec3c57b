"""The tiny release, in a folder of releases."""

import pytest

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny


@pytest.fixture(scope="session")
def releases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases")
    write_tiny(folder / "tiny")
    return folder


@pytest.fixture(scope="session")
def tiny(releases):
    return Release.open(releases / "tiny")
