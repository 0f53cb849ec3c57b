import os
import socket

import pytest

from evaluator.contract.errors import ContractError
from evaluator.contract.files import open_regular, read_bounded


def make_link(path):
    (path.parent / "elsewhere").write_text("secret")
    path.symlink_to(path.parent / "elsewhere")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # an absolute one may be too long for a socket's name


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: None, "there is no such file"),
        (make_link, "it is a symbolic link, not a file"),
        (lambda path: path.mkdir(), "it is a directory, not a file"),
        (os.mkfifo, "it is a pipe, not a file"),
        (make_socket, "it cannot be opened: No such device or address"),
    ],
)
def test_only_a_regular_file_is_opened_and_nothing_waits_for_a_pipe(tmp_path, make, reason):
    make(tmp_path / "predictions.csv")
    with pytest.raises(ContractError) as refusal:
        open_regular(tmp_path / "predictions.csv")
    assert (refusal.value.file, refusal.value.reason) == ("predictions.csv", reason)


def test_a_pipe_that_was_opened_by_somebody_else_is_refused():
    read, write = os.pipe()
    try:
        with pytest.raises(ContractError, match="it is a pipe"):
            read_bounded(read, file="p.csv", limit_bytes=10, because="3 rows")
    finally:
        os.close(read)
        os.close(write)


def test_a_file_at_its_limit_is_read_as_often_as_asked_and_stays_open(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"0123456789")
    descriptor = open_regular(tmp_path / "p.csv")
    for _ in range(2):
        assert read_bounded(descriptor, file="p.csv", limit_bytes=10, because="3 rows") == b"0123456789"
    os.close(descriptor)


def test_a_larger_file_is_refused_unread(tmp_path):
    with (tmp_path / "p.csv").open("wb") as sparse:
        sparse.truncate(1 << 40)
    descriptor = open_regular(tmp_path / "p.csv")
    with pytest.raises(ContractError) as refusal:
        read_bounded(descriptor, file="p.csv", limit_bytes=10, because="predictions for 3 rows")
    os.close(descriptor)
    assert refusal.value.reason == "it has 1,099,511,627,776 bytes, and predictions for 3 rows take at most 10"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "p.csv").write_bytes(b"0123456789")
    descriptor = open_regular(tmp_path / "p.csv")
    monkeypatch.setattr("evaluator.contract.files._require_regular", lambda *_: 0)  # its size a moment ago
    with pytest.raises(ContractError, match="grew past 9 bytes"):
        read_bounded(descriptor, file="p.csv", limit_bytes=9, because="3 rows")
    os.close(descriptor)
