"""Two-arm MLP (Herbert et al. 2026): expression through one tower, Morgan bits through another, a head on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from reference_models.features import Numbers
from reference_models.job import Job, main
from reference_models.neural import PairDense, PairModel, Recipe, State, gather
from reference_models.training import stages


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 100
    batch: int = 16
    learning_rate: float = 1e-4
    patience: int = 100  # the original trains all epochs and keeps the best
    cell_layers: tuple[int, ...] = (1000, 750, 500, 250, 100, 50)
    drug_layers: tuple[int, ...] = (100, 50, 25)
    head_layers: tuple[int, ...] = (50, 25)


def tower(features: int, layers: Sequence[int]) -> nn.Sequential:
    widths = [features, *layers]
    dense = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(widths)]
    return nn.Sequential(*dense)


class TwoArm(PairModel):
    settings_type = Settings

    def __init__(self, settings: Settings, genes: int, bits: int) -> None:
        super().__init__()
        self.cell = tower(genes, settings.cell_layers)
        self.drug = tower(bits, settings.drug_layers)
        first, *rest = settings.head_layers
        self.first = PairDense(settings.cell_layers[-1], settings.drug_layers[-1], first)
        self.rest = tower(first, rest)
        self.out = nn.Linear([first, *rest][-1], 1)

    @staticmethod
    def inputs(job: Job, settings: Settings):  # noqa: ARG004
        """Expression as log2(TPM + 1) not scaled; the original keeps the genes that TCGA has too, we all there are."""
        expression = Numbers.fit(job, "cell", ["expression"], standardise=False)
        bits = Numbers.fit(job, "drug", ["morgan", "smiles:morgan"], standardise=False)
        return [expression], [bits]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):
        return cls(settings, len(cell_inputs[0].columns), len(drug_inputs[0].columns))

    def cells(self, features, count: Tensor) -> State:  # noqa: ARG002
        return (self.first.cell(self.cell(features[0])),)  # (cells, 50)

    def drugs(self, features, count: Tensor) -> State:  # noqa: ARG002
        return (self.first.drug(self.drug(features[0])),)  # (drugs, 50)

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        h = F.relu(gather(cell[0], cell_of) + gather(drug[0], drug_of))  # (rows, 50)
        return self.out(self.rest(h)).squeeze(1)  # (rows,)


train, infer = stages(TwoArm)

if __name__ == "__main__":
    main(train, infer)
