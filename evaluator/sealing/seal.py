"""`holdout seal`: from a curator's tables to a bundle whose answers the scorer alone can read.

The answers go from the curator's file through memory into a sealed box; nothing here writes them anywhere else.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity
from benchmark_data.release import Release
from benchmark_data.sealed_ask import ask
from benchmark_data.sealed_study import SealedStudyWriter, read
from benchmark_data.sealed_tar import pack
from benchmark_data.study_facts import FORMAT, StudyFacts
from benchmark_data.study_intake import PreparedStudy, prepare
from benchmark_data.study_spec import StudySpec
from benchmark_data.tracking import Track, untracked
from evaluator.sealing import boxes
from evaluator.sealing.answers import answers, commitment, new_salt, payload
from evaluator.sealing.keys import Kind, PublicKey, new
from evaluator.sealing.report import Report, validation_report


@dataclass(frozen=True, slots=True)
class SealedNow:
    """What the curator is told: counts and fingerprints."""

    study_id: str
    commitment: str
    key_id: str
    folder: str
    tar: str
    facts: StudyFacts
    rows_without_answer: int
    pairs: int
    equal_rows: int


def seal_study(
    spec: StudySpec, folder: Path, out: Path, *, release: Release, public: PublicKey, track: Track = untracked
) -> SealedNow:
    """Write the bundle and its tar into the new folder `out`; anything that is wrong is said before that."""
    if out.exists():
        raise ReleaseError(f"{out} is there already: what is in it is never changed; choose another folder")
    study = prepare(spec, folder, release, track=track)
    content = payload(study.query["row_id"].to_numpy(), study.response, new_salt())
    facts = _facts(spec, release, key_id=public.id, commitment=commitment(content))
    name = f"{spec.name}-{spec.version}"
    with _whole_or_not_at_all(out) as partial:
        with SealedStudyWriter(partial / name, release=release) as writer:
            _write(writer, study)
            writer.seal(boxes.seal(content, public), facts)
        bundle = read(partial / name)  # as the site and the hosts will
        ask(bundle, release)
        tar = pack(bundle, partial)
    return SealedNow(
        study_id=bundle.study_id,
        commitment=facts.commitment,
        key_id=facts.key_id,
        folder=str(out / name),
        tar=str(out / tar.name),
        facts=bundle.facts,
        rows_without_answer=study.rows_without_answer,
        pairs=study.pairs,
        equal_rows=study.equal_rows,
    )


@contextmanager
def _whole_or_not_at_all(out: Path) -> Iterator[Path]:
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def rehearse(spec: StudySpec, folder: Path, *, release: Release, track: Track = untracked) -> Report:
    """The report that the study will get: sealed to a key that is forgotten at once, opened, looked at, thrown away."""
    private = new(Kind.SEALING)
    with TemporaryDirectory(prefix="holdout-rehearsal-") as place:
        out = Path(place) / "out"
        sealed = seal_study(spec, folder, out, release=release, public=private.public, track=track)
        bundle = read(Path(sealed.folder))
        content = boxes.open(bundle.sealed(), private)
        return validation_report(release, bundle, answers(content, sealed.facts.rows, sealed.commitment))


def _write(writer: SealedStudyWriter, study: PreparedStudy) -> None:
    new = {entity: study.info[entity][f"{entity}_id"].to_pylist() for entity in Entity}
    for entity in Entity:
        writer.add_info(entity, study.info[entity])
    for table in study.features:
        entry = table.entry
        writer.add_matrix(
            entry.entity,
            entry.name,
            ids=new[entry.entity],
            columns=table.columns,
            values=table.values,
            description=entry.description,
        )
    if study.smiles is not None:
        writer.add_text(Entity.DRUG, "smiles", study.smiles)
    writer.add_query(study.query)


def _facts(spec: StudySpec, release: Release, *, key_id: str, commitment: str) -> StudyFacts:
    """All but the counts, tables and files, which the writer adds up."""
    return StudyFacts(
        format=FORMAT,
        name=spec.name,
        version=spec.version,
        description=spec.description,
        task=release.manifest.task,
        response=release.manifest.response,
        release_name=release.manifest.name,
        release_id=release.id,
        rows=0,
        cells=0,
        drugs=0,
        new_cells=0,
        new_drugs=0,
        producer=spec.producer,
        measured_at=spec.measured_at,
        readable_at=spec.readable_at,
        licence=spec.licence,
        curve_fit=spec.curve_fit,
        quality_filter=spec.quality_filter,
        dose_low_m=spec.dose_low_m,
        dose_high_m=spec.dose_high_m,
        without=spec.without,
        key_id=key_id,
        commitment=commitment,
    )
