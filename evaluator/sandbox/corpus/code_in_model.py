"""Runs code that lay hidden in the model: allowed, and still behind the walls."""

import runpy

from evaluator.sandbox.corpus.probe import predict

runpy.run_path("/holdout/model/hidden.py")
predict()
