"""The full-scale release has IMPROVE's published sizes, overlaps and repeated pairs (Partin et al. 2025)."""

from itertools import permutations

import numpy as np
import pytest

from benchmark_data.chemistry import unreadable
from benchmark_data.manifest import Entity, Scheme
from benchmark_data.release import Release
from benchmark_data.synthetic import write_full_scale
from benchmark_data.synthetic_plans import FULL_GENES, full_scale_plan

# Rows, cells and drugs of each study: the paper's table of the benchmark.
PUBLISHED = {
    "CCLE": (9_519, 411, 24),
    "CTRPv2": (286_665, 720, 494),
    "gCSI": (4_941, 312, 16),
    "GDSCv1": (171_940, 546, 294),
    "GDSCv2": (114_644, 470, 168),
}
# What share of the second study's cells, and of its drugs, the first one has: the paper's coverage tables, rounded.
COVERAGE = {
    ("CTRPv2", "CCLE"): (0.925, 0.708),
    ("CCLE", "CTRPv2"): (0.528, 0.034),
    ("CCLE", "gCSI"): (0.750, 0.375),
    ("CCLE", "GDSCv1"): (0.560, 0.054),
    ("CCLE", "GDSCv2"): (0.594, 0.071),
    ("CTRPv2", "gCSI"): (0.936, 0.750),
    ("CTRPv2", "GDSCv1"): (0.905, 0.384),
    ("CTRPv2", "GDSCv2"): (0.902, 0.429),
    ("gCSI", "GDSCv1"): (0.487, 0.048),
    ("gCSI", "GDSCv2"): (0.509, 0.077),
    ("GDSCv1", "GDSCv2"): (1.000, 0.458),
    ("GDSCv2", "GDSCv1"): (0.861, 0.262),
}


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    """All of it but most of the genes, which would only take time."""
    folder = tmp_path_factory.mktemp("releases") / "full"
    write_full_scale(folder, genes=1_000)
    return Release.open(folder)


def test_the_plan_has_every_gene():
    assert len(set(full_scale_plan().gene_names)) == FULL_GENES == 30_805


def test_it_says_that_it_is_synthetic(release):
    assert release.manifest.name == "synthetic-full-scale"
    assert "made up" in release.manifest.description


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_study_has_the_published_rows_cells_and_drugs(release, name):
    study = release.study(name)
    assert (len(study), len(set(study.cell.tolist())), len(set(study.drug.tolist()))) == PUBLISHED[name]


def test_785_of_1007_listed_cells_and_all_749_drugs_are_in_a_study(release):
    assert (len(release.cells), len(release.drugs)) == (1_007, 749)
    studies = [release.study(name) for name in PUBLISHED]
    assert len(np.unique(np.concatenate([study.cell for study in studies]))) == 785
    assert len(np.unique(np.concatenate([study.drug for study in studies]))) == 749
    assert sum(map(len, studies)) == 587_709


@pytest.mark.parametrize(("first", "second"), COVERAGE)
def test_two_studies_share_the_published_cells_and_drugs(release, first, second):
    one, other = release.study(first), release.study(second)
    cells = np.isin(np.unique(other.cell), one.cell).mean()
    drugs = np.isin(np.unique(other.drug), one.drug).mean()
    assert (cells, drugs) == pytest.approx(COVERAGE[first, second], abs=5e-4)


def test_all_pairs_of_studies_follow_from_those_that_are_checked():
    # A shared number divided by the other size: checking one direction checks the reverse.
    assert {frozenset(pair) for pair in COVERAGE} == {frozenset(pair) for pair in permutations(PUBLISHED, 2)}


@pytest.mark.parametrize(
    ("name", "repeating"), [("CCLE", 0.0), ("CTRPv2", 0.0), ("gCSI", 0.0), ("GDSCv1", 0.07), ("GDSCv2", 0.31)]
)
def test_rows_repeat_a_pair_as_often_as_published(release, name, repeating):
    study = release.study(name)
    pairs = len(np.unique(study.cell.astype(np.int64) * len(release.drugs) + study.drug))
    assert 1 - pairs / len(study) == pytest.approx(repeating, abs=0.005)


def test_tables_have_the_published_widths(release):
    widths = {
        (entity, name): release.table(entity, name).values.shape
        for entity, name in (
            (Entity.CELL, "expression_landmark"),
            (Entity.DRUG, "mordred"),
            (Entity.DRUG, "ecfp4"),
        )
    }
    assert list(widths.values()) == [(1_007, 958), (749, 1_613), (749, 512)]


def test_landmark_genes_are_columns_of_the_whole_expression(release):
    landmark, whole = (release.table(Entity.CELL, name) for name in ("expression_landmark", "expression"))
    assert landmark.columns == whole.columns[:958]
    assert np.array_equal(landmark.values, whole.values[:, :958])


def test_every_drug_has_a_structure_of_its_own_that_rdkit_reads(release):
    smiles = release.info(Entity.DRUG)["smiles"].to_pylist()
    assert len(set(smiles)) == 749
    assert unreadable(smiles) == []


def test_ten_random_splits_load_and_cover_a_study(release):
    tests = [release.split("CTRPv2", Scheme.RANDOM_ROWS, number).test for number in range(10)]
    assert len(np.unique(np.concatenate(tests))) == 286_665
