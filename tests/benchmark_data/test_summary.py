"""The counts of a release are what a person would count by hand."""

import math

import numpy as np
import pyarrow as pa
import pytest

from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.release import Release
from benchmark_data.sheet import percent
from benchmark_data.summary import Summary, summarise
from benchmark_data.writer import Origin, ReleaseWriter


@pytest.fixture
def summary(tmp_path) -> Summary:
    response = Response("auc", Direction.LOWER, low=0.0)
    with ReleaseWriter(tmp_path / "r", name="two", version="1", task=Task.REGRESSION, response=response) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1", "c2", "c3"]}), Origin("a paper", "CC BY 4.0"))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1", "d2"]}))
        one = {"row_id": [0, 1, 2, 3], "cell_id": ["c1", "c1", "c1", "c2"], "drug_id": ["d1", "d1", "d1", "d2"]}
        writer.add_study("A", pa.table({**one, "auc": [0.0, 1.0, 2.0, 3.0]}))
        two = {"row_id": [0, 1, 2], "cell_id": ["c1", "c2", "c3"], "drug_id": ["d2", "d2", "d2"]}
        writer.add_study("B", pa.table({**two, "auc": [0.5, 0.5, 0.5]}))
        none: dict[str, pa.Array] = {"row_id": pa.array([], pa.int64()), "auc": pa.array([], pa.float64())}
        none |= {key: pa.array([], pa.string()) for key in ("cell_id", "drug_id")}
        writer.add_study("C", pa.table(none))
        values = np.array([[1, np.nan], [3, 4]], np.float32)
        writer.add_matrix(Entity.CELL, "expression", ids=["c1", "c3"], columns=["g1", "g2"], values=values)
        writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": ["d2"], "smiles": ["C"]}))
        writer.add_text(Entity.CELL, "gene_sets", pa.table({"set": ["p53"], "gene": ["MDM2"]}))
        writer.add_splits("A", Scheme.RANDOM_ROWS, [([0, 1], [2], [3]), ([0], [1], [2, 3])])
    return summarise(Release.open(tmp_path / "r"))


def test_a_pair_with_three_rows_is_one_repeated_pair_of_three_rows(summary):
    study = summary.studies[0]
    assert (study.rows, study.pairs, study.cells, study.drugs) == (4, 2, 2, 2)
    assert (study.repeated_pairs, study.rows_of_repeated_pairs) == (1, 3)
    assert study.response_quartiles == (0.0, 0.75, 1.5, 2.25, 3.0)


def test_overlaps_are_shares_of_what_the_study_of_the_column_has(summary):
    a, b, c = 0, 1, 2
    assert summary.cell_overlap[a][b] == 2 / 3  # B has c1, c2, c3; A has two of them
    assert summary.cell_overlap[b][a] == 1.0
    assert summary.drug_overlap[b][a] == 0.5  # A has d1 and d2; B has d2 alone
    assert summary.pair_overlap[a][b] == 1 / 3  # of (c1, d2), (c2, d2), (c3, d2), A has (c2, d2)
    assert summary.cell_overlap[c][a] == 0.0
    assert math.isnan(summary.cell_overlap[a][c])  # a share of nothing


def test_coverage_is_the_share_of_rows_whose_cell_or_drug_has_features(summary):
    expression, smiles, gene_sets = summary.tables
    assert expression.coverage[:2] == (3 / 4, 2 / 3)
    assert smiles.coverage[:2] == (1 / 4, 1.0)
    assert math.isnan(smiles.coverage[2])
    assert expression.missing == 1 / 4
    assert (gene_sets.rows, gene_sets.columns) == (1, 2)
    assert all(math.isnan(share) for share in gene_sets.coverage)  # no ids: it is about features


def test_split_sizes_are_told_as_their_smallest_and_largest(summary):
    (split,) = summary.splits
    assert (split.count, split.train, split.val, split.test) == (2, (1, 2), (1, 1), (1, 2))


def test_files_are_listed_under_their_licence(summary):
    stated = [terms for terms in summary.terms if terms.licence]
    assert [(terms.source, terms.licence, terms.files) for terms in stated] == [
        ("a paper", "CC BY 4.0", ("x/cell/info.parquet",))
    ]


def test_the_sheets_say_what_is_undefined_instead_of_a_number(summary):
    sheets = {sheet.title: sheet for sheet in summary.sheets()}
    assert sheets["Cells shared"].rows[0] == ("A", "100%", "66.7%", "n/a")
    facts = {fact: words for fact, *words in sheets["Studies"].rows}
    assert facts["rows of repeated pairs"] == ["3", "0", "0"]
    assert facts["their share of the rows"] == ["75.0%", "0%", "n/a"]
    assert facts["median"] == ["1.500", "0.500", "n/a"]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.5, "50.0%"), (0.0004, "<0.1%"), (0.9996, ">99.9%"), (math.nan, "n/a")],
)
def test_a_share_reads_as_all_or_none_only_when_it_is(share, text):
    assert percent(share) == text
