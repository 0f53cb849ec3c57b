"""XGDP: GraphDRP's two arms with the drug's exchanged for graph convolutions or graph attention."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from reference_models import graphdrp
from reference_models.features import landmark_expression
from reference_models.graphs import GAT, GCN, GraphBatch
from reference_models.job import Job, JobError, main
from reference_models.molecule_inputs import MoleculeGraphs
from reference_models.training import stages

ATOM_FEATURES = 78


@dataclass(frozen=True, slots=True)
class Settings(graphdrp.Settings):
    convolution: str = "gcn"  # or "gat"
    graph_widths: tuple[int, ...] = (78, 156, 312)  # of the GCN
    pooled: int = 1024
    attention_heads: int = 10
    attention_widths: tuple[int, ...] = (78, 128)  # of the GAT: with ten heads, then with one


class GraphConvolutions(nn.Module):
    """Three GCN layers with ReLU, max pool, 1024 ReLU, 128."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        a, b, c = settings.graph_widths
        self.layers = nn.ModuleList([GCN(ATOM_FEATURES, a), GCN(a, b), GCN(b, c)])
        self.dense = nn.Sequential(
            nn.Linear(c, settings.pooled), nn.ReLU(), nn.Linear(settings.pooled, settings.embedding)
        )

    def forward(self, graph: GraphBatch) -> Tensor:
        x = graph.atoms
        for layer in self.layers:
            x = F.relu(layer(x, graph))  # (atoms, 78), (atoms, 156), (atoms, 312)
        return self.dense(graph.pool_max(x))  # (drugs, 128)


class GraphAttention(nn.Module):
    """Ten heads side by side with ELU, then one head with ReLU, max pool, 128 ReLU."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        wide, narrow = settings.attention_widths
        self.first = GAT(ATOM_FEATURES, wide, settings.attention_heads)
        self.second = GAT(wide * settings.attention_heads, narrow, 1)
        self.dense = nn.Linear(narrow, settings.embedding)

    def forward(self, graph: GraphBatch) -> Tensor:
        x = F.elu(self.first(graph.atoms, graph))  # (atoms, 780)
        x = F.relu(self.second(x, graph))  # (atoms, 128)
        return F.relu(self.dense(graph.pool_max(x)))  # (drugs, 128)


class Xgdp(graphdrp.GraphPairModel):
    settings_type = Settings
    input_kinds = (MoleculeGraphs,)

    def __init__(self, settings: Settings, genes: int) -> None:
        super().__init__(settings, genes)
        kinds = {"gcn": GraphConvolutions, "gat": GraphAttention}
        if settings.convolution not in kinds:
            raise JobError(f"Setting convolution is 'gcn' or 'gat', not {settings.convolution!r}.")
        self.drug = kinds[settings.convolution](settings)

    @staticmethod
    def inputs(job: Job, settings: Settings):
        return [landmark_expression(job, settings.genes)], [MoleculeGraphs("graphdrp")]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):  # noqa: ARG003
        return cls(settings, len(cell_inputs[0].columns))

    def embed(self, graph: GraphBatch, count: Tensor) -> Tensor:  # noqa: ARG002
        return self.drug(graph)


train, infer = stages(Xgdp)

if __name__ == "__main__":
    main(train, infer)
