"""The tiny release: the same bytes every time, and scores that follow from what was planted."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import rdkit
from numpy.linalg import lstsq

from benchmark_data import synthetic_truth as planted
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity, Scheme
from benchmark_data.release import Release
from benchmark_data.study_intake import prepare
from benchmark_data.study_spec import read_study_spec
from benchmark_data.synthetic import to_seal_beside, write_tiny
from benchmark_data.synthetic_plans import tiny_plan
from benchmark_data.synthetic_truth import NOISE_VARIANCE, Rows, expected_scores
from benchmark_data.synthetic_world import draw_expression, known_gene_sets, plant

STUDIES = ("SynthA", "SynthB", "SynthC")
GOLDEN = "7cc1001b0270fabeb57623110c1918a92215a8b8eac757f83645e38f41f9a324"
GOLDEN_MADE_WITH = {"numpy": "2.4.6", "pyarrow": "26.0.1", "rdkit": "2026.09.1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("releases") / "tiny"
    write_tiny(folder)
    return folder


@pytest.fixture(scope="module")
def release(folder) -> Release:
    return Release.open(folder)


@pytest.fixture(scope="module")
def truth():
    return plant(tiny_plan())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(study, positions=slice(None)) -> Rows:
    return Rows(study.cell[positions], study.drug[positions])


def r2(answers, predictions):
    return 1 - ((answers - predictions) ** 2).mean() / answers.var()


def r2_tolerance(signal, predictions):
    """Four standard errors of R² = 1 - A/B where the noise e of the n rows alone is random.

    With m = signal - prediction and ρ = A/B, the noise moves A - ρB
    by (1 - ρ)·mean(e² - σ²) + 2·mean((m - ρ·signal)·e).
    e is the sum of two even draws, with kurtosis 2.4 and no third moment: the variance of that is the sum below.
    """
    missed, centred = signal - predictions, signal - signal.mean()
    total = signal.var() + NOISE_VARIANCE
    share = ((missed**2).mean() + NOISE_VARIANCE) / total
    crossed = ((missed - share * centred) ** 2).mean()
    variance = (1 - share) ** 2 * 1.4 * NOISE_VARIANCE**2 + 4 * NOISE_VARIANCE * crossed
    return 4 * np.sqrt(variance / len(signal)) / total


def test_two_writes_give_the_same_bytes(folder, tmp_path):
    write_tiny(tmp_path / "tiny")
    assert contents(tmp_path / "tiny") == contents(folder)
    assert contents(tmp_path / "tiny-to-seal") == contents(to_seal_beside(folder))


def test_the_tiny_release_is_the_one_that_was_published(release):
    versions = {"numpy": np.__version__, "pyarrow": pa.__version__, "rdkit": rdkit.__version__}
    assert versions == GOLDEN_MADE_WITH, (
        "Libraries write files and descriptors in their own way: after a change of versions, see which files of the "
        "release differ from those of the old versions, then record the new id and versions here, and a line in the "
        "changelog under Scores if x/ or y/ changed in content."
    )
    assert release.id == GOLDEN, "The generator changed: give the tiny release a new version, and record its id here."


def test_release_and_draft_are_smaller_than_two_megabytes(folder):
    sizes = [len(content) for place in (folder, to_seal_beside(folder)) for content in contents(place).values()]
    assert sum(sizes) < 2e6


def test_a_draft_that_is_there_already_is_not_written_over(tmp_path):
    to_seal_beside(tmp_path / "tiny").mkdir()
    with pytest.raises(ReleaseError, match="move it away"):
        write_tiny(tmp_path / "tiny")
    assert not (tmp_path / "tiny").exists()


def test_no_answer_can_leave_its_range_so_nothing_is_clipped(release):
    # Each term has an end (see synthetic_truth): together they reach .48 from the middle.
    terms = (planted.LARGEST_SHIFT, planted.DRUG, planted.CELL, planted.PATHWAY, planted.NOISE)
    assert sum(terms) == pytest.approx(0.48)
    answers = np.concatenate([release.study(name).response for name in STUDIES])
    assert answers.min() >= 0.02
    assert answers.max() <= 0.98


def test_the_figures_of_the_derivation_are_those_of_its_variances():
    drug, cell = planted.DRUG**2 * (0.6**2 + 0.4**2) / 3, planted.CELL**2 / 3
    interaction, noise = planted.PATHWAY**2 / 3 / 3, planted.NOISE_VARIANCE
    total = drug + cell + interaction + noise
    assert total == pytest.approx(0.01047, abs=5e-6)
    assert 1 - noise / total == pytest.approx(0.84, abs=0.005)
    assert drug / total == pytest.approx(0.60, abs=0.005)
    assert 1 - (noise + 0.02**2) / total == pytest.approx(0.80, abs=0.005)


@pytest.mark.parametrize("name", STUDIES)
def test_the_best_possible_model_scores_what_was_derived_within_a_study(release, truth, name):
    study = release.study(name)
    rows = rows_of(study)
    expected = expected_scores(truth, source=name, target=name, source_rows=rows, target_rows=rows).best
    signal = truth.signal(name, cell=study.cell, drug=study.drug)
    tolerance = r2_tolerance(signal, signal)
    assert r2(study.response, signal) == pytest.approx(expected, abs=tolerance)
    assert tolerance < 0.05


@pytest.mark.parametrize("name", STUDIES)
def test_the_drug_average_scores_what_was_derived_within_a_study(release, truth, name):
    study = release.study(name)
    for number in range(10):
        split = release.split(name, Scheme.RANDOM_ROWS, number)
        train, test = rows_of(study, split.train), rows_of(study, split.test)
        mean = drug_means(train, study.response[split.train], drugs=len(release.drugs))
        expected = expected_scores(truth, source=name, target=name, source_rows=train, target_rows=test).drug_average
        signal = truth.signal(name, cell=test.cell, drug=test.drug)
        tolerance = r2_tolerance(signal, mean[test.drug])
        assert r2(study.response[split.test], mean[test.drug]) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("source", "target"), list(permutations(STUDIES, 2)))
def test_both_score_what_was_derived_across_studies(release, truth, source, target):
    from_, to = release.study(source), release.study(target)
    seen = np.isin(to.drug, from_.drug)
    train, test, answers = rows_of(from_), rows_of(to, seen), to.response[seen]
    expected = expected_scores(truth, source=source, target=target, source_rows=train, target_rows=test)
    signal = truth.signal(target, cell=test.cell, drug=test.drug)
    best = truth.signal(source, cell=test.cell, drug=test.drug)
    average = drug_means(train, from_.response, drugs=len(release.drugs))[test.drug]
    for predictions, score in ((best, expected.best), (average, expected.drug_average)):
        assert r2(answers, predictions) == pytest.approx(score, abs=r2_tolerance(signal, predictions))


def drug_means(rows: Rows, answers, *, drugs):
    counts = np.bincount(rows.drug, minlength=drugs)
    sums = np.bincount(rows.drug, weights=answers, minlength=drugs)
    return np.divide(sums, counts, out=np.full(drugs, np.nan), where=counts > 0)


def activity(table, name):
    """A gene set's mean in each cell, about its mean over cells: what a model can make of the expression table."""
    column = {gene: number for number, gene in enumerate(table.columns)}
    mean = table.values[:, [column[gene] for gene in known_gene_sets()[name]]].mean(axis=1)
    return mean - mean.mean()


