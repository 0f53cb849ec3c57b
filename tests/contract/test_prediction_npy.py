import io

import numpy as np
import pytest

from evaluator.contract.errors import ContractError
from evaluator.contract.prediction_npy import parse_npy
from tests.contract.builders import make_npy

GOOD = make_npy(np.array([0.1, 0.2, 0.3], dtype=np.float32))


def refused(content, asked=3):
    with pytest.raises(ContractError) as caught:
        parse_npy(content, file="p.npy", asked=asked)
    return caught.value.reason


def with_version(version):
    sink = io.BytesIO()
    np.lib.format.write_array(sink, np.array([0.1, 0.2, 0.3], dtype=np.float32), version=version)
    return sink.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_both_versions_of_the_header_are_read(version):
    assert parse_npy(with_version(version), file="p.npy", asked=3).tolist() == np.float32([0.1, 0.2, 0.3]).tolist()


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.1, 0.2, 0.3]),
        np.array([0.1, 0.2, 0.3], dtype=">f4"),
        np.array([1, 2, 3], dtype=np.int32),
        np.array([[0.1, 0.2, 0.3]], dtype=np.float32),
        np.array([[0.1], [0.2], [0.3]], dtype=np.float32, order="F"),
        np.array([0.1, 0.2], dtype=np.float32),
        np.array(0.1, dtype=np.float32),
        np.zeros(3, dtype=[("prediction", "<f4")]),
        np.array(["a", "b", "c"]),
    ],
)
def test_every_other_array_is_refused_with_what_is_wanted(values):
    reason = refused(make_npy(values))
    assert reason.startswith("its header says ")
    assert "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } is wanted" in reason


def test_objects_are_never_unpickled():
    sink = io.BytesIO()
    np.save(sink, np.array([print], dtype=object), allow_pickle=True)
    assert "'|O'" in refused(sink.getvalue(), asked=1)


@pytest.mark.parametrize("content", [b"", GOOD[:7], b"PK\x03\x04" + GOOD, b"\x93NUMPY\x09\x00" + GOOD[8:]])
def test_what_does_not_begin_as_npy_is_refused(content):
    assert refused(content).startswith("it does not begin as an NPY file")


@pytest.mark.parametrize("content", [GOOD[:40], b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + GOOD[10:]])
def test_a_header_that_is_cut_short_or_endless_is_refused(content):
    assert refused(content) == "its header is cut short or longer than 1,024 bytes"


@pytest.mark.parametrize(("content", "left"), [(GOOD[:-1], 11), (GOOD + b"\0", 13), (GOOD[:-12], 0)])
def test_a_body_of_another_length_is_refused(content, left):
    assert refused(content) == f"{left} bytes follow its header, and 12 should"
