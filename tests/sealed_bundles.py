"""The tiny release's own sealed study as a bundle, for whoever tests what is done with one."""

from datetime import date
from pathlib import Path

from benchmark_data.draft_study import read_draft_study
from benchmark_data.manifest import Entity, Kind
from benchmark_data.release import Release, read_parquet
from benchmark_data.sealed_study import Bundle, SealedStudyWriter, read
from benchmark_data.study_facts import FORMAT, StudyFacts
from benchmark_data.synthetic import to_seal_beside
from evaluator.sealing import answers, boxes
from evaluator.sealing.keys import PublicKey

SALT = b"s" * answers.SALT_BYTES


def write_sealed_tiny(release: Release, out: Path, public: PublicKey, *, without=(), **facts) -> Bundle:
    """`out` must not be there. The study's draft stands beside the tiny release."""
    draft = read_draft_study(to_seal_beside(release.folder))
    rows = draft.answers()
    payload = answers.payload(rows["row_id"].to_numpy(), rows[draft.response.column].to_numpy(), SALT)
    with SealedStudyWriter(out, release=release) as writer:
        for entity in Entity:
            writer.add_info(entity, draft.new(entity))
        for entry in draft.tables:
            if entry.name in without:
                continue
            if entry.kind is Kind.TEXT:
                writer.add_text(entry.entity, entry.name, read_parquet(draft.folder / entry.paths()[0]))
            else:
                table = draft.table(entry.entity, entry.name)
                writer.add_matrix(entry.entity, entry.name, ids=table.ids, columns=table.columns, values=table.values)
        writer.add_query(draft.query())
        usual = {
            "format": FORMAT,
            "name": draft.name,
            "version": "1",
            "task": release.manifest.task,
            "response": release.manifest.response,
            "release_name": release.manifest.name,
            "release_id": release.id,
            **dict.fromkeys(("rows", "cells", "drugs", "new_cells", "new_drugs"), 0),
            "producer": "the lab next door",
            "measured_at": date(2040, 1, 1),
            "readable_at": date(2040, 6, 1),
            "licence": "CC0",
            "key_id": public.id,
            "commitment": answers.commitment(payload),
            "curve_fit": "four parameters, R² ≥ .3",
            "quality_filter": "R² ≥ .3",
            "dose_low_m": 1e-10,
            "dose_high_m": 1e-4,
        }
        writer.seal(boxes.seal(payload, public), StudyFacts(**usual | facts))
    return read(out)
