"""Gradient boosting on pairs: exact leaf-wise trees for rows whose features all belong to one of two entities."""

from .booster import PairBooster

__all__ = ["PairBooster"]
