"""Names that are no UTF-8, hold line breaks and escape sequences, or look like options."""

import os
from pathlib import Path

from evaluator.sandbox.corpus.probe import predict

for name in (b"\xff\xfe", b"a\nb", b"\x1b[2J", b"-rf", b" ", b"%s%n", "\u202e".encode(), b"x" * 255):
    Path("/holdout/out", os.fsdecode(name)).write_bytes(name)
predict()
print("done")
