"""A curator's plain tables become a release, and what cannot be used is counted, never dropped in silence."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity, Scheme
from benchmark_data.release import Release
from benchmark_data.table_import import import_tables
from benchmark_data.table_spec import parse_spec, read_spec
from benchmark_data.verify import verify

HEAD = """
name = "mine"
version = "1"
task = "regression"
response = { column = "auc", direction = "lower", low = 0.0, high = 1.0 }
cells = { file = "cells.csv", id = "line", name = "line_name", tissue = "site", source = "us", licence = "CC0" }
"""
DRUGS = 'drugs = { file = "drugs.tsv", id = "drug", smiles = "smiles" }\n'
SCREEN = '[[screen]]\nstudy = "A"\nfile = "a.tsv"\ncell_id = "line"\ndrug_id = "drug"\n'


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "tables"
    made.mkdir()
    (made / "cells.csv").write_text('line,line_name,site\nc1,"One, the first",lung\nc2,Two,\n007,Bond,skin\n')
    (made / "drugs.tsv").write_bytes(
        b"drug\tsmiles\tmoa\ttarget\r\nd1\tCCO\tA inhibitor, B agonist\tT1\r\nd2\t\tOther\tT2\r\nd3\tC(\t\t"
    )
    (made / "a.tsv").write_text(
        "line\tdrug\tauc\tplate\tfold\n"
        "c1\td1\t0.5\tp1\t0\nc1\td1\t0.25\tp2\t1\nc2\td2\t1\tp1\t2\n007\td1\t0\tp1\t0\n"
        "c9\td1\t0.5\tp1\t1\nc1\td9\t0.5\tp1\t2\nc2\td1\tNA\tp1\t1\nc2\td1\t1.5\tp1\t2\n"
    )
    return made


def imported(folder: Path, spec: str):
    out = folder.parent / "release"
    report = import_tables(parse_spec(spec), folder, out)
    assert verify(out).findings == ()
    return Release.open(out), report


def test_rows_become_a_study_and_the_others_are_counted_by_their_reason(folder):
    release, report = imported(folder, HEAD + DRUGS + SCREEN + 'keep = ["plate"]\n')
    (found,) = report.studies
    assert (found.rows_read, found.rows_kept) == (8, 4)
    assert found.left_out == {
        "cell not in the list": 1,
        "drug not in the list": 1,
        "no answer": 1,
        "answer outside the range": 1,
    }
    assert (found.pairs, found.repeated_pairs, found.rows_of_repeated_pairs) == (3, 1, 2)
    study = release.study("A")
    assert study.row_id.tolist() == [0, 1, 2, 3]
    assert [release.cells[code] for code in study.cell] == ["c1", "c1", "c2", "007"]
    kept = pq.read_table(release.folder / "y/A.parquet")
    assert kept.column_names == ["row_id", "cell_id", "drug_id", "auc", "plate"]


def test_an_id_of_digits_keeps_its_zeros_and_an_unknown_tissue_says_so(folder):
    release, _ = imported(folder, HEAD + DRUGS + SCREEN)
    assert release.info(Entity.CELL).to_pylist() == [
        {"cell_id": "c1", "name": "One, the first", "tissue": "lung"},
        {"cell_id": "c2", "name": "Two", "tissue": "unknown"},
        {"cell_id": "007", "name": "Bond", "tissue": "skin"},
    ]


def test_a_drug_without_a_readable_smiles_keeps_its_rows_and_is_named(folder):
    release, report = imported(folder, HEAD + DRUGS + SCREEN)
    assert [(found.drug, found.smiles) for found in report.unreadable_smiles] == [("d2", ""), ("d3", "C(")]
    assert report.studies[0].drugs_without_smiles == ("d2",)
    assert report.studies[0].rows_without_smiles == 1
    assert release.text_table(Entity.DRUG, "smiles").to_pylist() == [{"drug_id": "d1", "smiles": "CCO"}]


def test_mechanisms_are_merged_over_columns_with_targets_where_nothing_else_is_known(folder):
    drugs = """
[drugs]
file = "drugs.tsv"
id = "drug"
no_mechanism = ["Other"]
unknown_mechanism = "unknown"
mechanism = [
    { column = "moa", separator = ", " },
    { column = "target", fallback = true },
]
"""
    release, _ = imported(folder, HEAD + drugs + SCREEN)
    assert release.info(Entity.DRUG)["mechanisms"].to_pylist() == ["A inhibitor;B agonist", "T2", "unknown"]


def test_tables_are_computed_for_the_drugs_that_have_a_molecule(folder):
    computed = """
