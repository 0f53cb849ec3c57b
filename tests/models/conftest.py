"""A small screen as a job's folder: cells with a pathway, drugs with a mechanism that it answers to."""

import importlib
import json
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reference_models.job import Job

SMILES = {
    "erlotinib": "COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC",
    "gefitinib": "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1",
    "lapatinib": "CS(=O)(=O)CCNCc1ccc(-c2ccc3ncnc(Nc4ccc(OCc5cccc(F)c5)c(Cl)c4)c3c2)o1",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "sorafenib": "CNC(=O)c1cc(Oc2ccc(NC(=O)Nc3ccc(Cl)c(C(F)(F)F)c3)cc2)ccn1",
    "vemurafenib": "CCCS(=O)(=O)Nc1ccc(F)c(C(=O)c2c[nH]c3ncc(-c4ccc(Cl)cc4)cc23)c1F",
    "olaparib": "O=C(c1cc(Cc2n[nH]c(=O)c3ccccc23)ccc1F)N1CCN(C(=O)C2CC2)CC1",
    "fluorouracil": "O=c1[nH]cc(F)c(=O)[nH]1",
    "gemcitabine": "Nc1ccn([C@@H]2O[C@H](CO)[C@@H](O)C2(F)F)c(=O)n1",
    "cytarabine": "Nc1ccn([C@@H]2O[C@H](CO)[C@@H](O)[C@@H]2O)c(=O)n1",
    "methotrexate": "CN(Cc1cnc2nc(N)nc(N)c2n1)c1ccc(C(=O)N[C@@H](CCC(=O)O)C(=O)O)cc1",
    "vorinostat": "O=C(CCCCCCC(=O)Nc1ccccc1)NO",
}
# Settings with which each model trains in seconds and still learns.
CONVOLUTION = {"epochs": 30, "batch": 32, "learning_rate": 3e-3, "kernel": 4, "channels": [8, 16, 16]}
CONVOLUTION |= {"head_layers": [64, 32], "head_dropout": 0.0, "drug_dropout": 0.0}
TRANSFORMER = {"transformer_layers": 1, "attention_heads": 2, "embedding": 16, "feed_forward": 32, "length": 20}
SMALL = {
    "drug_mean": {},
    "mean_effects": {},
    "random": {},
    "elastic_net": {},
    "lgbm": {"trees": 100, "leaf_rows": 5},
    "pair_gbdt": {"trees": 100, "leaf_rows": 5},
    "two_arm": {"epochs": 40, "batch": 32, "learning_rate": 1e-3, "cell_layers": [64, 32], "drug_layers": [32, 16]},
    "uno": {"epochs": 12, "width": 64, "learning_rate": 3e-3, "warm_up": 2},
    "graphdrp": CONVOLUTION,
    "xgdp": CONVOLUTION | {"epochs": 60, "graph_widths": [16, 32, 32], "pooled": 32},
    "hidra": {"epochs": 60, "patience": 60, "learning_rate": 3e-3},
    "tcnns": {"epochs": 40, "channels": [8, 8, 8], "head": 64, "learning_rate": 3e-3, "dropout": 0.0, "batch": 32},
    "deepcdr": {
        "epochs": 30,
        "patience": 30,
        "graph_layers": [16, 16, 16],
        "omics_layers": [32, 16],
        "mutation_kernels": [10, 5],
        "head": 100,
        "head_kernels": [50, 5, 5],
    },
    "deepttc": TRANSFORMER
    | {
        "epochs": 30,
        "cell_layers": [64, 32],
        "vocabulary": 100,
        "head_layers": [64, 32],
        "learning_rate": 3e-3,
        "batch": 32,
        "dropout": 0.0,
    },
}
CELLS, GENES, MUTATIONS = 60, 120, 40
MECHANISM = dict(zip(SMILES, [1.0] * 6 + [0.0] * 3 + [-1.0] * 3, strict=True))
SCATTER = 0.02  # of the noise, on answers whose interaction has a scatter of about .1


def answers(rng: np.random.Generator, activity: np.ndarray) -> list[tuple[str, str, float]]:
    level = {name: 0.6 + 0.05 * rng.uniform(-1, 1) for name in SMILES}
    return [
        (f"c{i}", name, level[name] + 0.12 * MECHANISM[name] * np.tanh(activity[i]) + SCATTER * rng.standard_normal())
        for i in range(CELLS)
        for name in SMILES
    ]


