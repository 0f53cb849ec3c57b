import math

import pytest

from evaluator.contract.errors import ContractError
from evaluator.contract.score_table import read_score_tables

HEADER = "met,split,value,src,trg,model"


@pytest.fixture
def table(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / "scores.csv"
        path.write_text("".join(f"{line}\n" for line in (header, *lines)))
        return path

    return write


@pytest.fixture
def refusal(table):
    def read(*lines, header=HEADER):
        with pytest.raises(ContractError) as caught:
            read_score_tables(table(*lines, header=header))
        return caught.value.row, caught.value.column, caught.value.reason

    return read


def test_scores_are_sorted_by_metric_model_entry_and_split(table):
    path = table("r2,0,0.5,B,A,lgbm", "r2,1,-0.25,B,A,lgbm", "mse,3,1e-3,B,B,uno", "r2,0,nan,A,A,uno")
    tables = read_score_tables(path)
    assert list(tables) == ["r2", "mse"]
    assert tables["r2"].scores["lgbm"] == {("B", "A"): {0: 0.5, 1: -0.25}}
    assert math.isnan(tables["r2"].scores["uno"]["A", "A"][0])
    assert list(tables["r2"].studies) == ["B", "A"]  # as first named, a source before its target
    assert tables["r2"].splits == {0, 1}
    assert tables["mse"].splits == {3}


def test_columns_may_stand_in_any_order(table):
    tables = read_score_tables(table("lgbm,B,A,0.5,2,r2", header="model,trg,src,value,split,met"))
    assert tables["r2"].scores == {"lgbm": {("A", "B"): {2: 0.5}}}


def test_a_link_to_a_table_is_followed_as_it_is_the_users_own(table, tmp_path):
    (tmp_path / "link.csv").symlink_to(table("r2,0,0.5,A,A,lgbm"))
    assert list(read_score_tables(tmp_path / "link.csv")) == ["r2"]


@pytest.mark.parametrize(
    ("header", "column", "reason"),
    [
        ("met,split,value,src,trg", "model", "there must be one such column, and there are 0"),
        (f"{HEADER},value", "value", "there must be one such column, and there are 2"),
        (f"{HEADER},seed", None, "it has a column 'seed'; the columns are met, split, value, src, trg, model"),
        ("", "met", "there must be one such column, and there are 0"),
    ],
)
def test_another_header_is_refused(refusal, header, column, reason):
    assert refusal(header=header) == (None, column, reason)


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("r2,0,0.5,A,A", None, "it does not have 6 cells"),
        ("r2,0,0.5,A,A,m,x", None, "it does not have 6 cells"),
        ("r2,0,0.5,A,A,", "model", "a name has 1 to 100 characters"),
        (f"r2,0,0.5,{'A' * 101},A,m", "src", "a name has 1 to 100 characters"),
        ("r2,one,0.5,A,A,m", "split", "'one' is not the number of a split"),
        ("r2,-1,0.5,A,A,m", "split", "'-1' is not the number of a split"),
        ("r2,٣,0.5,A,A,m", "split", "'\\u0663' is not the number of a split"),
        ("r2,9999999999,0.5,A,A,m", "split", "'9999999999' is not the number of a split"),
        ("r2,0,good,A,A,m", "value", "'good' is not a finite number, nor nan for an undefined score"),
        ("r2,0,,A,A,m", "value", "'' is not a finite number, nor nan for an undefined score"),
        ("r2,0,inf,A,A,m", "value", "'inf' is not a finite number, nor nan for an undefined score"),
        ("r2,7,0.25,X,Y,n", None, "it repeats 'r2 of n, X to Y, split 7'"),
    ],
)
def test_a_row_that_is_wrong_is_named(refusal, line, column, reason):
    assert refusal("r2,7,0.5,X,Y,n", line) == (2, column, reason)


def test_a_table_without_rows_is_refused(refusal):
    assert refusal() == (None, None, "it has no rows")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"met,\xff\n", "it is not UTF-8"),
        (HEADER.encode() + b'\nr2,0,0.5,A,A,"m', "it is not CSV (unexpected end of data)"),
        (b"", "there must be one such column, and there are 0"),
    ],
)
def test_what_is_no_text_table_is_refused(tmp_path, content, reason):
    (tmp_path / "scores.csv").write_bytes(content)
    with pytest.raises(ContractError) as caught:
        read_score_tables(tmp_path / "scores.csv")
    assert caught.value.reason == reason
