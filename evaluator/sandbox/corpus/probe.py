"""What the attacks share: a try that should fail and says whether it did, and the call of a system call by number."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

if not Path("/holdout/.run").exists():
    raise ImportError("an attack runs in a container alone, never on a host")

LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(what: str, call: Callable[..., object], *arguments: object) -> None:
    """The sandbox has failed if "reached:" stands in the log."""
    try:
        result = call(*arguments)
    except Exception as error:
        print(f"blocked: {what}: {error}", flush=True)
    else:
        print(f"reached: {what}: {result!r}"[:200], flush=True)


def system_call(number: int, *arguments: int) -> int:
    result = int(LIBC.syscall(number, *(ctypes.c_long(argument) for argument in arguments)))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def predict(text: str = "row_id,prediction\n0,0.5\n") -> None:
    Path("/holdout/out/predictions.csv").write_text(text)
