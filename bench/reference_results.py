"""Reference models on real screens: R² within CCLE on IMPROVE's own splits, and from CTRPv2 to CCLE.

    python bench/reference_results.py REALDATA_FOLDER OUT_FOLDER

Builds the jobs' folders from plain files, runs each model's two commands as a host would, and appends a line to
OUT_FOLDER/results.jsonl for each; what stands there already is not run again. `--table` prints the table from it.
Minutes to an hour: run by hand, never by CI.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reference_models import molecules

EXPRESSION = {"rma": "features/expr_gdsc_rma.parquet", "rnaseq": "features/expr_ccle_rnaseq_census.parquet"}
# Partin et al. 2025, table 4 (within CCLE), mean of 10 splits
PUBLISHED = {"lgbm": 0.801, "uno": 0.796, "graphdrp": 0.746}


@dataclass(frozen=True, slots=True)
class Trial:
    model: str
    source: str
    split: int
    arm: str = "real"
    expression: str = "rma"
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def plan(epochs: dict[str, int]) -> list[Trial]:
    """Three splits of the deep models within CCLE, ten of what is fast; across studies three of what is fast."""
    quick = ("drug_mean", "mean_effects", "pair_gbdt")
    trials = [Trial(model, "CCLE", split) for split in range(10) for model in quick]
    trials += [Trial("lgbm", "CCLE", split, arm) for arm in ("real", "intradrug") for split in range(3)]
    trials += [Trial("pair_gbdt", "CCLE", split, "intradrug") for split in range(10)]
    limits: dict[str, dict[str, object]] = {model: {"epochs": limit} for model, limit in epochs.items()}
    if "graphdrp" in limits:  # at the original's rate its first epochs barely move: 150 of them are its recipe
        limits["graphdrp"]["learning_rate"] = 1e-3
    trials += [Trial(model, "CCLE", split, settings=limit) for split in range(3) for model, limit in limits.items()]
    trials += [Trial(model, "CTRPv2", split) for split in range(3) for model in (*quick, "lgbm")]
    hundred: dict[str, object] = {"trees": 100}
    trials += [Trial(model, "CTRPv2", split, settings=hundred) for split in range(3) for model in ("lgbm", "pair_gbdt")]
    trials += [Trial("pair_gbdt", "CTRPv2", split, "intradrug") for split in range(3)]
    for model, original in (("graphdrp", 150), ("tcnns", 40)):  # beside the large batch; 40 of at most 200 for tcnns
        trials.append(Trial(model, "CCLE", 0, settings={"epochs": 150, "large_batch": True}))
        trials.append(Trial(model, "CCLE", 0, settings={"epochs": original}))
    trials += [
        Trial(model, "CCLE", split, "intradrug", settings=limit)
        for split in range(3)
        for model, limit in limits.items()
    ]
    return trials + [Trial("pair_gbdt", "CCLE", split, expression="rnaseq") for split in range(3)]


def write_tables(realdata: Path, x: Path, expression: str) -> list[dict[str, object]]:
    """One folder of features that all jobs share."""
    x.mkdir(parents=True, exist_ok=True)
    drugs = pd.read_csv(realdata / "drugs.tsv", sep="\t")
    cells = pd.read_parquet(realdata / EXPRESSION[expression])
    genotype = pd.read_parquet(realdata / "features/genotype_nest.parquet").filter(regex="_MUT$")
    smiles = drugs.smiles.tolist()
    matrices = {
        ("cell", "expression"): (cells.index, cells.columns, cells.to_numpy(np.float32)),
        ("cell", "mutation"): (genotype.index, genotype.columns, genotype.to_numpy(np.int8)),
        ("drug", "rdkit"): (drugs.improve_chem_id, molecules.descriptor_names(), molecules.descriptors(smiles)),
        ("drug", "morgan"): (drugs.improve_chem_id, range(2048), molecules.fingerprints(smiles, radius=2, bits=2048)),
    }
    tables = []
    for (entity, name), (ids, columns, values) in matrices.items():
        np.save(x / f"{name}.npy", values)
        for suffix, names in (("rows", ids), ("columns", columns)):
            (x / f"{name}.{suffix}.txt").write_text("".join(f"{one}\n" for one in names))
        files = {"values": f"x/{name}.npy", "rows": f"x/{name}.rows.txt", "columns": f"x/{name}.columns.txt"}
        tables.append({"entity": entity, "name": name, "kind": "matrix", "parts": [files]})
    pq.write_table(pa.table({"drug_id": drugs.improve_chem_id.tolist(), "smiles": smiles}), x / "smiles.parquet")
    return [*tables, {"entity": "drug", "name": "smiles", "kind": "text", "parts": [{"values": "x/smiles.parquet"}]}]


def study_rows(realdata: Path, source: str, split: int) -> dict[str, pd.DataFrame]:
    """Training, validation and the rows to predict: CCLE's test part, or all of CCLE from another study."""
    ccle = pd.read_csv(realdata / "improve_exact/ccle_response.tsv", sep="\t")
    if source == "CCLE":
        folder = realdata / "improve_exact/splits"
        parts = {part: np.loadtxt(folder / f"CCLE_split_{split}_{part}.txt", int) for part in ("train", "val", "test")}
        return {part: ccle.iloc[rows] for part, rows in parts.items()}
    rows = pd.read_parquet(realdata / "response.parquet").query("study == @source")
    test, val = (split + 9) % 10, (split + 8) % 10
    return {"train": rows[~rows.fold.isin([test, val])], "val": rows[rows.fold == val], "test": ccle}


