"""The tiny release's own sealed study as a bundle, for whoever tests what is done with one."""

from pathlib import Path

from benchmark_data.release import Release
from benchmark_data.sealed_study import Bundle, read
from benchmark_data.study_spec import read_study_spec
from benchmark_data.synthetic import to_seal_beside
from benchmark_data.synthetic_to_seal import SPEC
from evaluator.sealing.keys import PublicKey
from evaluator.sealing.seal import seal_study


def seal_tiny(release: Release, out: Path, public: PublicKey) -> tuple[Bundle, Path]:
    """The bundle and its tar, in the new folder `out`. What is sealed stands beside the tiny release."""
    folder = to_seal_beside(release.folder)
    made = seal_study(read_study_spec(folder / SPEC), folder, out, release=release, public=public)
    return read(Path(made.folder)), Path(made.tar)
