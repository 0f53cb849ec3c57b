"""An IMPROVE csa_data tree becomes a release: rows by position, splits in their order, features under unique names."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmark_data.csa_export import Layout, export_csa
from benchmark_data.csa_import import import_csa
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity, Kind, Scheme
from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from benchmark_data.verify import verify

RESPONSE = [
    "source\timprove_sample_id\timprove_chem_id\tstudy\tauc\tic50\taac1",
    "CCLE\tACH-1\tDrug_1\tCCLE.7\t0.7153\t5.66\t0.2",
    "gCSI\tACH-1\tDrug_1\tgCSI.1\t0.5\t\t0.3",
    "CCLE\tACH-2\tDrug_1\tCCLE.7\t1\t5.1\t0",
    "CCLE\tACH-1\tDrug_2\tCCLE.8\t0\tNA\t1",
    "CCLE\tACH-1\tDrug_1\tCCLE.7\t0.7\t5.2\t0.1",
    "CCLE\tACH-3\tDrug_2\tCCLE.8\t\t5.2\t0.1",
    "gCSI\tACH-2\tDrug_3\tgCSI.1\t1.2\t1\t0.3",
]
# improvelib 0.1.0: expression is Ensembl, Entrez, Symbol; copy number Entrez, Symbol, Ensembl; methylation has four.
MANY_HEADERS = {
    "cancer_gene_expression.tsv": [
        "\tENSG01\tENSG02\tENSG03\tENSG04",
        "\t7157\t672\t675\t11",
        "\tTP53\tBRCA\tBRCA\t",
        "ACH-1\t1.5\t\t3\t4",
        "ACH-9\t1\t2\t3\t4",
    ],
    "cancer_copy_number.tsv": [
        "Entrez\t7157\t672",
        "Gene_Symbol\tTP53\tBRCA1",
        "Ensembl\tENSG01\tENSG02",
        "improve_sample_id\t\t",
        "ACH-1\t1\t2",
    ],
    "cancer_DNA_methylation.tsv": [
        "improve_sample_id\tTP53_1\tTP53_2",
        "improve_sample_id\t7157\t7157",
        "improve_sample_id\tENSG01\tENSG01",
        "improve_sample_id\tTP53\tTP53",
        "ACH-2\t0.25\t     NaN",
    ],
    "cancer_RPPA.tsv": ["\t14-3-3_beta\tA1", "ACH-1\t-0.5\t1e300"],
}
ONE_HEADER = {
    "cancer_gene_expression.tsv": ["improve_sample_id\tTP53\tBRCA\tBRCA.1", "ACH-1\t1.5\t\t3", "ACH-9\t1\t2\t3"],
    "cancer_copy_number.tsv": ["improve_sample_id\tTP53\tBRCA1", "ACH-1\t1\t2"],
}
DRUGS = {
    "drug_SMILES.tsv": ["improve_chem_id\tcanSMILES", "Drug_1\tCCO", "Drug_2\tC(", "Drug_4\tC"],
    "drug_ecfp4_nbits512.tsv": ["improve_chem_id\tecfp4.0\tecfp4.1", "Drug_1\t0\t1", "Drug_2\t1\t1"],
    "drug_mordred.tsv": ["improve_chem_id\tABC\tLogP", "Drug_1\t7.5\t-0.25"],
    "drug_info.tsv": ["DrugID\timprove_chem_id\tNAME", "CCLE.1\tDrug_1\tAlpha", "gCSI.1\tDrug_1\tAlfa"],
}


def write_tree(folder: Path, features: dict, *, end: str = "\r\n", response=RESPONSE, splits=None) -> Path:
    """The published folders below raw_data; the last line of every file is without its end."""
    files = {f"x_data/{name}": lines for name, lines in (features | DRUGS).items()}
    files["y_data/response.tsv"] = response
    files |= {f"splits/{name}.txt": [str(row) for row in rows] for name, rows in (splits or {}).items()}
    for name, lines in files.items():
        place = folder / "raw_data" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(end.join(lines).encode())
    return folder


def imported(folder: Path, **options):
    out = folder.parent / "release"
    report = import_csa(folder, out, **options)
    assert verify(out).findings == ()
    return Release.open(out), report


CCLE_SPLITS = {
    "CCLE_all": [0, 2, 3, 4, 5],
    "CCLE_split_0_train": [4, 0, 5],
    "CCLE_split_0_val": [2],
    "CCLE_split_0_test": [3],
    "CCLE_cell_0_train": [0, 3, 4],
    "CCLE_cell_0_val": [2],
    "CCLE_cell_0_test": [5],
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_keep_their_position_over_all_studies(tmp_path, end):
    release, _ = imported(write_tree(tmp_path / "csa", MANY_HEADERS, end=end))
    assert release.study_names() == ("CCLE", "gCSI")
    ccle = release.study("CCLE")
    assert ccle.row_id.tolist() == [0, 2, 3, 4]
    assert ccle.response.tolist() == [0.7153, 1.0, 0.0, 0.7]
    assert release.study("gCSI").row_id.tolist() == [1]
    kept = pq.read_table(release.folder / "y/CCLE.parquet")
    assert kept["study"].to_pylist() == ["CCLE.7", "CCLE.7", "CCLE.8", "CCLE.7"]
    assert kept["ic50"].to_pylist() == [5.66, 5.1, None, 5.2]


def test_the_report_says_study_by_study_what_is_missing(tmp_path):
    _, report = imported(write_tree(tmp_path / "csa", MANY_HEADERS))
    ccle, gcsi = report.studies
    assert (ccle.rows_read, ccle.rows_kept, ccle.left_out["no answer"]) == (5, 4, 1)
    assert (gcsi.rows_read, gcsi.rows_kept, gcsi.left_out["answer outside the range"]) == (2, 1, 1)
    assert (ccle.pairs, ccle.repeated_pairs, ccle.rows_of_repeated_pairs) == (3, 1, 2)
    assert ccle.rows_without["cell/expression"] == 1  # ACH-2
    assert ccle.rows_without["cell/methylation"] == 3  # ACH-1, three times
    assert (ccle.drugs_without_smiles, ccle.rows_without_smiles) == (("Drug_2",), 1)
    assert [(found.drug, found.smiles) for found in report.unreadable_smiles] == [("Drug_2", "C("), ("Drug_3", "")]


def test_features_under_many_header_rows_go_by_symbol_where_that_is_their_own(tmp_path):
    release, report = imported(write_tree(tmp_path / "csa", MANY_HEADERS))
    expression = release.table(Entity.CELL, "expression")
    assert expression.columns == ("TP53", "ENSG02", "ENSG03", "ENSG04")
    assert expression.ids == ("ACH-1", "ACH-9")
    expected = np.array([[1.5, np.nan, 3, 4], [1, 2, 3, 4]], np.float32)
    np.testing.assert_array_equal(expression.values, expected)
    assert release.table(Entity.CELL, "copy_number").columns == ("TP53", "BRCA1")
    methylation = release.table(Entity.CELL, "methylation")
    assert methylation.columns == ("TP53_1", "TP53_2")
    np.testing.assert_array_equal(methylation.values, np.array([[0.25, np.nan]], np.float32))
    assert report.all_notes()[:2] == (
        "cell/expression: 3 features without a name of their own go by their Ensembl",
        "cell/rppa: 1 of the missing values are infinite or too large in the source",
    )


def test_features_under_one_header_row_are_the_same_table(tmp_path):
    release, _ = imported(write_tree(tmp_path / "csa", ONE_HEADER))
    expression = release.table(Entity.CELL, "expression")
    assert (expression.columns, expression.ids) == (("TP53", "BRCA", "BRCA.1"), ("ACH-1", "ACH-9"))
    assert release.table(Entity.CELL, "copy_number").values.tolist() == [[1, 2]]


def test_repeated_names_under_one_header_row_get_the_number_that_pandas_gives_them(tmp_path):
    tree = write_tree(tmp_path / "csa", {"cancer_RPPA.tsv": ["improve_sample_id\tA\tB\tA\t", "ACH-1\t1\t2\t3\t4"]})
    release, _ = imported(tree)
    assert release.table(Entity.CELL, "rppa").columns == ("A", "B", "A.1", "unnamed")


def test_cells_and_drugs_are_all_that_have_answers_features_or_smiles(tmp_path):
    release, _ = imported(write_tree(tmp_path / "csa", MANY_HEADERS))
    assert release.cells == ("ACH-1", "ACH-2", "ACH-3", "ACH-9")
    assert release.drugs == ("Drug_1", "Drug_2", "Drug_3", "Drug_4")
    assert release.info(Entity.DRUG)["name"].to_pylist() == ["Alpha", None, None, None]
    assert release.table(Entity.DRUG, "ecfp4").values.dtype == np.uint8
    assert release.table(Entity.DRUG, "mordred").values.tolist() == [[7.5, -0.25]]


def test_depmaps_cell_table_gives_names_and_tissues(tmp_path):
    lines = ["DepMap_ID\tcell_line_name\tlineage\tage", "ACH-2\tTwo\tskin\t61", "ACH-1\tOne\t\tAdult"]
    release, _ = imported(write_tree(tmp_path / "csa", ONE_HEADER | {"cell_line_info.tsv": lines}))
    info = release.info(Entity.CELL)
    assert info["name"].to_pylist() == ["One", "Two", None, None]
    assert info["tissue"].to_pylist() == ["unknown", "skin", "unknown", "unknown"]
    assert info["age"].to_pylist() == ["Adult", "61", None, None]


def test_splits_keep_the_order_of_their_files_less_the_rows_without_an_answer(tmp_path):
    release, report = imported(write_tree(tmp_path / "csa", ONE_HEADER, splits=CCLE_SPLITS))
    row_id = release.study("CCLE").row_id
    split = release.split("CCLE", Scheme.RANDOM_ROWS, 0)
    assert [row_id[part].tolist() for part in split.parts().values()] == [[4, 0], [2], [3]]
    blind = release.split("CCLE", Scheme.CELL_BLIND, 0)
    assert [row_id[part].tolist() for part in blind.parts().values()] == [[0, 3, 4], [2], []]
    assert {found.scheme: found.rows_left_out for found in report.splits} == {"random-rows": 1, "cell-blind": 1}
    assert "gCSI has no split files" in report.notes


def test_what_is_not_imported_is_named_in_a_note(tmp_path):
    splits = {"CCLE_all": [0], "CCLE_split_0_train_size_64": [0], "GDSCv1_split_0_train": [0]}
    features = ONE_HEADER | {"cancer_mutation_long_format.tsv": ["a\tb"], "cancer_mutation.parquet": ["x"]}
    _, report = imported(write_tree(tmp_path / "csa", features, splits=splits))
    assert report.notes == (
        "files of x_data/ that Holdout has no table for are left out: "
        "cancer_mutation.parquet, cancer_mutation_long_format.tsv",
        "the random-rows splits of GDSCv1 are left out: response.tsv has no rows of that study",
        "CCLE has no split files",
        "splits/CCLE_all.txt names 1 rows; response.tsv has 5 of CCLE, and these are kept",
        "gCSI has no split files",
        "files of splits/ that are no part of a split are left out: CCLE_split_0_train_size_64.txt",
    )


def test_a_table_that_improvelib_does_not_know_is_imported_under_its_own_name(tmp_path):
    tree = write_tree(tmp_path / "csa", {"cancer_expression_landmark.tsv": ["improve_sample_id\tTP53", "ACH-1\t1"]})
    release, _ = imported(tree)
    assert release.table(Entity.CELL, "expression_landmark").columns == ("TP53",)


def test_another_response_brings_its_own_direction(tmp_path):
    release, _ = imported(write_tree(tmp_path / "csa", ONE_HEADER), response="aac1")
    assert release.manifest.response.direction == "higher"
    assert release.study("gCSI").response.tolist() == [0.3, 0.3]


def test_an_index_and_a_split_id_as_1_0_0_writes_them_are_no_columns_of_ours(tmp_path):
    response = [
        f"{'' if n == 0 else n - 1}\t{'split_id' if n == 0 else n - 1}\t{row}" for n, row in enumerate(RESPONSE)
    ]
    release, _ = imported(write_tree(tmp_path / "csa", ONE_HEADER, response=response))
    columns = pq.read_table(release.folder / "y/CCLE.parquet").column_names
    assert columns == ["row_id", "cell_id", "drug_id", "auc", "study", "ic50", "aac1"]


def row(number: int, text: str) -> list[str]:
    return [*RESPONSE[:number], text, *RESPONSE[number + 1 :]]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (
            {"response": row(2, "gCSI\tACH-1\tDrug_1\tx\tlow\t1\t1")},
            r"response.tsv, line 3: auc is 'low', not a number",
        ),
        ({"response": row(2, "\tACH-1\tDrug_1\tx\t1\t1\t1")}, r"response.tsv, line 3: source is empty"),
        ({"response": row(2, "gCSI\tACH-1")}, r"response.tsv: .*Expected 7 columns, got 2"),
        ({"response": row(0, RESPONSE[0].replace("auc", "AUC"))}, r"response.tsv has no column 'auc'"),
        ({"response": row(2, RESPONSE[2].replace("gCSI", "../../up"))}, r"'../../up' is not a name"),
        (
            {"response": row(0, RESPONSE[0].replace("ic50", "row_id"))},
            r"called 'row_id', which is a column of the release",
        ),
        ({"response": row(0, RESPONSE[0].replace("ic50", "auc"))}, r"response.tsv has 2 columns 'auc'"),
        (
            {"x": {"cancer_RPPA.tsv": ["\tA\tB", "ACH-1\t1\tx"]}},
            r"cancer_RPPA.tsv, line 2, column B: 'x' is not a number",
        ),
        ({"x": {"cancer_RPPA.tsv": ["\tA\tB", "ACH-1\t1"]}}, r"line 2: 2 columns where the first line has 3"),
        (
            {"x": {"cancer_copy_number.tsv": ["\tA\tB", "\tA", "\tA\tB"]}},
            r"line 2: 2 columns where the first line has 3",
        ),
        ({"x": {"cancer_RPPA.tsv": ["\tA", "\tB", "ACH-1\t1"]}}, r"has 2 header rows where 1 is known"),
        ({"x": {"cancer_copy_number.tsv": ["\tA", "\tB", "ACH-1\t1"]}}, r"has 2 header rows where 1 or 3 is known"),
        ({"x": {"cancer_RPPA.tsv": ["\tA", "ACH-1\t1", "ACH-1\t2"]}}, r"cell table rppa: an id stands twice"),
        ({"x": {"cancer_RPPA.tsv": []}}, r"cancer_RPPA.tsv is empty"),
        ({"x": {"drug_ecfp4_nbits512.tsv": ["\tb", "Drug_1\t2.5"]}}, r"Drug_1, column b: 2.5 is not a whole number"),
        ({"x": {"drug_SMILES.tsv": ["improve_chem_id\tSMILES", "Drug_1\tC"]}}, r"has no column 'canSMILES'"),
        ({"x": {"drug_SMILES.tsv": ["improve_chem_id\tcanSMILES", "\tC"]}}, r"line 2: improve_chem_id is empty"),
        ({"x": {"drug_SMILES.tsv": [*DRUGS["drug_SMILES.tsv"], "Drug_1\tC"]}}, r"a drug stands twice"),
        ({"x": {"drug_info.tsv": ["DrugID\tNAME", "CCLE.1\tAlpha"]}}, r"drug_info.tsv has no column improve_chem_id"),
        ({"splits": {"CCLE_split_0_test": ["x"]}}, r"random-rows split 0 of CCLE has no file for train"),
        ({"splits": CCLE_SPLITS | {"CCLE_split_0_test": ["3", "x"]}}, r"test.txt, line 2: 'x' is not a row number"),
        ({"splits": CCLE_SPLITS | {"CCLE_split_0_test": [1]}}, r"study CCLE has no row 1"),
        ({"splits": CCLE_SPLITS | {"CCLE_split_0_test": [0]}}, r"in two places"),
        ({"splits": CCLE_SPLITS | {"CCLE_cell_0_test": [4]}}, r"in two places"),
        (
            {"splits": CCLE_SPLITS | {"CCLE_cell_0_val": [0], "CCLE_cell_0_train": [3]}},
            r"a cell of val in another part",
        ),
        ({"splits": {f"CCLE_split_2_{part}": [0] for part in ("train", "val", "test")}}, r"numbered 2, not from 0 on"),
    ],
)
def test_a_broken_tree_gives_one_sentence_and_leaves_nothing_behind(tmp_path, broken, reason):
    tree = write_tree(
        tmp_path / "csa", {}, response=broken.get("response", RESPONSE), splits=broken.get("splits"), end="\n"
    )
    for name, lines in broken.get("x", {}).items():
        (tree / "raw_data/x_data" / name).write_text("\n".join(lines))
    with pytest.raises(ReleaseError, match=reason) as raised:
        imported(tree)
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["csa"]


def test_line_ends_make_no_difference_to_the_release(tmp_path):
    unix, windows = (write_tree(tmp_path / name, MANY_HEADERS, end=end) for name, end in (("u", "\n"), ("w", "\r\n")))
    first, second = (import_csa(tree, tmp_path / f"{tree.name}-release") for tree in (unix, windows))
    assert first.release_id == second.release_id != ""


def test_a_folder_that_is_no_tree_is_refused(tmp_path):
    with pytest.raises(ReleaseError, match=r"is no csa_data tree: it has no y_data/response.tsv"):
        import_csa(tmp_path, tmp_path / "out")


def test_an_unknown_response_is_refused_with_the_nearest_known_one(tmp_path):
    with pytest.raises(ReleaseError, match=r"response 'acu': did you mean auc"):
        import_csa(write_tree(tmp_path / "csa", ONE_HEADER), tmp_path / "out", response="acu")


@pytest.mark.parametrize("layout", list(Layout))
def test_a_release_written_as_a_tree_comes_back_with_the_same_rows_splits_and_features(tmp_path, layout):
    write_tiny(tmp_path / "tiny")
    there = Release.open(tmp_path / "tiny")
    export_csa(there, tmp_path / "csa", layout=layout)
    back, report = imported(tmp_path / "csa")
    assert report.notes == ()
    for name in there.study_names():
        first, second = there.study(name), back.study(name)
        assert first.row_id.tolist() == second.row_id.tolist()
        assert first.response.tolist() == second.response.tolist()
        assert [there.cells[code] for code in first.cell] == [back.cells[code] for code in second.cell]
        assert [there.drugs[code] for code in first.drug] == [back.drugs[code] for code in second.drug]
        ours, theirs = (release.split(name, Scheme.RANDOM_ROWS, 3).parts() for release in (there, back))
        assert {part: rows.tolist() for part, rows in ours.items()} == {
            part: rows.tolist() for part, rows in theirs.items()
        }
    for entry in there.manifest.tables:
        if entry.kind is Kind.MATRIX:
            ours, theirs = (release.table(entry.entity, entry.name) for release in (there, back))
            assert (ours.ids, ours.columns) == (theirs.ids, theirs.columns)
            np.testing.assert_array_equal(ours.values, theirs.values)
    said = {"name", "mechanisms"}
    drugs, returned = (
        {row["drug_id"]: row for row in release.info(Entity.DRUG).to_pylist()} for release in (there, back)
    )
    assert all(returned[drug][key] == row[key] for drug, row in drugs.items() for key in said)
