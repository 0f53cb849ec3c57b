"""Neural networks on pairs of a cell and a drug, computed without a row × feature matrix.

A batch names rows by two codes. What a layer does to a cell (or drug) alone is done once for each different one in the
batch, and gathered for the rows; batch norm weighs each by its rows and dropout draws a mask for every row, so that a
step equals the row-by-row one. All features live on the device that trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from reference_models.features import Input
from reference_models.graphs import GraphBatch, GraphTensors
from reference_models.job import Job
from reference_models.pairs import Pairs

State = tuple[Tensor, ...]  # what is known of each entity before pairs are formed, entities first


@dataclass(frozen=True, slots=True)
class Features:
    """What goes in, on the device: one tensor for each input, entities first."""

    cell: list[Tensor | GraphTensors]
    drug: list[Tensor | GraphTensors]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What every neural model can be told; each has its original's values."""

    epochs: int = 100
    batch: int = 32
    learning_rate: float = 1e-3
    patience: int = 20
    large_batch: bool = False  # 4,096 rows and a rate that grows with their root: another recipe, much faster


class PairModel(nn.Module):
    """Three functions make a model: of cells, of drugs, of the rows that pair them."""

    settings_type: ClassVar[type[Any]] = Recipe
    input_kinds: ClassVar[tuple[type, ...]] = ()
    rows_at_once: ClassVar[int] = 4096  # when predicting
    entities_at_once: ClassVar[int] = 256

    @staticmethod
    def inputs(job: Job, settings: Any) -> tuple[list[Input], list[Input]]:
        """Fit what goes in for cells and for drugs."""
        raise NotImplementedError

    @classmethod
    def sized(cls, settings: Any, cell_inputs: list[Any], drug_inputs: list[Any]) -> PairModel:
        """The model at the size of its inputs."""
        raise NotImplementedError

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def cells(self, features: Sequence[Any], count: Tensor) -> State:
        raise NotImplementedError

    def drugs(self, features: Sequence[Any], count: Tensor) -> State:
        raise NotImplementedError

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        raise NotImplementedError

    def rate(self, settings: Any, epoch: int, losses: list[float]) -> float:  # noqa: ARG002
        """The learning rate of an epoch, from the validation losses of those before."""
        return settings.learning_rate


class CountedBatchNorm(nn.Module):
    """Batch norm over entities that stand for `count` rows each: what nn.BatchNorm1d does to the rows themselves.

    A batch of one row, which nn.BatchNorm1d refuses, has a variance of 0.
    """

    def __init__(self, features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.eps, self.momentum = eps, momentum

    def forward(self, x: Tensor, count: Tensor | None = None) -> Tensor:  # (entities, features), (entities,)
        if not self.training or (count is None and len(x) > 1):
            running, learned = (self.running_mean, self.running_var), (self.weight, self.bias)
            return F.batch_norm(x, *running, *learned, self.training, self.momentum, self.eps)
        count = torch.ones(len(x), device=x.device) if count is None else count
        rows = count.sum()
        share = count.to(x.dtype) / rows
        mean = torch.mv(x.T, share)  # a product with a vector: no GPU rounds it to TF32
        centred = x - mean
        variance = torch.mv(centred.square().T, share)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * rows / (rows - 1).clamp(min=1), self.momentum)
        return centred * (self.weight * torch.rsqrt(variance + self.eps)) + self.bias


class PairDense(nn.Module):
    """A dense layer on [cell, drug] in two halves: each can be computed per entity, and only their sum per row."""

    def __init__(self, cell_features: int, drug_features: int, out: int) -> None:
        super().__init__()
        self.cell = nn.Linear(cell_features, out)
        self.drug = nn.Linear(drug_features, out, bias=False)
        bound = 1 / math.sqrt(cell_features + drug_features)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)


def keras_init(model: nn.Module) -> None:
    """Keras starts dense and convolution weights Glorot-uniform and their biases at 0; a PairDense counts as one."""
    for module in model.modules():
        if isinstance(module, PairDense):
            fan_in, fan_out = module.cell.in_features + module.drug.in_features, module.cell.out_features
            bound = math.sqrt(6 / (fan_in + fan_out))
            nn.init.uniform_(module.cell.weight, -bound, bound)
            nn.init.uniform_(module.drug.weight, -bound, bound)
            nn.init.zeros_(module.cell.bias)
    of_pairs = {id(layer) for m in model.modules() if isinstance(m, PairDense) for layer in (m.cell, m.drug)}
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d) and id(module) not in of_pairs:
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def gather(x: Tensor, of: Tensor) -> Tensor:
    """Each row's entity. index_select, because its gradient adds up in one order: on a GPU as `training.start` asks."""
    return x.index_select(0, of)


def take(features: Sequence[Tensor | GraphTensors], codes: Tensor) -> list[Tensor | GraphBatch]:
    return [
        feature.take(codes) if isinstance(feature, GraphTensors) else gather(feature, codes) for feature in features
    ]


def forward(model: PairModel, features: Features, cell: Tensor, drug: Tensor) -> Tensor:
    """Predictions of a batch of rows; each different cell and drug passes its tower once."""
    cell_codes, cell_of, cell_count = torch.unique(cell, return_inverse=True, return_counts=True)
    drug_codes, drug_of, drug_count = torch.unique(drug, return_inverse=True, return_counts=True)
    cell_state = model.cells(take(features.cell, cell_codes), cell_count)
    drug_state = model.drugs(take(features.drug, drug_codes), drug_count)
    return model.pairs(cell_state, drug_state, cell_of, drug_of)


def forward_rows(model: PairModel, features: Features, cell: Tensor, drug: Tensor) -> Tensor:
    """The same row by row, as the originals do it: every row's features pass the towers. For tests and benchmarks."""
    rows = torch.arange(len(cell), device=cell.device)
    once = torch.ones_like(rows)
    cell_state, drug_state = model.cells(take(features.cell, cell), once), model.drugs(take(features.drug, drug), once)
    return model.pairs(cell_state, drug_state, rows, rows)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows on the device."""

    cell: Tensor  # (rows,) int64
    drug: Tensor
    response: Tensor  # (rows,) float32

    @classmethod
    def of(cls, pairs: Pairs, device: torch.device) -> Examples:
        response = np.zeros(len(pairs)) if pairs.response is None else pairs.response
        arrays = pairs.cell, pairs.drug, response.astype(np.float32)
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))

    def __len__(self) -> int:
        return len(self.cell)


@torch.no_grad()
def predict(model: PairModel, features: Features, rows: Examples) -> Tensor:
    """(rows,); each cell and drug that occurs passes its tower once, a few at a time."""
    model.eval()
    cell_codes, cell_of = torch.unique(rows.cell, return_inverse=True)
    drug_codes, drug_of = torch.unique(rows.drug, return_inverse=True)
    cell_state = states(model.cells, features.cell, cell_codes, model.entities_at_once)
    drug_state = states(model.drugs, features.drug, drug_codes, model.entities_at_once)
    parts = zip(cell_of.split(model.rows_at_once), drug_of.split(model.rows_at_once), strict=True)
    return torch.cat([model.pairs(cell_state, drug_state, cell, drug) for cell, drug in parts])


def states(tower: Callable[..., State], features: list[Any], codes: Tensor, at_once: int) -> State:
    parts = [tower(take(features, part), torch.ones_like(part)) for part in codes.split(at_once)]
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))
