"""Sealing: what a curator is told before anything is encrypted, and what is on disk after."""

import struct
from pathlib import Path

import numpy as np
import pytest

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response
from benchmark_data.sealed_study import read
from tests.sealing.builders import BITS, CELLS, DRUGS, EXPRESSION, KEY, SCREEN, make_release, opened, seal

ROWS = {("c1", "d1", 0.25), ("c5", "d1", 0.5), ("c5", "d3", 0.75), ("c1", "d3", 0.125), ("c1", "d3", 0.375),
        ("c2", "d2", 0.625)}  # fmt: skip


def answered(folder):
    bundle = read(Path(folder))
    query, found = bundle.query(), opened(bundle)
    answer = found.in_order_of(query.row_id)
    return {
        (query.cell_ids[cell], query.drug_ids[drug], value)
        for cell, drug, value in zip(query.cell, query.drug, answer.tolist(), strict=True)
    }


def test_the_scorer_opens_what_the_curator_sealed(sealed):
    assert answered(sealed.folder) == ROWS
    assert sealed.key_id == KEY.public.id
    assert (sealed.pairs, sealed.rows_without_answer, sealed.equal_rows) == (5, 0, 0)


def test_answers_are_nowhere_on_disk_in_any_form_that_can_be_read(sealed):
    content = b"".join(path.read_bytes() for path in Path(sealed.folder).parent.rglob("*") if path.is_file())
    for answer in (0.125, 0.375, 0.625):
        for form in (struct.pack("<d", answer), struct.pack("<f", answer), str(answer).encode()):
            assert form not in content


def test_nothing_beside_the_bundle_and_its_archive_is_written(sealed):
    assert {path.name for path in Path(sealed.folder).parent.iterdir()} == {"Hidden-1", "Hidden-1.holdout-study.tar"}


def test_the_order_of_the_curators_file_does_not_show(tmp_path, release):
    """A file sorted by its answers would tell them: the query is the same for every order of it."""
    head, *rows = SCREEN.splitlines(keepends=True)
    queries = set()
    for number, order in enumerate((rows, sorted(rows, key=lambda row: row.split("\t")[2]), rows[::-1])):
        (tmp_path / str(number)).mkdir()
        made = seal(tmp_path / str(number), release, screen="".join([head, *order]))
        queries.add((Path(made.folder) / "query.parquet").read_bytes())
        assert answered(made.folder) == ROWS
    assert len(queries) == 1


def test_replicates_of_a_pair_stand_in_no_order_of_their_answers(tmp_path, release):
    """Forty copies of a pair, in rising order in the file: in the payload they are shuffled."""
    rows = [f"c1\td1\t{number / 100}\n" for number in range(40)]
    made = seal(tmp_path, release, screen="cell_id\tdrug_id\tauc\n" + "".join(rows))
    answers = opened(read(Path(made.folder))).response
    assert sorted(answers) == [number / 100 for number in range(40)]
    assert (np.diff(answers) < 0).any()


def test_the_same_study_is_sealed_under_another_commitment_each_time(tmp_path, release, sealed):
    assert seal(tmp_path, release).commitment != sealed.commitment


def test_rows_without_an_answer_and_equal_rows_are_counted(tmp_path, release):
    made = seal(tmp_path, release, screen=SCREEN + "c1\td1\t0.25\nc1\td1\tNA\n")
    assert (made.facts.rows, made.rows_without_answer, made.equal_rows) == (7, 1, 1)


def test_listed_ones_that_nothing_is_asked_about_do_not_show(sealed):
    assert "c9" not in (Path(sealed.folder) / "cells.parquet").read_bytes().decode("latin-1")


def test_a_study_of_known_cells_and_drugs_needs_no_features(tmp_path, release):
    known = "cell_id\tdrug_id\tauc\nc1\td1\t0.5\nc2\td2\t0.25\nc3\td1\t0.75\n"
    nothing = dict.fromkeys(("cells", "drugs", "matrix", "computed"))
    bundle = read(Path(seal(tmp_path, release, screen=known, sections=nothing).folder))
    assert (bundle.facts.table, bundle.new_ids(Entity.CELL), bundle.new_ids(Entity.DRUG)) == ((), (), ())


