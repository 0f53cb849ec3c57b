"""Control: every pair gets an answer drawn at random from the training rows. It must score nothing."""

import numpy as np

from reference_models.job import Job, main


def train(job: Job) -> None:
    np.save(job.model_dir / "answers.npy", job.rows("train").response)


def infer(job: Job) -> None:
    answers = np.load(job.model_dir / "answers.npy")
    job.write(np.random.default_rng(job.seed).choice(answers, len(job.rows("query"))))


if __name__ == "__main__":
    main(train, infer)
