"""Not an attack: trains the model that the attacks of infer are given, with code in it."""

from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

CODE = """
import evaluator.sandbox.corpus.network, evaluator.sandbox.corpus.syscalls
"""

Path("/holdout/model/weights").write_bytes(bytes(1000))
Path("/holdout/model/hidden.py").write_text(CODE)