def test_a_folder_that_is_there_is_not_written_into(tmp_path, release):
    (tmp_path / "out").mkdir()
    with pytest.raises(ReleaseError, match="out is there already"):
        seal(tmp_path, release)


def test_a_bundle_that_could_not_be_read_again_is_not_left_behind(tmp_path, release):
    name = "c" * 201
    tables = {"screen": SCREEN.replace("c5", name), "cells": CELLS.replace("c5", name)}
    with pytest.raises(ReleaseError, match="is empty, too long"):
        seal(tmp_path, release, expression=EXPRESSION.replace("c5", name), **tables)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def test_what_the_bundle_may_be_without_is_said_in_it(tmp_path, release):
    made = seal(tmp_path, release, matrix=[], without=["cell/expression"])
    assert made.facts.without == ("cell/expression",)
    assert {table.name for table in made.facts.table} == {"morgan", "smiles"}


REFUSALS = {
    "unknown cell": (
        {"screen": SCREEN + "c7\td1\t0.5\nc7\td2\t0.5\n"},
        r"screen\.tsv: cell 'c7' \(2 rows\) is not in the release, and cells\.tsv does not list it; list new cells "
        r"with their features, use the release's ids for known ones, or leave them out \(screen\.where\)",
    ),
    "unknown cells": ({"cells": "cell_id\tname\ttissue\n"}, "cell 'c5' .* does not list it"),
    "many unknown drugs": (
        {"screen": SCREEN + "".join(f"c1\tx{n}\t0.5\n" for n in range(5))},
        r"drug 'd3', 'x0', 'x1' and 3 more|drug 'x0', 'x1', 'x2' and 2 more",
    ),
    "percent": (
        {"screen": "cell_id\tdrug_id\tauc\nc1\td1\t25\nc2\td1\t97.5\n"},
        r"2 of 2 answers in column auc are outside \[0, 1\], from 25 to 97\.5; they look like percent: divide by 100",
    ),
    "range": (
        {"screen": SCREEN + "c1\td2\t1.0001\n"},
        r"1 of 7 answers in column auc are outside \[0, 1\].*leave these rows out with screen\.where, or refit them",
    ),
    "infinite": ({"screen": SCREEN + "c1\td2\tinf\n"}, "1 of 7 answers .* outside"),
    "text": ({"screen": SCREEN + "c1\td2\thigh\n"}, "line 8: auc is 'high', not a number"),
    "no answers": ({"screen": "cell_id\tdrug_id\tauc\nc1\td1\tNA\n"}, "no row has an answer in column auc"),
    "empty id": ({"screen": SCREEN + "\td2\t0.5\n"}, "column cell_id has 1 empty values"),
    "column": ({"screen": SCREEN.replace("auc", "ic50")}, "has no column 'auc'"),
    "cell twice": ({"cells": CELLS + "c5\tagain\tskin\n"}, r"cells\.tsv: a cell stands twice"),
    "features missing": (
        {"expression": EXPRESSION.replace("c5", "c6")},
        r"expression\.tsv: table cell/expression lacks new cell 'c5'",
    ),
    "column missing": (
        {"expression": EXPRESSION.replace("g2", "g9")},
        r"expression\.tsv: table cell/expression lacks the release's column 'g2'",
    ),
    "features twice": ({"expression": EXPRESSION + "c5\t1\t1\t1\t1\n"}, "an id or a column stands twice"),
    "table missing": (
        {"matrix": []},
        r'the release has table cell/expression, and the spec has none for its 1 new cells: add a \[\[matrix\]\] of '
        r'that name, or write without = \["cell/expression"\]',
    ),
    "computed missing": ({"computed": []}, r"drug/morgan, .* add a \[\[matrix\]\] or \[\[computed\]\] of that name"),
    "smiles": ({"drugs": DRUGS.replace("CCO", "C1CC")}, "RDKit cannot read the SMILES of drug 'd3': correct it there"),
    "no smiles": ({"drugs": DRUGS.replace("CCO", "")}, "RDKit cannot read the SMILES of drug 'd3'"),
    "unknown table": (
        {"matrix": [{"entity": "cell", "name": "rppa", "file": "expression.tsv"}]},
        "the release has no matrix cell/rppa: take it out of the spec",
    ),
    "text table": (
        {"computed": [{"name": "smiles", "kind": "descriptors"}]},
        "the release has no matrix drug/smiles",
    ),
    "without": ({"without": ["cell/expresion"]}, "without has 'cell/expresion'; did you mean cell/expression"),
    "same name": (
        {"matrix": [{"entity": "cell", "name": "expression", "file": "expression.tsv"}] * 2},
        "two tables of the spec have the same name",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_whatever_is_wrong_is_named_with_its_remedy_and_nothing_is_written(tmp_path, release, case):
    changes, what = REFUSALS[case]
    with pytest.raises(ReleaseError, match=what):
        seal(tmp_path, release, **changes)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("named", ["cells", "drugs"])
def test_new_ones_without_a_list_of_them_are_named(tmp_path, release, named):
    with pytest.raises(ReleaseError, match=rf"is not in the release, and there is no \[{named}\]"):
        seal(tmp_path, release, sections={named: None, "computed": None})


BITS_TABLE = {"entity": "drug", "name": "morgan", "file": "bits.tsv"}
MATRIX = [{"entity": "cell", "name": "expression", "file": "expression.tsv"}, BITS_TABLE]


def write_bits(folder, first):
    folder.mkdir()
    columns = "\t".join(f"bit{bit}" for bit in range(BITS))
    (folder / "bits.tsv").write_text(f"drug_id\t{columns}\nd3\t{first}" + "\t0" * (BITS - 1) + "\n")


def test_whole_numbers_are_wanted_where_the_release_has_them(tmp_path, release):
    write_bits(tmp_path / "tables", "0.5")
    with pytest.raises(ReleaseError, match=r"bits\.tsv, d3, column bit0: 0\.5 is not a whole number from 0 to 255"):
        seal(tmp_path, release, matrix=MATRIX, computed=[])


def test_a_table_that_is_not_computed_may_be_given(tmp_path, release):
    write_bits(tmp_path / "tables", "1")
    made = seal(tmp_path, release, matrix=MATRIX, computed=[])
    assert read(Path(made.folder)).table(Entity.DRUG, "morgan").values[0, :2].tolist() == [1, 0]


def test_a_release_with_smiles_wants_them_of_new_drugs(tmp_path, release):
    write_bits(tmp_path / "tables", "1")
    without_smiles = {"drugs": {"file": "drugs.tsv", "name": "name"}}
    with pytest.raises(ReleaseError, match=r"the release has table drug/smiles: name the column of SMILES"):
        seal(tmp_path, release, matrix=MATRIX, computed=[], sections=without_smiles)


def test_a_text_table_that_cannot_be_made_has_to_be_left_out(tmp_path, release):
    other = make_release(tmp_path / "other", more_text="pathways")
    with pytest.raises(ReleaseError, match=r'text table cell/pathways cannot be made here: write without = \["cell/pa'):
        seal(tmp_path, other)
    assert seal(tmp_path, other, without=["cell/pathways"]).facts.without == ("cell/pathways",)


def test_an_open_ended_response_takes_any_finite_answer(tmp_path):
    free = Response("auc", Direction.LOWER)
    release = make_release(tmp_path / "free", response=free)
    made = seal(tmp_path, release, screen=SCREEN.replace("0.25", "-40").replace("0.5", "1e6"))
    assert {-40.0, 1e6} <= {answer for _, _, answer in answered(made.folder)}
