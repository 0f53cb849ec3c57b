"""A release and a study sealed for it, made once."""

from pathlib import Path

import pytest

from benchmark_data.sealed_study import read
from tests.sealing.builders import make_release, seal


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("sealing") / "release")


@pytest.fixture(scope="session")
def sealed(tmp_path_factory, release):
    return seal(tmp_path_factory.mktemp("sealed"), release)


@pytest.fixture(scope="session")
def bundle(sealed):
    return read(Path(sealed.folder))