def test_planted_activities_can_be_read_off_the_expression_table(release, truth):
    table = release.table(Entity.CELL, "expression")
    assert table.ids == release.cells
    for name, values in ((planted.PATHWAY_SET, truth.pathway), (planted.GROWTH_SET, truth.growth)):
        public = values[: len(release.cells)]
        # Values are rounded to 3 decimals, so a mean is off by 5e-4 at most, and so is the mean of means.
        assert activity(table, name) == pytest.approx(public - public.mean(), abs=1.1e-3)


@pytest.mark.parametrize("name", STUDIES)
def test_a_model_of_the_released_features_misses_the_noise_alone(release, name):
    study = release.study(name)
    fingerprints = release.table(Entity.DRUG, "ecfp4").values
    assert len(np.unique(fingerprints, axis=0)) == len(fingerprints)  # so a function of the drug is one of its features
    expression = release.table(Entity.CELL, "expression")
    mechanisms = release.info(Entity.DRUG)["mechanisms"].to_pylist()
    sensitive = np.array([bool(planted.SENSITIVE & set(text.split(";"))) for text in mechanisms])
    design = np.column_stack(
        [
            np.eye(len(release.drugs))[study.drug],
            activity(expression, planted.GROWTH_SET)[study.cell],
            activity(expression, planted.PATHWAY_SET)[study.cell] * sensitive[study.drug],
        ]
    )
    coefficients, _, rank, _ = lstsq(design, study.response)
    missed = study.response - design @ coefficients
    n = len(study)
    # A mean of e² has standard error σ² √(1.4 / n); the fit takes rank degrees of freedom.
    assert (missed**2).sum() / (n - rank) == pytest.approx(NOISE_VARIANCE, rel=4 * np.sqrt(1.4 / n))
    assert coefficients[-2:] == pytest.approx([planted.CELL, -planted.PATHWAY], abs=0.02)


