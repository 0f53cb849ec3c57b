"""Control: every pair gets its drug's mean over the training rows, a new drug the global mean."""

from reference_models.job import Job, main
from reference_models.pairs import Fallback


def train(job: Job) -> None:
    Fallback.of(job.rows("train")).save(job.model_dir)


def infer(job: Job) -> None:
    job.write(Fallback.load(job.model_dir).predict(job.rows("query").drug))


if __name__ == "__main__":
    main(train, infer)
