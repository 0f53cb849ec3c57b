"""The child that parses a stranger's predictions answers float32 values or one sentence, within bounds."""

import io
import resource
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from evaluator.contract import read_child


@pytest.fixture
def bounds(monkeypatch):
    """The bounds that it asks for, not put on the process of the tests."""
    asked = {}
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: asked.update({what: limit}))
    return asked


def run(monkeypatch, path, *, n_rows):
    answer, sentence = io.BytesIO(), io.StringIO()
    monkeypatch.setattr(sys, "argv", ["read_child", path.name, str(n_rows)])
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=answer))
    monkeypatch.setattr(sys, "stderr", sentence)
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        try:
            read_child.main()
        except SystemExit as end:
            return end.code, answer.getvalue(), sentence.getvalue()
    return 0, answer.getvalue(), sentence.getvalue()


def test_it_answers_four_bytes_a_row_in_the_order_of_the_query(monkeypatch, tmp_path, bounds):
    path = tmp_path / "predictions.csv"
    path.write_text("row_id,prediction\n1,0.25\n0,0.5\n")
    code, answer, sentence = run(monkeypatch, path, n_rows=2)
    assert (code, sentence) == (0, "")
    np.testing.assert_array_equal(np.frombuffer(answer, "<f4"), [0.5, 0.25])


def test_it_refuses_in_one_sentence_and_answers_no_byte(monkeypatch, tmp_path, bounds):
    path = tmp_path / "predictions.csv"
    path.write_text("row_id,prediction\n0,nan\n")
    code, answer, sentence = run(monkeypatch, path, n_rows=1)
    assert (code, answer) == (read_child.REFUSED, b"")
    assert sentence.startswith("predictions.csv")


def test_it_bounds_its_memory_time_and_files_before_it_reads(monkeypatch, tmp_path, bounds):
    path = tmp_path / "predictions.csv"
    path.write_text("row_id,prediction\n0,1\n")
    run(monkeypatch, path, n_rows=1)
    assert bounds == {
        resource.RLIMIT_AS: (4 << 30, 4 << 30),
        resource.RLIMIT_CPU: (120, 120),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
    }
