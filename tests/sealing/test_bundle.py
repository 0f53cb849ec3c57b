"""A bundle comes back as it was written, from its folder and from its archive, with the answers and without."""

import hashlib
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark_data import sealed_tar
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity
from benchmark_data.sealed_ask import ask
from benchmark_data.sealed_study import read
from benchmark_data.study_facts import ListedFile, format_study, parse_study, sealed_bytes
from tests.sealing.builders import make_facts


def test_a_bundle_says_what_it_asks_and_who_is_new(bundle, release):
    query = bundle.query()
    pairs = [(query.cell_ids[cell], query.drug_ids[drug]) for cell, drug in zip(query.cell, query.drug, strict=True)]
    assert pairs == [("c1", "d1"), ("c1", "d3"), ("c1", "d3"), ("c2", "d2"), ("c5", "d1"), ("c5", "d3")]
    assert query.row_id.tolist() == [0, 1, 2, 3, 4, 5]
    assert bundle.new(Entity.CELL).to_pylist() == [{"cell_id": "c5", "name": "five", "tissue": "skin"}]
    assert bundle.new_ids(Entity.DRUG) == ("d3",)
    facts = bundle.facts
    assert (facts.rows, facts.cells, facts.drugs, facts.new_cells, facts.new_drugs) == (6, 3, 3, 1, 1)
    assert (facts.release_name, facts.release_id) == ("small", release.id)


def test_features_of_new_ones_stand_in_the_columns_of_the_release(bundle, release):
    table = bundle.table(Entity.CELL, "expression")
    assert (table.ids, table.columns, table.values.tolist()) == (("c5",), ("g1", "g2", "g3"), [[1, 2, 3]])
    assert bundle.table(Entity.DRUG, "morgan").columns == release.table(Entity.DRUG, "morgan").columns
    assert bundle.text_table(Entity.DRUG, "smiles").to_pylist() == [{"drug_id": "d3", "smiles": "CCO"}]


def test_a_table_that_the_bundle_does_not_have_is_named(bundle):
    with pytest.raises(ReleaseError, match="Hidden has no cell matrix table 'methylation'"):
        bundle.table(Entity.CELL, "methylation")
    with pytest.raises(ReleaseError, match=r"Hidden lists no file 'y\.parquet'"):
        bundle.facts.listed("y.parquet")


def test_asked_rows_are_codes_of_the_release_with_the_new_ones_behind(bundle, release):
    asked = ask(bundle, release)
    assert (asked.cells, asked.drugs) == ((*release.cells, "c5"), (*release.drugs, "d3"))
    assert asked.cell.tolist() == [0, 0, 0, 1, 4, 4]
    assert asked.drug.tolist() == [0, 2, 2, 1, 0, 2]


def test_a_host_reads_a_bundle_that_has_no_answers(bundle, tmp_path):
    folder = Path(shutil.copytree(bundle.folder, tmp_path / "host"))
    (folder / "y.sealed").unlink()
    assert read(folder, has_answers=False).study_id == bundle.study_id
    with pytest.raises(ReleaseError, match=r"y\.sealed cannot be read"):
        read(folder)


def test_a_host_that_has_answers_by_mistake_is_told(bundle):
    with pytest.raises(ReleaseError, match=r"'y\.sealed' is not listed"):
        read(bundle.folder, has_answers=False)


def test_an_archive_is_the_same_bytes_every_time_and_the_same_bundle(bundle, tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    tars = [sealed_tar.pack(bundle, tmp_path / name) for name in "ab"]
    assert tars[0].name == "Hidden-1.holdout-study.tar"
    assert tars[0].read_bytes() == tars[1].read_bytes()
    found = sealed_tar.unpack(tars[0], tmp_path / "unpacked")
    assert (found.study_id, found.facts) == (bundle.study_id, bundle.facts)
    assert found.sealed() == bundle.sealed()


@pytest.mark.parametrize("as_tar", [False, True])
def test_a_bundle_is_opened_wherever_it_is(bundle, tmp_path, as_tar):
    place = sealed_tar.pack(bundle, tmp_path) if as_tar else bundle.folder
    with sealed_tar.opened(place) as found:
        assert found.study_id == bundle.study_id
    assert found.folder.exists() is not as_tar


def test_what_a_page_shows_is_json_without_the_list_of_files(bundle):
    plain = bundle.facts.plain()
    assert "file" not in plain
    assert (plain["measured_at"], plain["task"], plain["response"]["direction"]) == (
        "2026-01-02",
        "regression",
        "lower",
    )


files = tuple(
    ListedFile(path, "a" * 64, sealed_bytes(6))
    for path in ("query.parquet", "cells.parquet", "drugs.parquet", "y.sealed")
)
letters = st.characters(exclude_categories=["Cs"]).filter(str.isprintable)
words = st.text(letters, min_size=1, max_size=20).filter(str.strip)


@given(
    producer=words,
    licence=words,
    description=st.text(letters | st.just("\n"), max_size=30),
    measured=st.dates(),
    wait=st.integers(0, 1000),
    low=st.floats(1e-15, 1e-1),
)
def test_any_facts_come_back_from_their_document(producer, licence, description, measured, wait, low):
    readable = min(measured.toordinal() + wait, date.max.toordinal())
    facts = make_facts(
        producer=producer,
        licence=licence,
        description=description,
        measured_at=measured,
        readable_at=date.fromordinal(readable),
        dose_low_m=low,
        file=files,
    )
    again, _ = parse_study(format_study(facts))
    assert again == facts


def test_the_identity_of_a_study_is_the_hash_of_its_document(bundle):
    assert bundle.study_id == hashlib.sha256((bundle.folder / "study.toml").read_bytes()).hexdigest()