[[computed]]
name = "morgan"
kind = "fingerprints"
bits = 64
[[computed]]
name = "rdkit"
kind = "descriptors"
"""
    release, report = imported(folder, HEAD + DRUGS + SCREEN + computed)
    morgan, rdkit = (release.table(Entity.DRUG, name) for name in ("morgan", "rdkit"))
    assert (morgan.ids, morgan.values.shape, morgan.values.dtype) == (("d1",), (1, 64), np.uint8)
    weight = rdkit.values[0, rdkit.columns.index("MolWt")]
    assert weight == pytest.approx(46.069, abs=1e-3)  # ethanol: 2 × 12.011 + 6 × 1.008 + 15.999
    assert report.studies[0].rows_without["drug/morgan"] == 1


MATRIX = '[[matrix]]\nentity = "cell"\nname = "expression"\nfile = "{file}"\n'


def test_a_matrix_keeps_its_gaps_and_names_the_ids_that_no_list_has(folder):
    (folder / "x.csv").write_text('line,g.a,g.b,"h,1"\nc2,1,,3\nc9,1,2,3\nc1,4,inf,1e300\n')
    release, report = imported(folder, HEAD + DRUGS + SCREEN + MATRIX.format(file="x.csv") + 'prefix = "g."')
    table = release.table(Entity.CELL, "expression")
    assert (table.ids, table.columns) == (("c2", "c1"), ("a", "b"))
    np.testing.assert_array_equal(table.values, np.array([[1, np.nan], [4, np.nan]], np.float32))
    found = next(found for found in report.tables if found.table == "cell/expression")
    assert (found.missing, found.not_finite, found.ids_left_out) == (2, 2, ("c9",))
    assert report.studies[0].rows_without["cell/expression"] == 1  # the row of 007


@pytest.mark.parametrize("suffix", ["tsv", "parquet"])
def test_a_matrix_may_have_its_entities_in_columns(folder, suffix):
    genes = {"gene": ["g1", "g2"], "c1": [0, 1], "c2": [2, 255]}
    if suffix == "parquet":
        pq.write_table(pa.table(genes), folder / "x.parquet")
    else:
        (folder / "x.tsv").write_text("gene\tc1\tc2\ng1\t0\t2\ng2\t1\t255\n")
    options = 'id = "gene"\nentities = "columns"\ntype = "uint8"'
    release, _ = imported(folder, HEAD + DRUGS + SCREEN + MATRIX.format(file=f"x.{suffix}") + options)
    table = release.table(Entity.CELL, "expression")
    assert (table.ids, table.columns, table.values.tolist()) == (("c1", "c2"), ("g1", "g2"), [[0, 1], [2, 255]])


def test_a_column_may_say_which_study_a_row_belongs_to(folder):
    (folder / "all.csv").write_text(
        "study,line,drug,auc,ok\nB,c1,d1,0.5,1\nA,c1,d1,0.4,1\nB,c2,d1,0.3,1\nB,c2,d2,0.2,0\n"
    )
    screen = (
        '[[screen]]\nstudy_column = "study"\nfile = "all.csv"\ncell_id = "line"\ndrug_id = "drug"\nwhere = { ok = 1 }'
    )
    release, _ = imported(folder, HEAD + DRUGS + screen)
    assert release.study_names() == ("B", "A")
    assert release.study("B").response.tolist() == [0.5, 0.3]
    assert release.study("B").row_id.tolist() == [0, 1]


def test_folds_of_a_column_become_splits_by_improves_rule(folder):
    spec = HEAD + DRUGS + SCREEN + 'keep = ["fold"]\n[[split]]\nscheme = "random-rows"\nfold = "fold"'
    release, report = imported(folder, spec)
    # The kept rows 0 to 3 lie in folds 0, 1, 2, 0: split 0 tests on fold 2 and validates on fold 1.
    split = release.split("A", Scheme.RANDOM_ROWS, 0)
    assert (split.train.tolist(), split.val.tolist(), split.test.tolist()) == ([0, 3], [1], [2])
    assert [(found.count, found.rows_left_out) for found in report.splits] == [(3, 0)]


def test_split_files_keep_their_order_less_the_rows_that_the_study_lost(folder):
    for part, rows in {"train": "3\r\n5\r\n0", "val": "1\n", "test": "7\n2"}.items():
        (folder / f"A_0_{part}.txt").write_text(rows)
    spec = '[[split]]\nscheme = "random-rows"\nfiles = "{study}_{split}_{part}.txt"\ncount = 1'
    release, report = imported(folder, HEAD + DRUGS + SCREEN + spec)
    split = release.split("A", Scheme.RANDOM_ROWS, 0)
    assert (split.train.tolist(), split.val.tolist(), split.test.tolist()) == ([3, 0], [1], [2])
    assert report.splits[0].rows_left_out == 2  # row 5 has an unlisted drug, row 7 an answer of 1.5


def test_splits_are_made_under_a_scheme_where_none_are_given(folder):
    spec = '[[split]]\nstudies = ["A"]\nscheme = "pair-grouped"\nseed = 1\ncount = 3'
    release, _ = imported(folder, HEAD + DRUGS + SCREEN + spec)
    split = release.split("A", Scheme.PAIR_GROUPED, 2)
    assert sorted(np.concatenate(list(split.parts().values())).tolist()) == [0, 1, 2, 3]


FOLDS = '\n[[split]]\nscheme = "random-rows"\nfold = "fold"'


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (HEAD + DRUGS + SCREEN + 'respons = "auc"', r"screen\[0\].respons is not a known key; did you mean response\?"),
        (HEAD + DRUGS + SCREEN + "description = 3", r"screen\[0\].description is 3; a text is wanted"),
        (HEAD + DRUGS + SCREEN + "keep = 3", r"screen\[0\].keep is 3; a list is wanted"),
        (HEAD + DRUGS + SCREEN + 'where = "x"', r"screen\[0\].where is 'x'; a table is wanted"),
        (HEAD + DRUGS + SCREEN + 'study_column = "s"', r"screen\[0\] needs one of study and study_column"),
        (HEAD + DRUGS + SCREEN + '[[split]]\nscheme = "cell-blind"\nseed = 1\ncount = 0', "count is 0; at least one"),
        (HEAD + DRUGS + SCREEN + '[[computed]]\nname = "m"\nkind = "fingerprints"\nbits = 0', "bits from 1 on"),
        (HEAD + SCREEN, "drugs is missing"),
        (HEAD.replace("lower", "down") + DRUGS + SCREEN, "response.direction is 'down'; known are lower, higher"),
        (HEAD + DRUGS + SCREEN + FOLDS + "\nseed = 1", r"split\[0\] needs one of files, fold and seed"),
        (HEAD + DRUGS.replace("smiles", "x") + SCREEN, r"drugs.x is not a known key"),
        (
            HEAD + 'drugs = { file = "drugs.tsv" }\n' + SCREEN + '[[computed]]\nname = "m"\nkind = "descriptors"',
            "SMILES",
        ),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused_by_name(spec, reason):
    with pytest.raises(ReleaseError, match=reason):
        parse_spec(spec)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (HEAD + DRUGS + SCREEN + 'response = "auk"', "a.tsv has no column 'auk'; did you mean auc"),
        (HEAD + DRUGS + SCREEN + 'response = "plate"', "a.tsv, line 2: plate is 'p1', not a number"),
        (HEAD + DRUGS + SCREEN + 'row_id = "plate"', "column plate holds something else than whole numbers"),
        (
            HEAD + DRUGS + SCREEN + 'response = "fold"\nkeep = ["auc"]',
            "called 'auc', which is a column of the release's own",
        ),
        (HEAD + DRUGS + SCREEN.replace('"A"', '"../../up"'), "'../../up' is not a name"),
        (
            HEAD + DRUGS + SCREEN.replace('study = "A"', 'study_column = "site"').replace("a.tsv", "b.csv"),
            "1 rows name",
        ),
        (HEAD + DRUGS + SCREEN.replace("a.tsv", "twice.csv"), "has 2 columns 'auc'"),
        (HEAD + DRUGS + SCREEN + 'keep = ["plate"]' + FOLDS.replace('"fold"', '"plate"'), "something else than whole"),
        (HEAD + DRUGS + SCREEN + 'where = { plate = "p7" }', "no row has plate = p7"),
        (HEAD + DRUGS + SCREEN + FOLDS, "study A has no column 'fold'"),
        (HEAD + DRUGS + SCREEN + FOLDS.replace('"fold"', '"fold"\nstudies = ["a"]'), "split.studies has 'a'"),
        (HEAD + DRUGS + SCREEN.replace("a.tsv", "b.tsv"), "b.tsv cannot be read: No such file"),
        (HEAD + DRUGS + SCREEN.replace("a.tsv", "a.xlsx"), "told by its ending"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="cells.csv"), "line 2, column line_name: 'One, the first'"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="m.csv") + 'id = "cell"', "the first column is 'line', not 'cell'"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="m.csv") + 'prefix = "z"', "no column that begins with 'z'"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="m.csv") + 'type = "uint8"', "c1, column g1: 0.5 is not a whole"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="ragged.csv"), "line 3: 2 columns where the first line has 3"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="latin.csv"), "is not UTF-8"),
        (HEAD + DRUGS + SCREEN.replace("a.tsv", "latin.csv"), "UTF"),
        (HEAD + DRUGS + SCREEN + MATRIX.format(file="empty.csv"), "is empty"),
        (HEAD + DRUGS + SCREEN + '[[split]]\nscheme = "random-rows"\ncount = 1\nfiles = "s_{part}.txt"', "line 2: 'x'"),
        (HEAD + DRUGS + SCREEN + '[[split]]\nscheme = "random-rows"\ncount = 1\nfiles = "t.txt"', "no row 99"),
        (HEAD + DRUGS + SCREEN + '[[split]]\nscheme = "random-rows"\ncount = 1\nfiles = "u.txt"', "in two places"),
    ],
)
def test_a_broken_source_gives_one_sentence_and_leaves_nothing_behind(folder, spec, reason):
    (folder / "m.csv").write_text("line,g1\nc1,0.5\n")
    (folder / "b.csv").write_text("site,line,drug,auc\nB,c1,d1,0.5\n,c2,d1,0.5\n")
    (folder / "twice.csv").write_text("line,drug,auc,auc\nc1,d1,0.5,0.5\n")
    (folder / "ragged.csv").write_text("line,g1,g2\nc1,1,2\nc2,1\n")
    (folder / "latin.csv").write_bytes(b"line,g\xe9\nc\xe9,1\n")
    (folder / "empty.csv").write_text("")
    (folder / "s_train.txt").write_text("0\nx\n")
    (folder / "t.txt").write_text("99\n")
    (folder / "u.txt").write_text("0\n")
    with pytest.raises(ReleaseError, match=reason) as raised:
        imported(folder, spec)
    assert "\n" not in str(raised.value)
    assert [path.name for path in folder.parent.iterdir()] == ["tables"]


def test_the_smallest_spec_of_the_documentation_is_one():
    page = (Path(__file__).parents[2] / "docs/releases.md").read_text()
    assert parse_spec(page.split("```toml\n")[1].split("```")[0]).screen[0].study == "MyScreen"


def test_the_same_tables_give_the_same_release(folder, tmp_path):
    spec = parse_spec(HEAD + DRUGS + SCREEN + '[[split]]\nscheme = "pair-grouped"\nseed = 1\ncount = 3')
    first, second = (import_tables(spec, folder, tmp_path / name) for name in ("first", "second"))
    assert first.release_id == second.release_id != ""


def test_a_shipped_spec_goes_by_its_bare_name():
    assert read_spec("realdata").name == "four-screens"


def test_a_spec_that_is_not_there_is_refused_with_the_shipped_ones():
    with pytest.raises(ReleaseError, match=r"cannot be read.*shipped specs are: realdata"):
        read_spec("realdat")


def test_a_spec_that_is_not_toml_is_refused_with_its_line(tmp_path):
    (tmp_path / "bad.toml").write_text("name = \n")
    with pytest.raises(ReleaseError, match=r"is not TOML.*line 1"):
        read_spec(str(tmp_path / "bad.toml"))


@pytest.mark.skipif(
    "HOLDOUT_REALDATA" not in os.environ, reason="HOLDOUT_REALDATA does not name the folder of the data"
)
def test_the_shipped_spec_makes_the_four_real_screens(tmp_path):
    folder = Path(os.environ["HOLDOUT_REALDATA"])
    report = import_tables(read_spec("realdata"), folder, tmp_path / "release")
    # PROVENANCE.md of the data, table "Counts after joining": rows, unique pairs, lines, drugs.
    assert {s.name: (s.rows_kept, s.pairs, s.cells, s.drugs) for s in report.studies} == {
        "CCLE": (9_519, 9_519, 411, 24),
        "CTRPv2": (281_045, 280_971, 720, 494),
        "GDSCv1": (143_938, 136_677, 550, 300),
        "GDSCv2": (68_920, 66_489, 470, 168),
    }
    assert all(study.rows_read == study.rows_kept for study in report.studies)
    assert report.unreadable_smiles == ()
    assert verify(tmp_path / "release").findings == ()
    release = Release.open(tmp_path / "release")
    assert all(release.info(Entity.DRUG)["mechanisms"].to_pylist())
    published = [int(row) for row in (folder / "improve_exact/splits/CCLE_split_3_test.txt").read_text().split()]
    ccle = release.study("CCLE")
    split = release.split("CCLE", Scheme.RANDOM_ROWS, 3)
    assert ccle.row_id[split.test].tolist() == published
    for name, shape in {"expression": (525, 697), "expression_rma": (927, 2_208), "genotype": (1_236, 2_154)}.items():
        assert release.table(Entity.CELL, name).values.shape == shape
