"""Train a pair model from a job's files, and infer with what was saved: the part that all neural models share."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from reference_models.features import Input, load_inputs, save_inputs, shared_ids
from reference_models.graphs import GraphTensors
from reference_models.job import Job, JobError, log, settings_from
from reference_models.molecules import Graphs
from reference_models.neural import Examples, Features, PairModel, forward, predict
from reference_models.pairs import Fallback, answer, pair_up, present, training_pairs

LARGE_BATCH = 4096
SPARE_S = 30.0  # kept of the deadline for writing the model


def stages(model_type: type[PairModel]) -> tuple[Callable[[Job], PairModel], Callable[[Job], None]]:
    """A model's `train` and `infer`."""
    return partial(train, model_type), partial(infer, model_type)


def train(model_type: type[PairModel], job: Job) -> PairModel:
    device = start(job)
    settings = job.settings(model_type.settings_type)
    rows = job.rows("train"), job.rows("val")
    Fallback.of(rows[0]).save(job.model_dir)
    settings = fitting_output(settings, *(part.response for part in rows))
    cell_inputs, drug_inputs = model_type.inputs(job, settings)
    cell_ids = shared_ids(job, cell_inputs, present(*(part.cell for part in rows)))
    drug_ids = shared_ids(job, drug_inputs, present(*(part.drug for part in rows)))
    train_rows, val_rows = (Examples.of(pairs, device) for pairs in training_pairs(job, cell_ids, drug_ids))
    features = Features(made(job, cell_inputs, cell_ids, device), made(job, drug_inputs, drug_ids, device))
    model = model_type.sized(settings, cell_inputs, drug_inputs).to(device)
    log(f"{model.parameter_count:,} parameters, {len(train_rows):,} rows, {device}")
    fit(model, features, train_rows, val_rows, settings, seed=job.seed, seconds_left=lambda: job.seconds_left)
    save_inputs(job.model_dir, cell=cell_inputs, drug=drug_inputs)
    (job.model_dir / "settings.json").write_text(json.dumps(dataclasses.asdict(settings)))
    torch.save(model.state_dict(), job.model_dir / "weights.pt")
    return model


def infer(model_type: type[PairModel], job: Job) -> None:
    device = start(job)
    settings = settings_from(model_type.settings_type, json.loads((job.model_dir / "settings.json").read_text()))
    cell_inputs, drug_inputs = load_inputs(job.model_dir, *model_type.input_kinds)
    model = model_type.sized(settings, cell_inputs, drug_inputs).to(device)
    model.load_state_dict(torch.load(job.model_dir / "weights.pt", map_location=device, weights_only=True))
    query = job.rows("query")
    cell_ids = shared_ids(job, cell_inputs, present(query.cell))
    drug_ids = shared_ids(job, drug_inputs, present(query.drug))
    pairs = pair_up(query, cell_ids, drug_ids)
    predictions = np.empty(0)
    if len(pairs):
        features = Features(made(job, cell_inputs, cell_ids, device), made(job, drug_inputs, drug_ids, device))
        predictions = predict(model, features, Examples.of(pairs, device)).double().cpu().numpy()
    answer(job, query, pairs, predictions)


def start(job: Job) -> torch.device:
    torch.manual_seed(job.seed)
    torch.set_num_threads(job.cpus)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.set_float32_matmul_precision("high")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS adds up in an order of the moment
    torch.use_deterministic_algorithms(True, warn_only=True)
    return torch.device("cuda")


def fitting_output(settings: Any, *responses: Any) -> Any:
    """A sigmoid reaches 0 to 1 alone: where the answers leave that range the output is made linear, and said."""
    if getattr(settings, "output", "linear") == "linear":
        return settings
    if all(((part >= 0) & (part <= 1)).all() for part in responses):
        return settings
    log("responses lie outside [0, 1], where a sigmoid cannot reach: the output is linear")
    return dataclasses.replace(settings, output="linear")


def made(job: Job, inputs: Sequence[Input], ids: list[str], device: torch.device) -> list[Tensor | GraphTensors]:
    arrays = [fitted.make(job, ids) for fitted in inputs]
    return [
        GraphTensors.of(array, device) if isinstance(array, Graphs) else torch.from_numpy(array).to(device)
        for array in arrays
    ]


def recipe(settings: Any) -> tuple[int, float, int]:
    """Rows a batch, what to multiply learning rates with, and the patience in epochs.

    A large batch makes few steps an epoch, so that its patience is as many steps as the original's.
    """
    if not settings.large_batch:
        return settings.batch, 1.0, settings.patience
    times = LARGE_BATCH / settings.batch
    return LARGE_BATCH, math.sqrt(times), math.ceil(settings.patience * times)


def fit(
    model: PairModel,
    features: Features,
    train_rows: Examples,
    val_rows: Examples,
    settings: Any,
    *,
    seed: int,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> list[float]:
    """Adam on the squared error; the model ends with the weights of its best validation epoch. Its losses return.

    Without validation rows every epoch is trained and the last one kept.
    """
    batch, faster, patience = recipe(settings)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    order = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    best, best_epoch, best_loss = model.state_dict(), 0, math.inf
    for epoch in range(settings.epochs):
        began = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = model.rate(settings, epoch, losses) * faster
        permutation = torch.randperm(len(train_rows), generator=order).to(train_rows.cell.device)
        train_loss = train_epoch(model, optimizer, features, train_rows, permutation.split(batch))
        if not math.isfinite(train_loss):
            raise JobError(f"Training diverged in epoch {epoch + 1}: its loss is {train_loss}.")
        losses.append(validation_loss(model, features, val_rows))
        took = time.monotonic() - began
        log(f"epoch {epoch + 1}: train mse {train_loss:.5f}, val mse {losses[-1]:.5f}, {took:.1f} s")
        if losses[-1] < best_loss or not len(val_rows):
            best, best_epoch, best_loss = copy.deepcopy(model.state_dict()), epoch, losses[-1]
        if epoch - best_epoch >= patience:
            break
        if seconds_left() < 2 * took + SPARE_S:
            log(f"stopped after epoch {epoch + 1}, the deadline is near")
            break
    if len(val_rows) and not math.isfinite(best_loss):
        raise JobError(f"Training diverged: no epoch has a finite validation loss, the last has {losses[-1]}.")
    model.load_state_dict(best)
    log(f"epoch {best_epoch + 1} is kept")
    return losses


def train_epoch(
    model: PairModel, optimizer: torch.optim.Optimizer, features: Features, rows: Examples, batches: Sequence[Tensor]
) -> float:
    model.train()
    total = torch.zeros((), device=rows.cell.device)  # read once: reading it every step would wait for the GPU
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        predicted = forward(model, features, rows.cell[batch], rows.drug[batch])
        loss = F.mse_loss(predicted, rows.response[batch])
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(batch)
    return float(total) / len(rows)


def validation_loss(model: PairModel, features: Features, rows: Examples) -> float:
    return float(F.mse_loss(predict(model, features, rows), rows.response)) if len(rows) else math.nan
