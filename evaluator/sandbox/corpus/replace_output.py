"""Puts a link where its output directory is."""

import os
import shutil

from evaluator.sandbox.corpus.probe import attempt

for path in ("/holdout/out", "/holdout/model", "/holdout/.log", "/holdout"):
    attempt(f"rename {path}", os.rename, path, "/tmp/moved")
    attempt(f"remove {path}", os.rmdir, path)
    attempt(f"exchange {path}", os.replace, "/tmp", path)
attempt("a link into /holdout", os.symlink, "/etc", "/holdout/link")
shutil.rmtree("/holdout/out", ignore_errors=True)
attempt("a link instead of the output", os.symlink, "/etc", "/holdout/out")
print("done")
