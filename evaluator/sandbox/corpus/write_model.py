"""Changes the model while predicting, so that one target could tell the next."""

import os

from evaluator.sandbox.corpus.probe import attempt, predict

attempt("a new file", open, "/holdout/model/new", "w")
attempt("an old file", open, "/holdout/model/weights", "r+b")
attempt("its mode", os.chmod, "/holdout/model/weights", 0o777)
attempt("its name", os.rename, "/holdout/model/weights", "/holdout/model/other")
attempt("its end", os.unlink, "/holdout/model/weights")
attempt("its time", os.utime, "/holdout/model/weights")
attempt("an attribute", os.setxattr, "/holdout/model/weights", "user.x", b"y")
predict()
print("done")
