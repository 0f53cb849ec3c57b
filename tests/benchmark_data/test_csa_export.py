"""A release as IMPROVE's tree: the files that improvelib opens, read back the way improvelib reads them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmark_data.csa_export import (
    RESPONSE_COLUMNS,
    Layout,
    export_csa,
    response_rows,
    row_positions,
    with_answers_of,
    write_matrix,
    write_response,
)
from benchmark_data.csa_import import import_csa
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Kind, Response, Scheme, TableEntry, Task
from benchmark_data.release import FeatureTable, Release
from benchmark_data.synthetic import write_tiny
from benchmark_data.writer import ReleaseWriter


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("releases") / "tiny"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture(scope="module")
def tree(release, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trees") / "csa"
    export_csa(release, folder, layout=Layout.MANY_HEADERS)
    return folder


def small_release(folder, *, row_ids=((2, 0), (1,)), extra=None) -> Release:
    """Two studies, A with cells c1 and c2 and B with c1."""
    auc = Response("auc", Direction.LOWER, low=0.0, high=1.0)
    with ReleaseWriter(folder, name="small", version="1", task=Task.REGRESSION, response=auc) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1", "c2"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1"]}))
        for name, ids, cells, answers in zip("AB", row_ids, (["c1", "c2"], ["c1"]), ([0.1, 0.2], [0.3]), strict=True):
            rows = {"row_id": list(ids), "cell_id": cells, "drug_id": ["d1"] * len(ids), "auc": answers}
            more = {key: values[: len(ids)] for key, values in (extra or {}).items()}
            writer.add_study(name, pa.table(rows | more))
    return Release.open(folder)


def test_a_split_file_points_at_the_rows_of_its_part(release, tree):
    rows = pd.read_csv(tree / "y_data" / "response.tsv", sep="\t")
    for study in release.study_names():
        stored, split = release.study(study), release.split(study, Scheme.RANDOM_ROWS, 3)
        for part, positions in split.parts().items():
            ids = pd.read_csv(tree / "splits" / f"{study}_split_3_{part}.txt", header=None)[0].tolist()
            chosen = rows.loc[ids]  # as improvelib's DrugResponseLoader does
            assert set(chosen["source"]) == {study}
            assert chosen["auc"].tolist() == stored.response[positions].tolist()
            assert chosen["improve_sample_id"].tolist() == [release.cells[code] for code in stored.cell[positions]]
            assert chosen["improve_chem_id"].tolist() == [release.drugs[code] for code in stored.drug[positions]]


def test_the_file_of_all_rows_names_each_row_of_the_study_once(release, tree):
    rows = pd.read_csv(tree / "y_data" / "response.tsv", sep="\t")
    for study in release.study_names():
        ids = pd.read_csv(tree / "splits" / f"{study}_all.txt", header=None)[0].tolist()
        assert sorted(ids) == rows.index[rows["source"] == study].tolist()


def test_every_column_that_models_look_for_is_there(tree):
    rows = pd.read_csv(tree / "y_data" / "response.tsv", sep="\t")
    keys = ["source", "improve_sample_id", "improve_chem_id", "study"]
    assert rows.columns.tolist() == [*keys, *RESPONSE_COLUMNS]
    assert rows.notna().all(axis=None)


@pytest.mark.parametrize(("file", "level"), [("cancer_gene_expression.tsv", 2), ("cancer_mutation_count.tsv", 1)])
def test_a_table_of_0_1_0_has_three_header_rows_and_the_same_values(release, tree, file, level):
    # As improvelib 0.1.0's OmicsLoader reads it.
    read = pd.read_csv(tree / "x_data" / file, sep="\t", index_col=0, header=[0, 1, 2])
    table = release.table(Entity.CELL, "expression" if "expression" in file else "mutation")
    assert tuple(read.columns.get_level_values(level)) == table.columns
    assert tuple(read.index) == table.ids
    assert np.array_equal(read.to_numpy(table.values.dtype), table.values)


def test_a_table_of_1_0_0_has_one_header_row(release, tmp_path):
    entry = release.manifest.table(Entity.CELL, "expression")
    write_matrix(tmp_path, entry, release.table(Entity.CELL, "expression"), layout=Layout.ONE_HEADER)
    read = pd.read_csv(tmp_path / "x_data" / "cancer_gene_expression.tsv", sep="\t", index_col="improve_sample_id")
    assert np.array_equal(read.to_numpy(np.float32), release.table(Entity.CELL, "expression").values)


def test_drug_files_are_keyed_by_the_drug_and_smiles_by_its_column(release, tree):
    smiles = pd.read_csv(tree / "x_data" / "drug_SMILES.tsv", sep="\t").set_index("improve_chem_id")["canSMILES"]
    assert smiles.tolist() == release.info(Entity.DRUG)["smiles"].to_pylist()
    bits = pd.read_csv(tree / "x_data" / "drug_ecfp4_nbits512.tsv", sep="\t").set_index("improve_chem_id")
    assert np.array_equal(bits.to_numpy(np.uint8), release.table(Entity.DRUG, "ecfp4").values)
    descriptors = pd.read_csv(tree / "x_data" / "drug_rdkit.tsv", sep="\t").set_index("improve_chem_id")
    assert np.array_equal(descriptors.to_numpy(np.float32), release.table(Entity.DRUG, "rdkit").values)
    info = pd.read_csv(tree / "x_data" / "drug_info.tsv", sep="\t")
    assert info["improve_chem_id"].tolist() == list(release.drugs)


def test_values_of_many_blocks_stay_in_their_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark_data.csa_export._BLOCK", 7)  # two rows of three values
    (tmp_path / "columns.txt").write_text("a\nb\nc\n")
    values = np.linspace(-1e-8, 1e8, 33, dtype=np.float32).reshape(11, 3)
    table = FeatureTable("odd", tuple(f"c{number}" for number in range(11)), values, tmp_path / "columns.txt")
    write_matrix(tmp_path, TableEntry(Entity.CELL, "odd", Kind.MATRIX), table, layout=Layout.ONE_HEADER)
    read = pd.read_csv(tmp_path / "x_data" / "cancer_odd.tsv", sep="\t", index_col=0)
    assert tuple(read.index) == table.ids
    assert np.array_equal(read.to_numpy(np.float32), values)


@pytest.mark.parametrize("layout", list(Layout))
def test_a_tree_comes_back_as_the_same_release(release, tmp_path, layout):
    export_csa(release, tmp_path / "csa", layout=layout)
    import_csa(tmp_path / "csa", tmp_path / "back", response="auc", name="back", version="1", licence="")
    back = Release.open(tmp_path / "back")
    for study in release.study_names():
        ours, theirs = release.study(study), back.study(study)
        assert ours.response.tolist() == theirs.response.tolist()
        assert [release.cells[code] for code in ours.cell] == [back.cells[code] for code in theirs.cell]
        assert [release.drugs[code] for code in ours.drug] == [back.drugs[code] for code in theirs.drug]
        ours, theirs = release.split(study, Scheme.RANDOM_ROWS, 9), back.split(study, Scheme.RANDOM_ROWS, 9)
        assert all(np.array_equal(theirs.parts()[part], positions) for part, positions in ours.parts().items())
    for entity, name in ((Entity.CELL, "expression"), (Entity.DRUG, "ecfp4")):
        ours, theirs = release.table(entity, name), back.table(entity, name)
        assert (ours.ids, ours.columns) == (theirs.ids, theirs.columns)
        assert np.array_equal(ours.values, theirs.values)


def test_rows_stand_at_their_row_id_where_these_number_all_rows(tmp_path):
    release = small_release(tmp_path / "r", row_ids=((2, 0), (1,)))
    assert row_positions(release, "A").tolist() == [2, 0]
    assert response_rows(release)["auc"].to_pylist() == [0.2, 0.3, 0.1]


def test_rows_stand_study_by_study_where_row_ids_are_something_else(tmp_path):
    release = small_release(tmp_path / "r", row_ids=((7, 3), (3,)))
    assert row_positions(release, "B").tolist() == [2]
    assert response_rows(release)["auc"].to_pylist() == [0.1, 0.2, 0.3]


def test_columns_that_the_release_kept_are_written_and_others_are_zero(tmp_path):
    release = small_release(tmp_path / "r", extra={"study": ["exp.1", "exp.2"], "ic50": [5.5, None], "mine": [1, 2]})
    rows = response_rows(release)
    assert rows["study"].to_pylist() == ["exp.2", "exp.1", "exp.1"]
    assert rows["ic50"].to_pylist() == [None, 5.5, 5.5]
    assert rows["hs"].to_pylist() == [0.0, 0.0, 0.0]
    assert "mine" not in rows.column_names


def test_every_response_of_a_row_that_is_not_shown_is_zero_and_no_row_moves(release, tmp_path):
    rows = response_rows(release)
    split = release.split("SynthA", Scheme.RANDOM_ROWS, 0)
    positions = row_positions(release, "SynthA")
    shown = np.concatenate([positions[split.train], positions[split.val]])
    write_response(tmp_path, with_answers_of(rows, shown))
    masked = pd.read_csv(tmp_path / "y_data" / "response.tsv", sep="\t")
    whole = rows.to_pandas()
    hidden = ~masked.index.isin(shown)
    assert masked.columns.tolist() == whole.columns.tolist()
    assert hidden.sum() == len(whole) - len(shown)
    assert (masked.loc[hidden, list(RESPONSE_COLUMNS)] == 0.0).all(axis=None)
    assert masked.loc[~hidden, "auc"].tolist() == whole.loc[~hidden, "auc"].tolist()
    for key in ("source", "improve_sample_id", "improve_chem_id"):
        assert masked[key].tolist() == whole[key].tolist()


def test_a_response_that_improve_does_not_know_is_masked_too(tmp_path):
    auc = Response("ln_ic50", Direction.LOWER)
    with ReleaseWriter(tmp_path / "r", name="small", version="1", task=Task.REGRESSION, response=auc) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": ["c1"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": ["d1"]}))
        rows = {"row_id": [0, 1], "cell_id": ["c1"] * 2, "drug_id": ["d1"] * 2, "ln_ic50": [-3.5, 2.5]}
        writer.add_study("A", pa.table(rows))
    rows = response_rows(Release.open(tmp_path / "r"))
    assert with_answers_of(rows, np.array([1]))["ln_ic50"].to_pylist() == [0.0, 2.5]


def test_a_tree_is_not_written_over_another(release, tree):
    with pytest.raises(ReleaseError, match="is there already"):
        export_csa(release, tree, layout=Layout.ONE_HEADER)