def test_whole_drugs_of_one_study_were_measured_twice_with_the_planted_noise(release):
    study = release.study("SynthB")
    pair = study.cell.astype(int) * len(release.drugs) + study.drug
    _, inverse, times = np.unique(pair, return_inverse=True, return_counts=True)
    assert (len(study), len(times), times.max()) == (980, 840, 2)
    mean = np.bincount(inverse, weights=study.response) / times
    within = ((study.response - mean[inverse]) ** 2).sum() / (980 - 840)
    # 140 differences of two draws, (e - e')² / 2: kurtosis 2.7 gives a relative standard error of √(1.7 / 140).
    assert within == pytest.approx(NOISE_VARIANCE, rel=4 * np.sqrt(1.7 / 140))


@pytest.mark.parametrize("name", ["SynthA", "SynthC"])
def test_the_other_studies_have_no_pair_twice(release, name):
    study = release.study(name)
    assert len(np.unique(study.cell.astype(int) * len(release.drugs) + study.drug)) == len(study)


def test_every_split_of_the_manifest_loads_and_proves_itself_disjoint(release):
    loaded = 0
    for entry in release.manifest.splits:
        for number in range(entry.count):
            split = release.split(entry.study, entry.scheme, number)
            assert min(len(split.train), len(split.val), len(split.test)) > 0
            loaded += 1
    assert loaded == 3 * (10 + 5 + 5 + 5 + 5)


def test_every_table_has_every_cell_or_drug_and_only_finite_values(release):
    for entity, name in (
        (Entity.CELL, "expression"),
        (Entity.CELL, "mutation"),
        (Entity.DRUG, "ecfp4"),
        (Entity.DRUG, "morgan"),
        (Entity.DRUG, "rdkit"),
    ):
        table = release.table(entity, name)
        assert table.ids == (release.cells if entity is Entity.CELL else release.drugs)
        assert np.isfinite(table.values).all()


@pytest.fixture(scope="module")
def to_seal(release, folder):
    place = to_seal_beside(folder)
    return prepare(read_study_spec(place / "spec.toml"), place, release)


def test_the_study_to_seal_brings_new_cells_and_drugs_with_their_features(release, to_seal):
    for entity, known in ((Entity.CELL, release.cells), (Entity.DRUG, release.drugs)):
        new = to_seal.info[entity][f"{entity}_id"].to_pylist()
        asked = set(to_seal.query[f"{entity}_id"].to_pylist())
        assert not set(new) & set(known)
        assert set(new) < asked <= set(new) | set(known)
    assert {table.entry.name for table in to_seal.features} == {"expression", "mutation", "ecfp4", "morgan", "rdkit"}
    assert to_seal.smiles["drug_id"].to_pylist() == to_seal.info[Entity.DRUG]["drug_id"].to_pylist()


def test_the_features_of_new_cells_come_through_their_tables_as_they_were_drawn(to_seal):
    expression = next(table for table in to_seal.features if table.entry.name == "expression")
    assert (expression.values == draw_expression(tiny_plan())[84:]).all()


def test_the_answers_to_seal_are_those_of_the_planted_truth(to_seal, truth):
    query, plan = to_seal.query, tiny_plan()
    cell = np.array([plan.cell_ids.index(name) for name in query["cell_id"].to_pylist()])
    drug = np.array([plan.drug_ids.index(name) for name in query["drug_id"].to_pylist()])
    missed = to_seal.response - truth.signal("SynthD", cell=cell, drug=drug)
    assert np.abs(missed).max() <= planted.NOISE + 5e-5  # the rounding
    assert (missed**2).mean() == pytest.approx(NOISE_VARIANCE, rel=4 * np.sqrt(1.4 / len(missed)))


def test_nobody_else_may_look_into_the_folder_with_the_answers(folder):
    assert to_seal_beside(folder).stat().st_mode & 0o077 == 0
