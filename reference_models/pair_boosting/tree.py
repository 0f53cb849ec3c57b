"""A finished tree, and the pairs that it is asked about."""

from dataclasses import dataclass

import numpy as np

from .kernels import add_tree

NODE = np.dtype(
    [
        ("axis", "i4"),  # 0: a feature of the cell, 1: of the drug
        ("feature", "i4"),
        ("threshold", "f8"),  # values up to and including it go left
        ("missing_left", "?"),
        ("left", "i4"),  # the number of a node, or ~number of a leaf
        ("right", "i4"),
        ("gain", "f8"),
    ]
)


@dataclass(frozen=True, slots=True)
class Tree:
    nodes: np.ndarray  # (leaves - 1,) of NODE, parents before children
    values: np.ndarray  # (leaves,) what each leaf adds to a prediction

    def checked(self, features: tuple[int, int]) -> "Tree":
        """This tree, from a file that nobody vouches for: compiled code follows its numbers without looking."""
        nodes, leaves = self.nodes, len(self.values)
        sound = len(nodes) == leaves - 1 and np.isin(nodes["axis"], (0, 1)).all() and (nodes["feature"] >= 0).all()
        sound = sound and (nodes["feature"] < np.array(features)[nodes["axis"]]).all()
        children = np.stack([nodes["left"], nodes["right"]])
        expected = np.concatenate([~np.arange(leaves)[::-1], np.arange(1, len(nodes))])  # each once, below its parent
        sound = sound and (np.sort(children, axis=None) == expected).all()
        if not (sound and ((children < 0) | (children > np.arange(len(nodes)))).all()):
            raise ValueError("a tree's nodes do not fit together")
        return self


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows: which cell met which drug, as positions in the two feature matrices."""

    x: tuple[np.ndarray, np.ndarray]  # (cells, features), (drugs, features)
    code: tuple[np.ndarray, np.ndarray]  # (rows,), (rows,)

    def __len__(self) -> int:
        return len(self.code[0])

    def add(self, tree: Tree, predictions: np.ndarray) -> None:
        add_tree(tree.nodes, tree.values, *self.x, *self.code, predictions)
