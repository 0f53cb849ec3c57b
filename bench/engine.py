"""What the engine adds to `docker run`: a stage, a whole track, and bytes on disk."""

import statistics
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.clock import WORK, seconds
from benchmark_data.release import Release
from benchmark_data.synthetic import write_full_scale, write_tiny
from evaluator.arms import Arm
from evaluator.engine.engine import Engine, Progress, Stage
from evaluator.engine.evaluation import Evaluation
from evaluator.engine.host import SandboxKind, open_sandbox
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.ledger import Ledger
from evaluator.engine.submission import Submission
from evaluator.engine.track import whole_release
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.stages import Limits, ModelFile, StageSpec

SLOTS = 2
PAIRS = 7
SLEEP_S = 3.0
LIMITS = Limits(cpus=1, memory_mb=2048, wall_s=300, model_mb=64, out_mb=64)


def by_hand(spec: StageSpec, folder: Path) -> None:
    """The same container as a person would start it: the same files, processors and memory, and no walls."""
    model, out = folder / "model", folder / "out"
    for place in (model, out):
        place.mkdir(exist_ok=True)
    mounts = [f"--volume={mount.source}:{mount.target}:ro" for mount in spec.mounts]
    mounts += [f"--volume={model}:/holdout/model", f"--volume={out}:/holdout/out"]
    limits = [f"--cpus={spec.limits.cpus}", f"--memory={spec.limits.memory_mb}m", "--network=none"]
    command = ["docker", "run", "--rm", *limits, *mounts, spec.image, spec.command]
    subprocess.run(command, check=True, capture_output=True)


def overhead(release: Release, image: str, folder: Path) -> None:
    """Staging, start, collecting and clean-up of each stage, less the same container by hand, in pairs."""
    sandbox, engine = _engine(release, folder)
    track = whole_release(release)
    (spec, *_) = _evaluation(release, image, folder, sleep_s=0).specs()
    spec = replace(spec, targets=track.targets[1:2])
    for what, stage in (("train", Stage(spec)), ("infer", Stage(spec, spec.targets[0]))):
        engine._do(stage)
        builder = JobBuilder(release, folder / "by-hand")
        alike = (
            builder.train_stage(spec, "train")
            if stage.target is None
            else builder.infer_stage(spec, "infer", stage.target, engine.ledger.result(spec).model)
        )
        added = []
        for _ in range(PAIRS):
            ours = seconds(lambda stage=stage: engine._do(stage))
            added.append(ours - seconds(lambda alike=alike: by_hand(alike, folder)))
        median = statistics.median(added)
        verdict = "ok" if median < 0.5 else "MISSED"
        print(f"a {what} stage on the full-scale release: {median:.2f} s over docker run (wanted: under .5) {verdict}")
    sandbox.reap()


def written(release: Release, folder: Path) -> None:
    """Bytes in the job folders of one run; feature tables are mounted from the release."""
    builder = JobBuilder(release, folder / "bytes")
    (spec, *_) = _evaluation(release, "reference:none", folder, sleep_s=0).specs()
    largest = max(release.study_names(), key=lambda name: len(release.study(name)))
    spec = replace(spec, source=largest)
    builder.train_stage(spec, "train")
    model = _no_model(folder)
    for target in spec.targets:
        builder.infer_stage(spec, f"infer-{target.lower()}", target, model)
    size = sum(path.stat().st_size for path in (folder / "bytes").rglob("*") if path.is_file())
    predictions = sum(4 * len(builder.target_rows(spec, target)) for target in spec.targets)
    megabytes = (size + predictions) / 1e6
    verdict = "ok" if megabytes < 20 else "MISSED"
    print(f"a run on {largest} writes {megabytes:.1f} MB, predictions among them (wanted: under 20) {verdict}")
    print(f"  seven models × 50 trainings: {megabytes * 350 / 1e3:.1f} GB; the published workflow wrote about 4 TB")


def track_time(image: str, folder: Path) -> None:
    """A whole track on the tiny release with an image that sleeps, over the bare runs divided by the slots."""
    write_tiny(folder / "tiny")
    release = Release.open(folder / "tiny")
    evaluation = _evaluation(release, image, folder / "track", sleep_s=SLEEP_S)
    (spec, *_) = evaluation.specs()
    builder = JobBuilder(release, folder / "bare")
    train = builder.train_stage(spec, "train")
    bare_train = statistics.median(seconds(lambda: by_hand(train, folder)) for _ in range(3))
    infer = builder.infer_stage(spec, "infer", spec.targets[0], _no_model(folder))
    bare_infer = statistics.median(seconds(lambda: by_hand(infer, folder)) for _ in range(3))
    sandbox, _ = open_sandbox(SandboxKind.DOCKER, folder / "track")
    stages: list[Progress] = []
    wall = seconds(lambda: evaluation.run(sandbox, slots=SLOTS, on_progress=stages.append))
    runs = len(evaluation.specs())
    bare = runs * (bare_train + len(spec.targets) * bare_infer) / SLOTS
    ratio = wall / bare
    verdict = "ok" if ratio <= 1.3 else "MISSED"
    print(
        f"a track of {len(stages)} stages that sleep {SLEEP_S:g} s, {SLOTS} slots: {wall:.0f} s, "
        f"{ratio:.2f} times the bare docker runs (wanted: at most 1.3) {verdict}"
    )


def _engine(release: Release, folder: Path) -> tuple[DockerSandbox, Engine]:
    _, sandbox = open_sandbox(SandboxKind.DOCKER, folder)
    assert sandbox is not None
    return sandbox, Engine(sandbox, JobBuilder(release, folder / "jobs"), Ledger(folder), "bench", 1)


def _evaluation(release: Release, image: str, folder: Path, *, sleep_s: float) -> Evaluation:
    arms = (Arm.parse("real"), Arm.parse("intradrug"))
    track = replace(whole_release(release), splits=(0,), arms=arms, train=LIMITS, infer=LIMITS)
    return Evaluation.open(folder, submission=Submission(image, {"sleep_s": sleep_s}), release=release, track=track)


def _no_model(folder: Path) -> ModelFile:
    return ModelFile(folder / "no-model", 0, "0" * 64)


def main() -> None:
    context = Path(__file__).parent / "sleeper"
    name = "holdout-bench-sleeper"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, str(context)], check=True, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="holdout-bench-") as place:
        folder = Path(place)
        full = WORK / "full-scale"
        if not full.exists():
            write_full_scale(full)
        release = Release.open(full.resolve())
        _, docker = open_sandbox(SandboxKind.DOCKER, folder)
        image = docker.image_id(name)
        written(release, folder / "written")
        overhead(release, image, folder / "overhead")
        track_time(image, folder)


if __name__ == "__main__":
    main()