def shuffled_within_drugs(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return rows.assign(auc=rows.groupby("improve_chem_id").auc.transform(rng.permutation))


def stage(trial: Trial, realdata: Path, out: Path) -> tuple[Path, np.ndarray]:
    """The job's folder, and the answers that it is asked for. Rows without expression are left out of all parts."""
    x = out / f"x-{trial.expression}"
    listing = out / f"tables-{trial.expression}.json"
    if not listing.exists():
        listing.write_text(json.dumps(write_tables(realdata, x, trial.expression)))
    with_expression = set((x / "expression.rows.txt").read_text().split())
    job = out / "job"
    for folder in ("model", "out"):
        (job / folder).mkdir(parents=True, exist_ok=True)
    (job / "x").unlink(missing_ok=True)
    (job / "x").symlink_to(x.resolve())
    for part, rows in study_rows(realdata, trial.source, trial.split).items():
        kept = rows[rows.improve_sample_id.isin(with_expression)]
        if part != "test" and trial.arm == "intradrug":
            kept = shuffled_within_drugs(kept, seed=trial.split + (1000 if part == "val" else 0))
        columns = {"cell_id": kept.improve_sample_id.tolist(), "drug_id": kept.improve_chem_id.tolist()}
        if part == "test":
            pq.write_table(pa.table({"row_id": np.arange(len(kept))} | columns), job / "query.parquet")
            answers = kept.auc.to_numpy()
        else:
            pq.write_table(pa.table(columns | {"response": kept.auc.to_numpy(np.float64)}), job / f"{part}.parquet")
    document = {
        "contract": "holdout/1",
        "seed": trial.split,
        "task": "regression",
        "response": {"name": "auc", "direction": "lower"},
        "tables": json.loads(listing.read_text()),
        "resources": {"cpus": 1, "memory_mb": 4096, "gpus": 0, "wall_s": 7200},
        "deadline": time.time() + 7200,
        "settings": trial.settings,
    }
    (job / "document.json").write_text(json.dumps(document))
    return job, answers


def run(trial: Trial, realdata: Path, out: Path) -> dict[str, object]:
    job, answers = stage(trial, realdata, out)
    document = json.loads((job / "document.json").read_text())
    environment = os.environ | {"HOLDOUT_DIR": str(job), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    seconds, log = {}, ""
    for stage_name in ("train", "infer"):
        (job / "job.json").write_text(json.dumps(document | {"stage": stage_name}))
        began = time.monotonic()
        command = [sys.executable, "-m", f"reference_models.{trial.model}", stage_name]
        log += subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        seconds[f"{stage_name}_s"] = round(time.monotonic() - began, 1)
    predictions = np.load(job / "out/predictions.npy").astype(np.float64)
    r2 = 1 - np.sum((answers - predictions) ** 2) / np.sum((answers - answers.mean()) ** 2)
    epochs = [line for line in log.splitlines() if line.startswith("epoch")]
    return asdict(trial) | seconds | {"rows": len(answers), "r2": float(r2), "last": epochs[-2:]}


def table(results: list[dict[str, object]]) -> str:
    """A row for each model, source, arm and settings; mean and standard deviation (ddof 1) over its splits."""
    rows = pd.DataFrame(results)
    rows["settings"] = [" ".join(f"{k}={v}" for k, v in one.items()) for one in rows.settings]
    grouped = rows.groupby(["source", "model", "arm", "expression", "settings"], sort=True)
    lines = ["| source → CCLE | model | arm | expression | settings | splits | R² | ± | train, s |", "|" + " --- |" * 9]
    for (source, model, arm, expression, settings), part in grouped:
        cells = [source, model, arm, expression, settings or "defaults", str(len(part)), f"{part.r2.mean():.4f}"]
        lines.append("| " + " | ".join([*cells, f"{part.r2.std():.4f}", f"{part.train_s.median():.0f}"]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("realdata", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", default="uno=12,graphdrp=30,two_arm=30", help="limits of the deep models")
    parser.add_argument("--only", default="", help="models, comma-separated")
    parser.add_argument("--table", action="store_true", help="print the table of what has been run")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "results.jsonl"
    done = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    if arguments.table:
        print(table(done))
        return
    names = {one.name for one in Trial.__dataclass_fields__.values()}
    keys = {json.dumps({name: one[name] for name in names}, sort_keys=True) for one in done}
    only = set(filter(None, arguments.only.split(",")))
    epochs = {model: int(limit) for model, limit in (pair.split("=") for pair in arguments.epochs.split(","))}
    for trial in plan(epochs):
        if trial.key not in keys and (not only or trial.model in only):
            result = run(trial, arguments.realdata, arguments.out)
            with file.open("a") as lines:
                lines.write(json.dumps(result) + "\n")
            print(trial.key, round(result["r2"], 4), result["train_s"], "s", flush=True)


if __name__ == "__main__":
    main()
