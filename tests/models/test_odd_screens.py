"""Screens as somebody else's data may be: cells that are names, molecules without heavy atoms, cells that are alike."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reference_models import deepttc, elastic_net, graphdrp, hidra, lgbm, mean_effects, molecules, random
from reference_models.features import landmark_expression
from reference_models.job import JobError
from tests.models.conftest import SMALL, write_matrix


@pytest.fixture
def as_names(screen):
    """What the arm `onehot` gives in place of expression and mutations; gene sets stay what they are."""
    cells = [f"c{i}" for i in range(60)]
    for name in ("expression", "mutation"):
        names = [f"cell_{i}" for i in range(60)]
        write_matrix(screen, "cell", name, ids=cells, columns=names, values=np.eye(60, dtype=np.uint8))


@pytest.mark.usefixtures("as_names")
def test_hidra_takes_cells_that_are_names_as_one_gene_set(run_model, screen, capsys):
    predicted = run_model("hidra", epochs=2)
    assert "all columns are one gene set" in capsys.readouterr().out
    assert len(np.unique(predicted)) > 12  # drugs: its cells differ too


@pytest.mark.usefixtures("as_names")
def test_no_name_of_a_cell_is_left_out(make_job):
    assert len(landmark_expression(make_job(), 20).columns) == 60


def test_gene_sets_of_other_genes_are_refused(make_job, screen):
    strangers = pa.table({"set": ["S"], "gene": ["nobody knows it"]})
    pq.write_table(strangers, screen / "x/cell/gene_sets.parquet")
    with pytest.raises(JobError, match="No gene of the cell table gene_sets is a column of expression"):
        hidra.train(make_job())


@pytest.mark.parametrize("smiles", ["*", "[H][H]"])
def test_a_descriptor_that_is_not_defined_is_missing(smiles):
    values = molecules.descriptors([smiles, "CCO"])
    assert np.isnan(values[0]).any()
    assert np.isfinite(values[1]).mean() > 0.9


def test_a_descriptor_that_is_not_defined_stops_no_model(make_job, screen):
    path = screen / "x/drug/smiles.parquet"
    drugs = pq.read_table(path).to_pydict()
    pq.write_table(pa.table(drugs | {"smiles": ["*", *drugs["smiles"][1:]]}), path)
    molecules.read_once.cache_clear()
    lgbm.train(make_job(settings={"trees": 2}))


def test_the_elastic_net_gives_a_drug_whose_cells_are_alike_its_mean():
    cells = np.ones((12, 5))
    path = elastic_net.drug_path(cells, np.arange(12), np.arange(12.0), elastic_net.Settings())
    np.testing.assert_array_equal(path, [[0, 0, 0, 0, 0, 5.5]] * 4)


def test_a_drug_of_unknown_sub_words_alone_is_predicted_by_deepttc(run_model, screen, monkeypatch):
    monkeypatch.setattr(deepttc.Subwords, "make", lambda _subwords, _job, ids: np.zeros((len(ids), 20), np.int64))
    assert np.isfinite(run_model("deepttc", epochs=1)).all()


def test_too_few_genes_for_the_convolutions_are_named():
    with pytest.raises(JobError, match="26 genes are too few: layers that pool by three need 27"):
        graphdrp.GraphDRP(graphdrp.Settings(), 26)
    graphdrp.GraphDRP(graphdrp.Settings(), 27)


@pytest.mark.parametrize("model", [mean_effects, random, lgbm])
def test_training_without_rows_is_refused(model, make_job, screen):
    path = screen / "train.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    with pytest.raises(JobError, match=r"train\.parquet has no rows"):
        model.train(make_job(settings=SMALL.get(model.__name__.rsplit(".", 1)[1])))
