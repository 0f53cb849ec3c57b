"""UNO: expression and descriptors through three wide layers each, five on both together."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from reference_models.features import Numbers, drug_descriptors
from reference_models.job import Job, main
from reference_models.neural import PairDense, PairModel, Recipe, State, gather, keras_init
from reference_models.training import stages


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 200
    batch: int = 32
    learning_rate: float = 1e-5 * 32  # the highest; the original's is 1e-5 times the batch
    patience: int = 20
    width: int = 1000
    tower_layers: int = 3
    head_layers: int = 5
    dropout: float = 0.1
    warm_up: int = 5  # epochs from a hundredth of the rate to all of it
    plateau: int = 3  # epochs without a better validation loss until the rate is halved
    output: str = "sigmoid"


class Stack(nn.Module):
    """Dense layers, each with ReLU and dropout. The first is computed per entity: until its dropout nothing is a
    row's own."""

    def __init__(self, features: int, settings: Settings) -> None:
        super().__init__()
        width = settings.width
        self.first = nn.Linear(features, width)
        self.rest = nn.ModuleList(nn.Linear(width, width) for _ in range(settings.tower_layers - 1))
        self.dropout = nn.Dropout(settings.dropout)

    def entities(self, x: Tensor) -> Tensor:
        return F.relu(self.first(x))

    def rows(self, h: Tensor) -> Tensor:
        for layer in self.rest:
            h = F.relu(layer(self.dropout(h)))
        return self.dropout(h)


class Uno(PairModel):
    settings_type = Settings

    def __init__(self, settings: Settings, genes: int, descriptors: int) -> None:
        super().__init__()
        width = settings.width
        self.cell, self.drug = Stack(genes, settings), Stack(descriptors, settings)
        self.first = PairDense(width, width, width)
        self.rest = nn.ModuleList(nn.Linear(width, width) for _ in range(settings.head_layers - 1))
        self.out = nn.Linear(width, 1)
        self.dropout = nn.Dropout(settings.dropout)
        self.sigmoid = settings.output == "sigmoid"
        keras_init(self)

    @staticmethod
    def inputs(job: Job, settings: Settings):  # noqa: ARG004
        return [Numbers.fit(job, "cell", ["expression"])], [drug_descriptors(job)]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):
        return cls(settings, len(cell_inputs[0].columns), len(drug_inputs[0].columns))

    def cells(self, features, count: Tensor) -> State:  # noqa: ARG002
        h = self.cell.entities(features[0])
        return (h if self.training else self.first.cell(self.cell.rows(h)),)  # (cells, 1000)

    def drugs(self, features, count: Tensor) -> State:  # noqa: ARG002
        h = self.drug.entities(features[0])
        return (h if self.training else self.first.drug(self.drug.rows(h)),)  # (drugs, 1000)

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        c, d = gather(cell[0], cell_of), gather(drug[0], drug_of)  # (rows, 1000)
        if self.training:
            c, d = self.first.cell(self.cell.rows(c)), self.first.drug(self.drug.rows(d))
        h = self.dropout(F.relu(c + d))
        for layer in self.rest:
            h = self.dropout(F.relu(layer(h)))
        out = self.out(h).squeeze(1)
        return out.sigmoid() if self.sigmoid else out

    def rate(self, settings: Settings, epoch: int, losses: list[float]) -> float:
        return learning_rate(settings, epoch, losses)


def learning_rate(settings: Settings, epoch: int, losses: list[float]) -> float:
    """Warm up from a hundredth, then halve after every `plateau` epochs without a better loss, down to 1e-4 of it."""
    highest = settings.learning_rate
    if epoch < settings.warm_up:
        return highest * (0.01 + 0.99 * epoch / settings.warm_up)
    halvings, waited, best = 0, 0, min(losses[: settings.warm_up], default=float("inf"))
    for loss in losses[settings.warm_up :]:
        waited = waited + 1 if loss >= best else 0  # without validation rows losses are NaN, and nothing is a plateau
        best = min(best, loss)
        if waited == settings.plateau:
            halvings, waited = halvings + 1, 0
    return max(highest * 0.5**halvings, highest * 1e-4)


train, infer = stages(Uno)

if __name__ == "__main__":
    main(train, infer)
