"""The one place that opens a study's answers. Whoever opens has signed for it before: a row that nobody can change."""

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from django.db import transaction

from benchmark_data.manifest import Entity
from benchmark_data.sealed_study import Query, parse_list, parse_query
from benchmark_data.study_facts import LARGEST_STUDY_BYTES, LISTS, QUERY, SEALED, STUDY, StudyFacts, parse_study
from evaluator.agent.uploads import Store
from evaluator.sealing import answers as sealed_answers
from evaluator.sealing import boxes
from evaluator.sealing.answers import Answers
from leaderboard.models import Evaluation, Opening, SealedStudy
from leaderboard.sealed.vault import Vault


class BundleError(RuntimeError):
    """What lies in storage is not the study that the row names: ours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the bundle says without a key: what is asked, of which new cells and drugs."""

    facts: StudyFacts
    query: Query
    new: Mapping[Entity, pa.Table]


@dataclass(frozen=True, slots=True)
class Signed:
    """Who opens, and why: of a score, which evaluation."""

    who: str
    why: str
    evaluation: Evaluation | None = None


def asked(study: SealedStudy, storage: Store) -> Asked:
    """Every file is compared with study.toml, and study.toml with the identity of the study."""
    folder = f"sealed/{study.study_id}"
    facts, study_id = parse_study(storage.read(f"{folder}/{STUDY}", most_bytes=LARGEST_STUDY_BYTES))
    if study_id != study.study_id:
        raise BundleError(f"{folder} holds the study {study_id}: bring the bundle in again")

    def listed(path: str) -> bytes:
        return storage.read(f"{folder}/{path}", most_bytes=facts.listed(path).size_bytes)

    new = {entity: parse_list(listed(path), entity, facts) for entity, path in LISTS.items()}
    return Asked(facts, parse_query(listed(QUERY), facts), new)


def answers(study: SealedStudy, said: StudyFacts, signed: Signed, *, vault: Vault, storage: Store) -> Answers:
    return sealed_answers.answers(
        payload(study, said, signed, vault=vault, storage=storage), said.rows, said.commitment
    )


def payload(study: SealedStudy, said: StudyFacts, signed: Signed, *, vault: Vault, storage: Store) -> bytes:
    """Opened after the row that says so is committed; refused inside of a transaction, which might be undone."""
    with transaction.atomic(durable=True):
        Opening.objects.create(study=study, evaluation=signed.evaluation, who=signed.who[:100], why=signed.why[:200])
    sealed = storage.read(sealed_file(study, said), most_bytes=said.listed(SEALED).size_bytes)
    return boxes.open(sealed, vault.opening_key(study.key_id))


def sealed_file(study: SealedStudy, said: StudyFacts, *, key_id: str = "") -> str:
    """In storage. Answers that were encrypted again, to a newer key, stand beside what study.toml lists."""
    key_id = key_id or study.key_id
    name = SEALED if key_id == said.key_id else f"y.{key_id}.sealed"
    return f"sealed/{study.study_id}/{name}"


def scorer_name() -> str:
    """Who opens when nobody asked by hand: the process's own user and machine."""
    return f"scorer {getpass.getuser()}@{socket.gethostname()}"
