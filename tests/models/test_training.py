"""Which epoch a network ends with, and when it stops."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from reference_models import training
from reference_models.job import JobError
from reference_models.neural import Examples, Features, PairModel


class OneNumber(PairModel):
    """Predicts its only weight, whatever it is asked."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def cells(self, features, count):
        return ()

    def drugs(self, features, count):
        return ()

    def pairs(self, cell, drug, cell_of, drug_of):
        return self.weight.expand(len(cell_of))


@pytest.fixture
def fit(monkeypatch, capsys):
    """Train where the validation losses are these; the losses that were asked for, and the epoch whose weights stay."""

    def run(*losses, rows=4):
        after = []

        def loss_of(model, _features, _rows):
            after.append(model.weight.item())
            return losses[len(after) - 1]

        monkeypatch.setattr(training, "validation_loss", loss_of)
        model, code = OneNumber(), torch.zeros(4, dtype=torch.int64)
        train_rows, val_rows = (Examples(code[:n], code[:n], torch.ones(n)) for n in (4, rows))
        settings = SimpleNamespace(epochs=len(losses), batch=4, patience=2, large_batch=False, learning_rate=0.1)
        training.fit(model, Features([], []), train_rows, val_rows, settings, seed=1)
        kept = after.index(model.weight.item()) + 1
        assert f"epoch {kept} is kept" in capsys.readouterr().out
        return len(after), kept

    return run


@pytest.mark.parametrize(
    ("losses", "trained", "kept"),
    [
        ((0.5, 0.3, 0.4, 0.35, 0.2), 4, 2),  # two epochs without a better one: the fifth is not tried
        ((0.5, 0.4, 0.3), 3, 3),
        ((0.5, 0.5, 0.5, 0.5), 3, 1),  # no better is not better
        ((0.5, 0.4, math.nan, 0.45, 0.3), 4, 2),
        ((math.nan, 0.4, 0.3, 0.2), 4, 4),
        ((math.inf, 0.4, 0.5), 3, 2),
    ],
)
def test_the_first_of_the_best_epochs_is_kept(fit, losses, trained, kept):
    assert fit(*losses) == (trained, kept)


def test_without_validation_rows_the_last_epoch_is_kept(fit):
    assert fit(*[math.nan] * 5, rows=0) == (5, 5)


def test_validation_losses_that_are_never_finite_are_a_failure(fit):
    with pytest.raises(JobError, match="no epoch has a finite validation loss, the last has inf"):
        fit(math.inf, math.nan, math.inf)
