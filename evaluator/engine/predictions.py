"""Predictions cross over here: a stranger's file goes into a bounded child process, float32 values come out."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.contract.errors import ContractError
from evaluator.contract.read_child import REFUSED

WALL_S = 300
SENTENCE_BYTES = 2000


def read_in_child(path: Path, name: str, *, n_rows: int) -> NDArray[np.float32]:
    """The predictions in the order of the query; ContractError for whatever the file is instead."""
    with path.open("rb") as file:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "evaluator.contract.read_child", name, str(n_rows)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            cwd="/",
            close_fds=True,
        )
    try:
        answer, sentence = child.communicate(timeout=WALL_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise ContractError(name, reason=f"reading it took more than {WALL_S} seconds") from None
    if child.returncode == REFUSED:
        raise PassedOnError(sentence[:SENTENCE_BYTES].decode(errors="replace"))
    if child.returncode != os.EX_OK or len(answer) != 4 * n_rows:
        raise ContractError(name, reason="it could not be read within 4 GiB of memory and 2 minutes of processor time")
    return np.frombuffer(answer, "<f4")


class PassedOnError(ContractError):
    """A refusal in the words of the child's reader."""

    def __init__(self, sentence: str) -> None:
        super().__init__("predictions", reason=sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence
