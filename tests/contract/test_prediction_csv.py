import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.contract.errors import ContractError
from evaluator.contract.prediction_csv import parse_csv, parsed_with_care
from tests.contract.builders import make_csv

GOOD = ("1,0.5", "2,0.25")


def refused(content, asked=3):
    with pytest.raises(ContractError) as caught:
        parse_csv(content, file="p.csv", asked=asked)
    return caught.value.row, caught.value.column, caught.value.reason


COLUMNS = "the columns are row_id, prediction and optionally std"


@pytest.mark.parametrize(
    ("header", "column", "reason"),
    [
        ("row_id,predicted", None, f"it has a column 'predicted'; {COLUMNS}"),
        ("row_id,prediction,cell_id", None, f"it has a column 'cell_id'; {COLUMNS}"),
        ("row_id,prediction,prediction", "prediction", f"the column is there 2 times; {COLUMNS}"),
        ("row_id,std", "prediction", f"the column is missing; {COLUMNS}"),
        ("prediction", "row_id", f"the column is missing; {COLUMNS}"),
        ('"row_id","prediction"', None, f"it has a column '\"row_id\"'; {COLUMNS}"),
        ("row_id, prediction", None, f"it has a column ' prediction'; {COLUMNS}"),
        ("row_id;prediction", None, f"it has a column 'row_id;prediction'; {COLUMNS}"),
        ("", None, f"it has a column ''; {COLUMNS}"),
        ("1,0.5", None, f"it has a column '1'; {COLUMNS}"),
        ("row_id,prediction\x00", None, f"it has a column 'prediction\\x00'; {COLUMNS}"),
        ("x" * 257, None, "it has no header line of at most 256 bytes"),
    ],
)
def test_every_other_header_is_refused(header, column, reason):
    assert refused(make_csv(*GOOD, header=header)) == (None, column, reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has no header line of at most 256 bytes"),
        (b"row_id,prediction", "it has no header line of at most 256 bytes"),
        (b"\xef\xbb\xbf" + make_csv(*GOOD), "it begins with a byte order mark; write it as UTF-8 without one"),
        (make_csv(*GOOD).decode().encode("utf-16"), "its header is not UTF-8"),
        (b"row_id,pr\xe9diction\n1,0.5\n", "its header is not UTF-8"),
        (make_csv(*GOOD)[:-1], "its last line is not ended by a line feed, so it may have been cut short"),
        (make_csv(*GOOD, end="\r"), "it has no header line of at most 256 bytes"),
    ],
)
def test_a_file_that_is_no_whole_text_is_refused(content, reason):
    assert refused(content) == (None, None, reason)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (b"", "the cell is empty"),
        (b"nan", "'nan' is not a finite number"),
        (b"-Infinity", "'-Infinity' is not a finite number"),
        (b"strong", "'strong' is not a number"),
        (b"0.5 ", "'0.5 ' is not a number"),
        (b'"0.5"', "'\"0.5\"' is not a number"),
        (b"0x1F", "'0x1F' is not a number"),
        (b"1_000", "'1_000' is not a number"),
        (b"1e", "'1e' is not a number"),
        (b"0.5\x00", "'0.5\\x00' is not a number"),
        ("٣".encode(), "'\\u0663' is not a number"),
        (b"0.5\r", "'0.5\\r' is not a number"),
        (b"\xff\xfe", "the cell is not UTF-8"),
        (b"7x" * 3000, "'" + "7x" * 20 + "' and more is not a number"),
    ],
)
def test_a_cell_that_is_no_finite_number_is_named(cell, reason):
    content = b"row_id,prediction\n1,0.5\n2," + cell + b"\r\n3,0.5\n"
    assert refused(content) == (2, "prediction", reason)


@pytest.mark.parametrize("cell", ["", "1.0", "1e3", "one", "99999999999999999999", " 2"])
def test_a_row_id_that_is_no_whole_number_is_named(cell):
    row, column, reason = refused(make_csv("1,0.5", f"{cell},0.5"))
    assert (row, column) == (2, "row_id")
    assert reason in ("the cell is empty", f"'{cell}' is not a whole number")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "the line is empty"),
        ("  ", "the line is empty"),
        ("1", "the line has 1 cells, and the header 2"),
        ("1,0.5,0.1", "the line has 3 cells, and the header 2"),
        ("1,0,5", "the line has 3 cells, and the header 2"),
    ],
)
def test_a_line_of_another_length_is_named(line, reason):
    assert refused(make_csv("7,0.5", line)) == (2, None, reason)


def test_a_line_ended_by_a_carriage_return_alone_is_part_of_its_neighbour():
    assert refused(b"row_id,prediction\n1,0.5\r2,0.5\n") == (1, None, "the line has 3 cells, and the header 2")


def test_more_lines_than_rows_are_refused_before_they_are_parsed():
    assert refused(make_csv("x", "y"), asked=1) == (None, None, "it has 2 rows, and 1 were asked for")


NUMBERS = st.from_regex(r"[+-]?([0-9]{1,20}\.?[0-9]{0,30}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.from_regex(r"-?[0-9]{1,18}", fullmatch=True), NUMBERS), min_size=1, max_size=20))
def test_the_fast_and_the_careful_parser_read_the_same_numbers(cells):
    content = make_csv(*(",".join(row) for row in cells))
    fast = parse_csv(content, file="p.csv", asked=len(cells))
    careful = parsed_with_care(content.partition(b"\n")[2], ["row_id", "prediction"], file="p.csv")
    assert fast.row_id.tolist() == careful["row_id"].tolist()
    assert np.array_equal(fast.prediction, careful["prediction"])
