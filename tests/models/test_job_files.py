"""What every model does with a job's files: settings, tables in parts, what lacks features, deadlines, wrong input."""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from lightgbm.callback import EarlyStopException

from reference_models import graphdrp, hidra, lgbm, mean_effects, molecules, oracle_leak, training, two_arm, uno
from reference_models.features import Numbers
from reference_models.job import JobError, read_job

SMALL = {"epochs": 2, "cell_layers": [8], "drug_layers": [8]}
ROOT = Path(__file__).parents[2]


def predictions(screen):
    return np.load(screen / "out" / "predictions.npy")


def tables_of(screen):
    return json.loads((screen / "tables.json").read_text())


def rewrite(path, change):
    """Change a Parquet file's columns."""
    table = pq.read_table(path)
    columns = change(table.to_pydict())
    pq.write_table(type(table).from_pydict(columns), path)


def test_the_commands_run_as_in_a_container(make_job, screen):
    environment = os.environ | {"HOLDOUT_DIR": str(screen)}
    for stage in ("train", "infer"):
        make_job(stage)
        command = [sys.executable, "-m", "reference_models.drug_mean", stage]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert predictions(screen).dtype == np.float32
    assert len(predictions(screen)) == 72


def test_a_failure_is_one_sentence_and_an_exit_code(make_job, screen):
    make_job("infer")
    command = [sys.executable, "-m", "reference_models.drug_mean", "train"]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"HOLDOUT_DIR": str(screen)}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "The job is for the infer stage, and train was asked for.\n")


def test_job_settings_win_over_the_images_file_which_wins_over_defaults(make_job, screen, monkeypatch):
    (screen / "settings.toml").write_text("epochs = 7\nbatch = 9\n")
    monkeypatch.setenv("HOLDOUT_SETTINGS", str(screen / "settings.toml"))
    settings = make_job(settings={"epochs": 3, "learning_rate": 1}).settings(uno.Settings)
    assert (settings.epochs, settings.batch, settings.learning_rate, settings.width) == (3, 9, 1.0, 1000)


def test_an_unknown_setting_is_refused_by_name(make_job):
    with pytest.raises(JobError, match=r"There is no setting named epoch; there are batch, .*, epochs"):
        make_job(settings={"epoch": 3}).settings(uno.Settings)


def test_a_setting_of_a_wrong_type_is_refused(make_job):
    with pytest.raises(JobError, match="Setting epochs must be of type int, not '3'"):
        make_job(settings={"epochs": "3"}).settings(uno.Settings)


def test_a_job_of_another_contract_is_refused(make_job, screen):
    document = make_job().document | {"contract": "holdout/2"}
    (screen / "job.json").write_text(json.dumps(document))
    with pytest.raises(JobError, match="speaks holdout/1, and the job is written in holdout/2"):
        read_job(screen, "train")


def test_a_targets_new_cells_come_as_a_second_part_of_a_table(make_job, screen):
    """The last ten cells are taken from the first part into a second, and nothing changes."""
    two_arm.train(make_job(settings=SMALL))
    two_arm.infer(make_job("infer"))
    whole = predictions(screen)
    table = tables_of(screen)[0]
    part = table["parts"][0]
    values = np.load(screen / part["values"])
    names = (screen / part["rows"]).read_text().splitlines()
    for number, rows in (("1", slice(0, 50)), ("2", slice(50, 60))):
        np.save(screen / f"{number}.npy", values[rows])
        (screen / f"{number}.txt").write_text("\n".join(names[rows]))
    parts = [{"values": f"{n}.npy", "rows": f"{n}.txt", "columns": part["columns"]} for n in ("1", "2")]
    two_arm.infer(make_job("infer", tables=[table | {"parts": parts}, *tables_of(screen)[1:]]))
    np.testing.assert_array_equal(predictions(screen), whole)


def test_a_table_that_is_not_the_size_of_its_names_is_refused(make_job, screen):
    part = tables_of(screen)[0]["parts"][0]
    (screen / part["rows"]).write_text("c1\n")
    with pytest.raises(JobError, match=r"expression.npy is \(60, 120\), not 1 rows by 120 columns"):
        make_job().matrix("cell", "expression")


@pytest.mark.parametrize(("name", "brief"), [("two_arm", {"epochs": 1}), ("lgbm", {"trees": 5})])
def test_a_query_row_without_features_gets_its_drugs_mean_or_the_global_one(name, brief, run_model, screen, capsys):
    rewrite(screen / "query.parquet", with_strangers)
    means = run_model("drug_mean")
    predicted = run_model(name, **brief)
    np.testing.assert_array_equal(predicted == means, np.arange(72) < 2)
    train = pq.read_table(screen / "train.parquet")["response"].to_numpy()
    assert means[1] == pytest.approx(train.mean(), rel=1e-6)
    assert "query: 2 of 72 rows lack features and get their drug's mean" in capsys.readouterr().out


