"""The tiny release, which checks and smoke runs are made from."""

import pytest

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases") / "tiny"
    write_tiny(folder)
    return Release.open(folder)
