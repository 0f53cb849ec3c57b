"""PairBooster: gradient boosting of the squared error on (cell, drug) pairs."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .growth import Grower
from .settings import Settings
from .tree import NODE, Pairs, Tree

Valid = tuple[np.ndarray, np.ndarray, np.ndarray]


class PairBooster:
    """LightGBM's leaf-wise trees with exact cuts, for rows whose features all belong to a cell or to a drug.

    Feature matrices have a row for each cell and each drug; a row of the training set is two positions in them and
    an answer. No matrix of rows × features is ever built. NaN is a missing value: the side it goes to is learned,
    and is that of more rows where training saw none. Training knows no chance: same input, same model.
    """

    def __init__(self, **settings: float | None) -> None:
        self.settings = Settings(**settings)
        self.trees: list[Tree] = []
        self.base = np.nan
        self.best_iteration = 0  # trees that predictions use
        self.valid_losses: list[float] = []  # mean squared error after each round
        self.features = (0, 0)

    def fit(
        self,
        cell_x: np.ndarray,
        drug_x: np.ndarray,
        cell_code: np.ndarray,
        drug_code: np.ndarray,
        y: np.ndarray,
        valid: Valid | None = None,
        report: Callable[[int, float, float], bool | None] | None = None,
    ) -> "PairBooster":
        """Train; `report` is called each round with its number, the training and the validation loss (or NaN).

        Where it answers True, that round is the last.
        """
        patience = self.settings.early_stopping_rounds
        if patience and valid is None:
            raise ValueError("early_stopping_rounds needs validation rows: pass valid=(cell_code, drug_code, y)")
        pairs = _pairs(cell_x, drug_x, cell_code, drug_code)
        y = _answers(y, pairs)
        self.features = (pairs.x[0].shape[1], pairs.x[1].shape[1])
        self.trees, self.valid_losses, self.base = [], [], float(y.mean())
        held_out = valid and _HeldOut(_pairs(*pairs.x, *valid[:2]), valid[2], self.base)
        grower = Grower(pairs, y - self.base, self.settings)
        for number in range(self.settings.n_estimators):
            tree = grower.grow()
            if tree is None:
                break
            self.trees.append(tree)
            if held_out:
                self.valid_losses.append(held_out.loss_after(tree))
            if report:
                loss = float(np.mean(grower.residual**2))
                if report(number, loss, self.valid_losses[-1] if held_out else np.nan):
                    break
            if patience and number - int(np.argmin(self.valid_losses)) >= patience:
                break
        self.best_iteration = int(np.argmin(self.valid_losses)) + 1 if patience and self.trees else len(self.trees)
        return self

    def predict(
        self,
        cell_x: np.ndarray,
        drug_x: np.ndarray,
        cell_code: np.ndarray,
        drug_code: np.ndarray,
        num_iteration: int | None = None,
    ) -> np.ndarray:
        """Predictions of the first `num_iteration` trees, by default of the best."""
        self._require_fitted()
        pairs = _pairs(cell_x, drug_x, cell_code, drug_code)
        for name, x, trained in zip(("cell", "drug"), pairs.x, self.features, strict=True):
            if x.shape[1] != trained:
                raise ValueError(f"{name}_x has {x.shape[1]} features; this model was trained on {trained}")
        predictions = np.full(len(pairs), self.base)
        for tree in self.trees[: self.best_iteration if num_iteration is None else num_iteration]:
            pairs.add(tree, predictions)
        return predictions

    def feature_importance(self, importance_type: str = "split") -> tuple[np.ndarray, np.ndarray]:
        """How often the cell and the drug features were cut ("split"), or what that gained in all ("gain")."""
        self._require_fitted()
        if importance_type not in ("split", "gain"):
            raise ValueError(f"importance_type is {importance_type!r}; it has to be 'split' or 'gain'")
        nodes = np.concatenate([np.empty(0, NODE), *(tree.nodes for tree in self.trees[: self.best_iteration])])
        weights = nodes["gain"] if importance_type == "gain" else np.ones(len(nodes))
        cell, drug = (
            np.bincount(nodes["feature"][nodes["axis"] == axis], weights[nodes["axis"] == axis], self.features[axis])
            for axis in (0, 1)
        )
        return cell, drug

    def save(self, path: str | Path) -> None:
        """Write the model as one npz file without pickled objects."""
        self._require_fitted()
        about = asdict(self.settings) | {"best_iteration": self.best_iteration, "features": self.features}
        with Path(path).open("wb") as file:
            np.savez(
                file,
                about=np.array(json.dumps(about)),
                base=np.array(self.base),
                leaves=np.array([len(tree.values) for tree in self.trees], np.int64),
                nodes=np.concatenate([np.empty(0, NODE), *(tree.nodes for tree in self.trees)]),
                values=np.concatenate([np.empty(0), *(tree.values for tree in self.trees)]),
                valid_losses=np.array(self.valid_losses, np.float64),
            )

    @classmethod
    def load(cls, path: str | Path) -> "PairBooster":
        try:
            # Opened here, because numpy leaves the file open when it is no archive.
            with Path(path).open("rb") as stored, np.load(stored, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                best, features = int(about.pop("best_iteration")), about.pop("features")
                model = cls(**about)
                model.base, model.valid_losses = float(file["base"]), file["valid_losses"].tolist()
                model.features, model.best_iteration = (int(features[0]), int(features[1])), best
                ends = np.cumsum(file["leaves"])
                values = np.split(file["values"], ends)[:-1]
                nodes = np.split(file["nodes"].astype(NODE), ends - np.arange(1, len(ends) + 1))[:-1]
                model.trees = [Tree(*parts).checked(model.features) for parts in zip(nodes, values, strict=True)]
        except (LookupError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is not a model that PairBooster.save has written") from error
        return model

    def _require_fitted(self) -> None:
        if np.isnan(self.base):
            raise ValueError("this PairBooster has not been trained: call fit first")


class _HeldOut:
    """Validation rows and what the trees so far predict for them."""

    def __init__(self, pairs: Pairs, y: np.ndarray, base: float) -> None:
        self.pairs = pairs
        self.y = _answers(y, pairs)
        self.predictions = np.full(len(pairs), base)

    def loss_after(self, tree: Tree) -> float:
        self.pairs.add(tree, self.predictions)
        return float(np.mean((self.y - self.predictions) ** 2))


def _pairs(cell_x: np.ndarray, drug_x: np.ndarray, cell_code: np.ndarray, drug_code: np.ndarray) -> Pairs:
    cells = _features("cell_x", cell_x), _codes("cell_code", cell_code, len(cell_x))
    drugs = _features("drug_x", drug_x), _codes("drug_code", drug_code, len(drug_x))
    if len(cells[1]) != len(drugs[1]):
        raise ValueError(f"cell_code has {len(cells[1])} rows and drug_code {len(drugs[1])}; a row needs both")
    return Pairs((cells[0], drugs[0]), (cells[1], drugs[1]))


def _features(name: str, x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    x = np.ascontiguousarray(x, np.float32 if x.dtype == np.float32 else np.float64)
    if x.ndim != 2:
        raise ValueError(f"{name} has {x.ndim} dimensions; it has to be a matrix with a row for each entity")
    if np.isinf(x).any():
        raise ValueError(f"{name} has an infinite value in column {np.argwhere(np.isinf(x))[0][1]}; NaN means missing")
    return x


def _codes(name: str, code: np.ndarray, entities: int) -> np.ndarray:
    code = np.asarray(code)
    if code.ndim != 1 or code.dtype.kind not in "iu":
        raise ValueError(f"{name} has to be a vector of row numbers of its feature matrix")
    if code.size and not 0 <= code.min() <= code.max() < entities:
        raise ValueError(f"{name} reaches from {code.min()} to {code.max()}; its feature matrix has {entities} rows")
    return np.ascontiguousarray(code, np.int32)


def _answers(y: np.ndarray, pairs: Pairs) -> np.ndarray:
    y = np.asarray(y, np.float64)
    if y.shape != (len(pairs),) or not y.size:
        raise ValueError(f"y has the shape {y.shape} for {len(pairs)} rows; every row needs one answer")
    if not np.isfinite(y).all():
        raise ValueError(f"y is not a finite number in row {np.flatnonzero(~np.isfinite(y))[0]}")
    return y