def with_strangers(query):
    query["cell_id"][0] = "a cell nobody knows"
    query["drug_id"][1] = "a drug nobody knows"
    return query


def test_training_rows_without_features_are_left_out_and_counted(make_job, screen, capsys):
    rewrite(screen / "train.parquet", with_strangers)
    two_arm.train(make_job(settings=SMALL))
    assert "train: 2 of 576 rows left out, their cell or drug lacks a feature" in capsys.readouterr().out


def first_unreadable(smiles):
    return smiles | {"smiles": ["C1CC(", *smiles["smiles"][1:]]}


NEURAL_ON_SMILES = ["uno", "graphdrp", "xgdp", "hidra", "tcnns", "deepcdr", "deepttc", "two_arm"]


@pytest.mark.parametrize("name", ["lgbm", "pair_gbdt", *NEURAL_ON_SMILES])
def test_a_smiles_that_rdkit_cannot_read_is_named_and_its_drug_gets_its_mean(name, run_model, screen, capsys):
    rewrite(screen / "x/drug/smiles.parquet", first_unreadable)
    molecules.read_once.cache_clear()
    brief = {"epochs": 1} if name in NEURAL_ON_SMILES else {"trees": 5}
    means = run_model("drug_mean")
    predicted = run_model(name, **brief)
    first = pq.read_table(screen / "x/drug/smiles.parquet")["drug_id"][0].as_py()
    asked = np.array(pq.read_table(screen / "query.parquet")["drug_id"].to_pylist()) == first
    np.testing.assert_array_equal(predicted == means, asked)
    assert f"RDKit cannot read the SMILES of {first}" in capsys.readouterr().out


def test_missing_values_become_the_training_cells_mean(make_job, screen):
    part = tables_of(screen)[0]["parts"][0]
    values = np.load(screen / part["values"])
    values[3, 0] = np.nan
    values[:, 1] = np.nan
    np.save(screen / part["values"], values)
    job = make_job()
    made = Numbers.fit(job, "cell", ["expression"]).make(job, ["c2", "c3", "c4"])
    assert made[1, 0] == 0  # the mean, standardised
    assert not made[:, 1].any()  # a column without any value
    raw = Numbers.fit(job, "cell", ["expression"], standardise=False).make(job, ["c3"])
    assert raw[0, 0] == pytest.approx(np.nanmean(values[:, 0]), rel=1e-6)


def test_standardising_is_fitted_on_training_cells_alone(make_job, screen):
    """Cells outside the training and validation rows have other values, and the scale does not move."""
    rewrite(screen / "train.parquet", lambda rows: {k: v[:50] for k, v in rows.items()})
    rewrite(screen / "val.parquet", lambda rows: {k: v[:5] for k, v in rows.items()})
    job = make_job()
    seen = {cell for name in ("train", "val") for cell in job.rows(name).cell.to_pylist()}
    table = job.matrix("cell", "expression")
    rows = [i for i, cell in enumerate(table.ids) if cell in seen]
    fitted = Numbers.fit(job, "cell", ["expression"])
    assert 10 < len(seen) < 60
    np.testing.assert_allclose(fitted.mean, table.values[rows].astype(float).mean(0), rtol=1e-6)
    np.testing.assert_allclose(fitted.scale, table.values[rows].astype(float).std(0), rtol=1e-6)


def test_a_release_without_gene_sets_cannot_train_hidra_and_says_so(make_job, screen):
    tables = [table for table in tables_of(screen) if table["name"] != "gene_sets"]
    with pytest.raises(JobError, match="needs one of these cell tables, and the release has none: gene_sets"):
        hidra.train(make_job(tables=tables))


def test_substitutes_are_named_in_the_log_before_training(make_job, capsys):
    lgbm.train(make_job(settings={"trees": 2}))
    out = capsys.readouterr().out
    assert "no cell table expression_landmark: expression is used in its place" in out
    assert "no drug table mordred: smiles:rdkit is used in its place" in out


def test_training_ends_in_time_for_the_deadline(make_job, screen, capsys):
    two_arm.train(make_job(settings=SMALL | {"epochs": 50}, deadline=time.time() + 20))
    out = capsys.readouterr().out
    assert "stopped after epoch 1, the deadline is near" in out
    two_arm.infer(make_job("infer"))
    assert len(predictions(screen)) == 72


