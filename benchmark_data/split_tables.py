"""Splits as people keep them: files with a row a line, or a column of fold numbers. They come as lists of row_id."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError

RowIds = NDArray[np.int64]


def read_split_file(path: Path) -> RowIds:
    """One row a line, in the order of the file; Windows line ends and a last line without one are fine."""
    try:
        words = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ReleaseError(f"{path} cannot be read: {reason}") from None
    try:
        return np.array(words, np.int64) if words else np.zeros(0, np.int64)
    except (ValueError, OverflowError):
        line = next(line for line, word in enumerate(words, 1) if not (word.isdecimal() and len(word) < 19))
        raise ReleaseError(f"{path}, line {line}: '{words[line - 1]}' is not a row number") from None


def fold_splits(row_id: RowIds, fold: NDArray[np.int64], *, what: str) -> list[tuple[RowIds, RowIds, RowIds]]:
    """IMPROVE's rule: split k tests on fold k − 1 and validates on fold k − 2, counted in a circle."""
    folds = int(fold.max(initial=-1)) + 1
    if folds < 3 or set(np.unique(fold)) != set(range(folds)):
        raise ReleaseError(f"{what}: folds are numbered from 0 without a gap, and there are at least three of them")
    splits = []
    for number in range(folds):
        test, val = fold == (number - 1) % folds, fold == (number - 2) % folds
        splits.append((row_id[~test & ~val], row_id[val], row_id[test]))
    return splits
