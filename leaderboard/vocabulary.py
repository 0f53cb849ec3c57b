"""Everything that a participant is told of a submission: a closed set, each entry with what to do about it.

A detail that goes beside an entry comes from our own code alone, or is shown as what a container said.
"""

from dataclasses import dataclass
from enum import StrEnum

from evaluator.arms import Arm, ArmKind
from evaluator.sandbox.outcomes import Fault, Outcome


class Reason(StrEnum):
    IMAGE_REFUSED = "image_refused"
    NOT_STARTABLE = "not_startable"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    NO_OUTPUT = "no_output"
    OUTPUT_REFUSED = "output_refused"
    FAILED_ON_SEALED = "failed_on_sealed"
    HOST_TROUBLE = "host_trouble"
    TWO_HOSTS = "two_hosts"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Entry:
    fault: Fault
    sentence: str
    remedy: str


VOCABULARY: dict[Reason, Entry] = {
    Reason.IMAGE_REFUSED: Entry(
        Fault.THEIRS, "The image breaks a rule of the contract.", "Mend what is named and run `holdout check` on it."
    ),
    Reason.NOT_STARTABLE: Entry(
        Fault.THEIRS,
        "The image's entry point could not be started.",
        "It needs /bin/sh, head, tail, mkfifo and rm beside it; run `holdout check` on it.",
    ),
    Reason.CRASHED: Entry(
        Fault.THEIRS, "The command ended with an error.", "Read the end of its log; `holdout check` shows the same."
    ),
    Reason.TIMED_OUT: Entry(
        Fault.THEIRS,
        "The command was still running at the end of its wall time.",
        "Read `deadline` in job.json and stop before it, or train for fewer epochs.",
    ),
    Reason.OUT_OF_MEMORY: Entry(
        Fault.THEIRS,
        "A process was killed for want of memory.",
        "Use less memory, fewer workers or smaller batches; files in /tmp and /dev/shm count too.",
    ),
    Reason.OUT_OF_DISK: Entry(
        Fault.THEIRS,
        "The model or output directory was full.",
        "Keep fewer checkpoints and write smaller or fewer files.",
    ),
    Reason.NO_OUTPUT: Entry(
        Fault.THEIRS,
        "The command ended well and left no predictions file.",
        "Write predictions.csv, .parquet or .npy to /holdout/out before infer ends.",
    ),
    Reason.OUTPUT_REFUSED: Entry(
        Fault.THEIRS,
        "The predictions are not what was asked for.",
        "Give one finite number for each row_id of query.parquet.",
    ),
    Reason.FAILED_ON_SEALED: Entry(
        Fault.THEIRS,
        "The model failed on sealed data.",
        "No log of it is shown. Test it with missing features and unknown drugs and cell lines.",
    ),
    Reason.HOST_TROUBLE: Entry(
        Fault.OURS,
        "Our machines failed three times on the same run.",
        "Nothing to do: an operator has been told, nothing counts against your quota, and it goes on from here.",
    ),
    Reason.TWO_HOSTS: Entry(
        Fault.OURS,
        "The same run failed on two of our machines.",
        "Nothing to do: an operator looks at it, nothing counts against your quota, and it goes on from here.",
    ),
    Reason.WITHDRAWN: Entry(Fault.NOBODY, "It was withdrawn by its team.", "Submit a new version when you are ready."),
}
ARMS: dict[ArmKind, str] = {
    ArmKind.REAL: "true labels",
    ArmKind.INTRADRUG: "permuted labels",
    ArmKind.INTRACELL: "labels permuted within cells",
    ArmKind.ONEHOT: "no cell features",
    ArmKind.K_CELLS: "at most {argument} cells a drug",
    ArmKind.HALF_DRUGS: "half of the drugs",
    ArmKind.ONE_MECHANISM: "{argument} alone",
}


def reason_of(outcome: Outcome) -> Reason:
    """What a participant is told of a stage's outcome; all outcomes of ours are one."""
    return Reason.HOST_TROUBLE if outcome.fault is Fault.OURS else Reason(str(outcome))


def arm_words(arm: str) -> str:
    """What a model was trained on, for people; a run's spec and the API keep the arm as it is written."""
    parsed = Arm.parse(arm)
    return ARMS[parsed.kind].format(argument=parsed.mechanism or parsed.k)
