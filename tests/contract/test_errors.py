import pytest

from evaluator.contract.errors import ContractError, shown


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({}, "p.csv: it is empty."),
        ({"row": 1412}, "p.csv, row 1,412: it is empty."),
        ({"row": 3, "column": "std"}, "p.csv, row 3, column std: it is empty."),
    ],
)
def test_an_error_is_one_sentence_with_file_row_and_column(place, sentence):
    assert str(ContractError("p.csv", reason="it is empty", **place)) == sentence


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("0,5", "'0,5'"),
        ("\x1b[2Jgone", "'\\x1b[2Jgone'"),
        ("ü" * 41, "'" + "\\xfc" * 40 + "' and more"),
        (b"a\xff", "'a\\ufffd'"),
    ],
)
def test_what_a_stranger_wrote_is_quoted_short_and_harmless(text, quoted):
    assert shown(text) == quoted
