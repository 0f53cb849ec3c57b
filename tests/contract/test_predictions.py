import os

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from evaluator.contract.errors import ContractError
from evaluator.contract.predictions import read_predictions, read_predictions_fd
from tests.contract.builders import ASKED, make_csv, make_npy, make_parquet

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.fixture
def refusal(tmp_path):
    """Reads a file of this content and returns how it was refused."""

    def read(content, name="p.csv", row_id=ASKED):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ContractError) as caught:
            read_predictions(tmp_path / name, row_id=row_id)
        error = caught.value
        assert error.file == name
        return error.row, error.column, error.reason

    return read


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", make_csv("10,0.1", "20,0.2", "30,0.3")),
        ("p.csv", make_csv("10,0.1", "20,0.2", "30,0.3", end="\r\n")),
        ("p.csv", make_csv("0.3,30", "0.1,10", "0.2,20", header="prediction,row_id")),
        ("p.csv", make_csv("30,0.3", "10,0.1", "20,0.2")),
        ("p.parquet", make_parquet()),
        ("p.npy", make_npy(np.array([0.3, 0.1, 0.2], dtype=np.float32))),
    ],
)
def test_predictions_come_in_the_order_in_which_the_rows_were_asked_for(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    read = read_predictions(tmp_path / name, row_id=ASKED)
    assert read.prediction.dtype == np.float32
    assert read.prediction.tolist() == np.array([0.3, 0.1, 0.2], dtype=np.float32).tolist()
    assert read.std is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", make_csv("10,0.1,1", "20,0.2,2", "30,0.3,0", header="row_id,prediction,std")),
        ("p.csv", make_csv("0,30,0.3", "1,10,0.1", "2,20,0.2", header="std,row_id,prediction")),
        ("p.parquet", make_parquet({"row_id": [10, 20, 30], "prediction": [0.1, 0.2, 0.3], "std": [1.0, 2.0, 0.0]})),
    ],
)
def test_a_standard_deviation_goes_with_its_prediction(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    read = read_predictions(tmp_path / name, row_id=ASKED)
    assert read.std.dtype == np.float32
    assert read.std.tolist() == [0.0, 1.0, 2.0]


def test_an_open_file_is_read_and_stays_open(tmp_path):
    (tmp_path / "anything").write_bytes(make_csv("10,0.1", "20,0.2", "30,0.3"))
    descriptor = os.open(tmp_path / "anything", os.O_RDONLY)
    assert read_predictions_fd(descriptor, "predictions.csv", row_id=ASKED).prediction.size == 3
    assert os.fstat(descriptor).st_size > 0
    os.close(descriptor)


def test_no_rows_asked_for_are_read_from_a_file_without_rows(tmp_path):
    (tmp_path / "p.csv").write_bytes(make_csv())
    (tmp_path / "p.parquet").write_bytes(
        make_parquet({"row_id": pa.array([], pa.int64()), "prediction": pa.array([], pa.float32())})
    )
    for name in ("p.csv", "p.parquet"):
        assert read_predictions(tmp_path / name, row_id=ASKED[:0]).prediction.size == 0


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(npst.arrays(np.float32, st.integers(1, 30), elements=FINITE), st.randoms(use_true_random=False))
def test_every_finite_32_bit_float_survives_every_format_and_order(tmp_path_factory, values, random):
    folder = tmp_path_factory.mktemp("formats")
    asked = np.array(random.sample(range(-500, 500), values.size))
    written = np.array(random.sample(range(values.size), values.size))
    rows = [f"{asked[i]},{float(values[i])!r}" for i in written]
    (folder / "p.csv").write_bytes(make_csv(*rows))
    (folder / "p.parquet").write_bytes(make_parquet({"row_id": asked[written], "prediction": values[written]}))
    (folder / "p.npy").write_bytes(make_npy(values))
    for name in ("p.csv", "p.parquet", "p.npy"):
        assert read_predictions(folder / name, row_id=asked).prediction.tolist() == values.tolist()


@pytest.mark.parametrize("name", ["p.txt", "p", "p.CSV", "p.csv.gz"])
def test_another_format_is_refused(refusal, name):
    assert refusal(b"", name) == (None, None, "its name must end in one of .csv, .parquet, .npy")


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        (["10,1", "20,1"], (None, "row_id", "1 of the 3 rows asked for are missing, row_id 30 first")),
        (["20,1"], (None, "row_id", "2 of the 3 rows asked for are missing, row_id 30 first")),
        ([], (None, "row_id", "3 of the 3 rows asked for are missing, row_id 30 first")),
        (["10,1", "20,1", "10,1"], (3, "row_id", "row_id 10 is there twice")),
        (["10,1", "10,1"], (2, "row_id", "row_id 10 is there twice")),
        (["10,1", "99,1", "30,1"], (2, "row_id", "row_id 99 was not asked for")),
        (["-10,1", "20,1", "30,1"], (1, "row_id", "row_id -10 was not asked for")),
        (["10,1", "20,1", "30,1", "40,1"], (None, None, "it has 4 rows, and 3 were asked for")),
    ],
)
def test_missing_repeated_unknown_and_surplus_rows_are_refused(refusal, rows, refused):
    assert refusal(make_csv(*rows)) == refused


@pytest.mark.parametrize(
    ("name", "write", "reason"),
    [
        ("p.parquet", lambda v: make_parquet({"row_id": ASKED, "prediction": v}), "nan is not a finite number"),
        ("p.npy", lambda v: make_npy(v.astype(np.float32)), "nan is not a finite number"),
    ],
)
def test_nan_is_refused_in_binary_formats(refusal, name, write, reason):
    assert refusal(write(np.array([0.1, np.nan, np.inf])), name) == (2, "prediction", reason)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("1e39", "1e+39 is too large for 32 bits"), ("-1e400", "-inf is not a finite number")],
)
def test_a_number_beyond_32_bits_is_refused(refusal, cell, reason):
    assert refusal(make_csv("10,0.1", f"20,{cell}", "30,0.3")) == (2, "prediction", reason)


def test_a_number_too_small_for_32_bits_is_nought(tmp_path):
    (tmp_path / "p.csv").write_bytes(make_csv("10,1e-60", "20,-1e-400", "30,0.3"))
    assert read_predictions(tmp_path / "p.csv", row_id=np.array([10, 20, 30])).prediction[:2].tolist() == [0.0, 0.0]


def test_a_negative_standard_deviation_is_refused(refusal):
    content = make_csv("10,0.1,0", "20,0.2,-0.5", "30,0.3,0", header="row_id,prediction,std")
    assert refusal(content) == (2, "std", "-0.5 is negative, and a standard deviation is not")


def test_far_more_rows_than_were_asked_for_are_refused_unread(refusal):
    content = b"row_id,prediction\n" + b"5,0.5\n" * 1_000_000
    reason = "it has 6,000,018 bytes, and predictions for 952 rows take at most 122,112"
    assert refusal(content, row_id=np.arange(952)) == (None, None, reason)


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.npy"])
def test_an_empty_file_is_refused(refusal, name):
    assert refusal(b"", name)[2]
