"""GraphDRP (GIN): landmark expression through 1-D convolutions, the drug's molecular graph through GIN layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from reference_models.features import landmark_expression
from reference_models.graphs import GraphBatch
from reference_models.job import Job, JobError, log, main
from reference_models.molecule_inputs import MoleculeGraphs
from reference_models.neural import CountedBatchNorm, PairDense, PairModel, Recipe, State, gather
from reference_models.training import stages


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 150
    batch: int = 256
    learning_rate: float = 1e-4
    patience: int = 20
    genes: int = 958
    graph_layers: int = 5
    graph_width: int = 32
    channels: tuple[int, ...] = (32, 64, 128)
    kernel: int = 8
    embedding: int = 128
    drug_dropout: float = 0.2
    head_layers: tuple[int, ...] = (1024, 128)
    head_dropout: float = 0.5
    output: str = "sigmoid"


class GIN(nn.Module):
    """Graph isomorphism layer (ε = 0), ReLU, batch norm over all atoms of the batch's rows."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width))
        self.norm = CountedBatchNorm(width)

    def forward(self, x: Tensor, graph: GraphBatch, count: Tensor) -> Tensor:
        return self.norm(F.relu(self.mlp(x + graph.sum_neighbours(x))), count)


class ExpressionConvolution(nn.Module):
    """Three convolutions along the genes, in the table's order (it means nothing, as in the original), each pooled."""

    def __init__(self, genes: int, channels: Sequence[int], kernel: int, out: int) -> None:
        super().__init__()
        fitting = next((k for k in range(kernel, 0, -1) if pooled_length(genes, len(channels), k) > 0), None)
        if fitting is None:
            raise JobError(f"{genes} genes are too few: layers that pool by three need {3 ** len(channels)}.")
        if fitting < kernel:
            log(f"{genes} genes are too few for a kernel of {kernel}: it is {fitting}")
        widths = [1, *channels]
        self.layers = nn.ModuleList(nn.Conv1d(a, b, fitting) for a, b in pairwise(widths))
        self.out = nn.Linear(channels[-1] * pooled_length(genes, len(channels), fitting), out)

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(1)  # (cells, 1, 958)
        for layer in self.layers:
            x = F.max_pool1d(F.relu(layer(x)), 3)  # (cells, 32, 317), (cells, 64, 103), (cells, 128, 32)
        return self.out(x.flatten(1))  # (cells, 4096) → (cells, 128)


def pooled_length(length: int, layers: int, kernel: int) -> int:
    for _ in range(layers):
        length = (length - kernel + 1) // 3
    return length


class GraphPairModel(PairModel):
    """GraphDRP's cell arm and head; `embed` is the drug arm, with dropout between it and the head."""

    def __init__(self, settings: Settings, genes: int) -> None:
        super().__init__()
        self.cell = ExpressionConvolution(genes, settings.channels, settings.kernel, settings.embedding)
        first, second = settings.head_layers
        self.first = PairDense(settings.embedding, settings.embedding, first)
        self.second, self.out = nn.Linear(first, second), nn.Linear(second, 1)
        self.drug_dropout, self.dropout = nn.Dropout(settings.drug_dropout), nn.Dropout(settings.head_dropout)
        self.sigmoid = settings.output == "sigmoid"

    def embed(self, graph: GraphBatch, count: Tensor) -> Tensor:
        raise NotImplementedError

    def cells(self, features, count: Tensor) -> State:  # noqa: ARG002
        return (self.first.cell(self.cell(features[0])),)  # (cells, 1024)

    def drugs(self, features, count: Tensor) -> State:
        h = self.embed(features[0], count)  # (drugs, 128)
        return (h if self.training else self.first.drug(h),)

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        c, d = gather(cell[0], cell_of), gather(drug[0], drug_of)
        if self.training:
            d = self.first.drug(self.drug_dropout(d))
        h = self.dropout(F.relu(c + d))  # (rows, 1024)
        h = self.dropout(F.relu(self.second(h)))  # (rows, 128)
        out = self.out(h).squeeze(1)
        return out.sigmoid() if self.sigmoid else out


class GraphDRP(GraphPairModel):
    settings_type = Settings
    input_kinds = (MoleculeGraphs,)

    def __init__(self, settings: Settings, genes: int, atom_features: int = 78) -> None:
        super().__init__(settings, genes)
        widths = [atom_features] + [settings.graph_width] * settings.graph_layers
        self.layers = nn.ModuleList(GIN(a, b) for a, b in pairwise(widths))
        self.pooled = nn.Linear(settings.graph_width, settings.embedding)

    @staticmethod
    def inputs(job: Job, settings: Settings):
        return [landmark_expression(job, settings.genes)], [MoleculeGraphs("graphdrp")]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):  # noqa: ARG003
        return cls(settings, len(cell_inputs[0].columns))

    def embed(self, graph: GraphBatch, count: Tensor) -> Tensor:
        x, atom_rows = graph.atoms, torch.repeat_interleave(count, graph.atom_count)
        for layer in self.layers:
            x = layer(x, graph, atom_rows)  # (atoms, 32)
        return F.relu(self.pooled(graph.pool_sum(x)))  # (drugs, 128)


train, infer = stages(GraphDRP)

if __name__ == "__main__":
    main(train, infer)