def write_matrix(root, entity, name, *, ids, columns, values):
    base = root / "x" / entity
    base.mkdir(parents=True, exist_ok=True)
    np.save(base / f"{name}.npy", values)
    (base / f"{name}.rows.txt").write_text("\n".join(ids) + "\n")
    (base / f"{name}.columns.txt").write_text("\n".join(columns) + "\n")
    part = {"values": f"{name}.npy", "rows": f"{name}.rows.txt", "columns": f"{name}.columns.txt"}
    parts = [{key: f"x/{entity}/{file}" for key, file in part.items()}]
    return {"entity": entity, "name": name, "kind": "matrix", "parts": parts}


def write_text(root, entity, name, columns):
    (root / "x" / entity).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), root / "x" / entity / f"{name}.parquet")
    parts = [{"values": f"x/{entity}/{name}.parquet"}]
    return {"entity": entity, "name": name, "kind": "text", "parts": parts}


def write_rows(root, name, rows, **columns):
    cells, drugs, response = zip(*rows, strict=True)
    table = {"cell_id": cells, "drug_id": drugs} | ({} if name == "query" else {"response": response})
    pq.write_table(pa.table(columns | table), root / f"{name}.parquet")


@pytest.fixture
def screen(tmp_path):
    """The folder of a job with 720 answers: 80% to train, 10% to validate, 10% asked for. Truth stands in truth.npy."""
    rng = np.random.default_rng(7)
    activity = rng.standard_normal(CELLS)
    expression = rng.standard_normal((CELLS, GENES)).astype(np.float32) + 5
    expression[:, :20] += 1.5 * activity[:, None].astype(np.float32)
    mutation = (rng.random((CELLS, MUTATIONS)) < 0.2).astype(np.uint8)
    mutation[:, :4] = (activity[:, None] + 0.3 * rng.standard_normal((CELLS, 4)) > 0).astype(np.uint8)
    cells, genes = [f"c{i}" for i in range(CELLS)], [f"G{i}" for i in range(GENES)]
    sets = [(f"S{k}", f"G{i}") for k in range(10) for i in range(10 * k, 10 * k + 14)]
    tables = [
        write_matrix(tmp_path, "cell", "expression", ids=cells, columns=genes, values=expression),
        write_matrix(tmp_path, "cell", "mutation", ids=cells, columns=genes[:MUTATIONS], values=mutation),
        write_text(tmp_path, "cell", "gene_sets", {"set": [s for s, _ in sets], "gene": [g for _, g in sets]}),
        write_text(tmp_path, "drug", "smiles", {"drug_id": list(SMILES), "smiles": list(SMILES.values())}),
    ]
    rows = answers(rng, activity)
    rng.shuffle(rows)
    rows = [(cell, drug, float(response)) for cell, drug, response in rows]
    write_rows(tmp_path, "train", rows[:576])
    write_rows(tmp_path, "val", rows[576:648])
    write_rows(tmp_path, "query", rows[648:], row_id=np.arange(72)[::-1])
    np.save(tmp_path / "truth.npy", [response for *_, response in rows[648:]])
    for folder in ("model", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tables.json").write_text(json.dumps(tables))
    return tmp_path


@pytest.fixture
def make_job(screen):
    """A job on the screen's folder; what is not named stays what it was."""

    def build(stage="train", *, seed=1, tables=None, settings=None, deadline=None) -> Job:
        document = {
            "contract": "holdout/1",
            "stage": stage,
            "seed": seed,
            "task": "regression",
            "response": {"name": "auc", "direction": "lower"},
            "tables": json.loads((screen / "tables.json").read_text()) if tables is None else tables,
            "resources": {"cpus": 1, "memory_mb": 4096, "gpus": 0, "wall_s": 600},
            "deadline": deadline or time.time() + 3600,
            "settings": settings or {},
        }
        (screen / "job.json").write_text(json.dumps(document))
        return Job(screen, document)

    return build


@pytest.fixture
def run_model(make_job):
    """Train a model with its small settings, infer, and return its predictions."""

    def run(name, *, seed=1, **changes):
        model = importlib.import_module(f"reference_models.{name}")
        model.train(make_job("train", seed=seed, settings=SMALL[name] | changes))
        job = make_job("infer", seed=seed)
        model.infer(job)
        return np.load(job.root / "out" / "predictions.npy")

    return run