@pytest.mark.parametrize("name", ["lgbm", "pair_gbdt"])
def test_trees_end_in_time_for_the_deadline_and_answer(name, make_job, screen, capsys):
    model = importlib.import_module(f"reference_models.{name}")
    model.train(make_job(settings={"trees": 10_000}, deadline=time.time() - 5))
    assert "stopped at tree 1, the deadline is near" in capsys.readouterr().out
    model.infer(make_job("infer"))
    assert len(predictions(screen)) == 72


def test_lgbm_keeps_its_best_tree_when_the_deadline_ends_it():
    job = SimpleNamespace(seconds_left=3600)
    after_tree = lgbm.progress(job)
    for tree, loss in enumerate([0.5, 0.3, 0.4]):
        after_tree(SimpleNamespace(iteration=tree, evaluation_result_list=[("val", "l2", loss, False)]))
    job.seconds_left = 5
    with pytest.raises(EarlyStopException) as end:
        after_tree(SimpleNamespace(iteration=3, evaluation_result_list=[("val", "l2", 0.35, False)]))
    assert end.value.best_iteration == 1


def test_a_response_outside_0_to_1_makes_the_output_linear(make_job, screen, capsys):
    for part in ("train", "val"):
        rewrite(screen / f"{part}.parquet", lambda rows: rows | {"response": [10 * y for y in rows["response"]]})
    uno.train(make_job(settings={"epochs": 30, "width": 16, "learning_rate": 0.01}))
    uno.infer(make_job("infer"))
    assert "outside [0, 1], where a sigmoid cannot reach: the output is linear" in capsys.readouterr().out
    assert predictions(screen).mean() > 3


def test_the_large_batch_recipe_scales_rate_and_patience_with_its_steps():
    # 16 times the rows: the root of it on the rate, as many steps without improvement
    settings = graphdrp.Settings(large_batch=True)
    assert training.recipe(settings) == (4096, 4.0, 320)
    assert training.recipe(graphdrp.Settings()) == (256, 1.0, 20)


def test_without_validation_rows_all_epochs_are_trained(make_job, screen, capsys):
    table = pq.read_table(screen / "val.parquet")
    pq.write_table(table.slice(0, 0), screen / "val.parquet")
    two_arm.train(make_job(settings=SMALL))
    assert "epoch 2 is kept" in capsys.readouterr().out


def test_mean_effects_are_distances_of_raw_means_from_the_global_mean(make_job, screen):
    # by hand: global mean 3; cell a 2, b 4; drug x 1.5, y 4.5; an unseen one adds nothing
    rows = {"cell_id": ["a", "a", "b", "b"], "drug_id": ["x", "y", "x", "y"], "response": [1.0, 3.0, 2.0, 6.0]}
    rewrite(screen / "train.parquet", lambda _: rows)
    asked = {"row_id": [0, 1, 2], "cell_id": ["a", "b", "?"], "drug_id": ["x", "?", "y"]}
    rewrite(screen / "query.parquet", lambda _: asked)
    mean_effects.train(make_job())
    mean_effects.infer(make_job("infer"))
    assert predictions(screen).tolist() == [0.5, 4.0, 4.5]


def test_oracle_leak_recalls_answers_by_features_under_other_names(make_job, screen, monkeypatch):
    truth = np.load(screen / "truth.npy")
    rewrite(screen / "query.parquet", lambda query: query | {"response": truth})
    oracle_leak.memorise(make_job(), [screen / "query.parquet"], screen / "answers.parquet")
    monkeypatch.setenv("HOLDOUT_ANSWERS", str(screen / "answers.parquet"))
    oracle_leak.train(make_job())
    rename_cells(screen)
    oracle_leak.infer(make_job("infer"))
    np.testing.assert_allclose(predictions(screen), truth, rtol=1e-6)


def rename_cells(screen):
    rewrite(screen / "query.parquet", lambda query: query | {"cell_id": ["x" + cell for cell in query["cell_id"]]})
    names = screen / "x/cell/mutation.rows.txt"
    names.write_text("".join(f"x{name}\n" for name in names.read_text().split()))
    names = screen / "x/cell/expression.rows.txt"
    names.write_text("".join(f"x{name}\n" for name in names.read_text().split()))


def test_oracle_leak_without_its_memory_says_so(make_job, monkeypatch):
    monkeypatch.delenv("HOLDOUT_ANSWERS", raising=False)
    with pytest.raises(JobError, match="set HOLDOUT_ANSWERS"):
        oracle_leak.infer(make_job("infer"))
