"""The process that parses a stranger's predictions: bounded, without environment, and able to answer one thing.

Run as `python -m evaluator.contract.read_child NAME N_ROWS` with the open file as standard input. It answers exactly
4·n bytes of float32 in the order of the query and exit code 0, or one sentence and exit code 3.
"""

import resource
import sys

import numpy as np

from evaluator.contract.errors import ContractError
from evaluator.contract.predictions import read_predictions_fd

REFUSED = 3
MEMORY_BYTES = 4 << 30
CPU_S = 120


def main() -> None:
    name, n_rows = sys.argv[1], int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        predictions = read_predictions_fd(sys.stdin.fileno(), name, row_id=np.arange(n_rows))
    except ContractError as error:
        sys.stderr.write(str(error))
        sys.exit(REFUSED)
    sys.stdout.buffer.write(predictions.prediction.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
