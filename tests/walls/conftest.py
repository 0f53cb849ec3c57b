"""A study that went all its way, and everything that an attacker who has the site would hold in the hand."""

import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from evaluator.engine.host import SandboxKind
from evaluator.sealing.keys import KEY_BYTES
from leaderboard.models import Evaluation, SealedStudy
from leaderboard.sealed import looking
from leaderboard.states import StudyState
from leaderboard.up.board import Board
from tests.site.sealed.conftest import Maker, bring, deliver, hidden, storage, study, tiny, track, vault

__all__ = ["bring", "deliver", "hidden", "storage", "study", "tiny", "track", "vault"]
LEAST_DIGITS = 8
"""So many digits of an answer in a text are no accident."""


@pytest.fixture
def scored(study, deliver, hidden) -> Evaluation:
    """Scored, told, certified; reported on and frozen, so that everything that ever leaves has left."""
    evaluation = deliver(study, Maker(hidden))
    looking.look()
    SealedStudy.objects.filter(pk=study.pk).update(state=StudyState.FROZEN)
    looking.look()
    assert "card" in SealedStudy.objects.get().scores.get().released
    return evaluation


@dataclass(frozen=True)
class Secrets:
    """Every form in which an answer, a seed, a draw or a key of the scorer could be found by bytes."""

    patterns: dict[str, bytes]

    @classmethod
    def of(cls, hidden, vault, study_id, evaluation):
        found = vault.kept(study_id, evaluation)
        patterns = {}
        for name, values in (("answer", hidden.response), ("draw", found.draws[1:])):
            for place, value in enumerate(values):
                patterns[f"{name} {place}, float64"] = np.float64(value).astype("<f8").tobytes()
                patterns[f"{name} {place}, big-endian"] = np.float64(value).astype(">f8").tobytes()
                if len(text := repr(float(value))) >= LEAST_DIGITS + 2:
                    patterns[f"{name} {place}, text"] = text[: LEAST_DIGITS + 2].encode()
        patterns["the seed"] = str(vault.seed(study_id)).encode()
        for kind in ("sealing", "signing"):
            text = (vault.keys / f"{kind}.key").read_text().split()[1]
            patterns |= {f"the {kind} key": bytes.fromhex(text), f"the {kind} key, hex": text.encode()}
        return cls(patterns)

    def found_in(self, content: bytes) -> list[str]:
        return [name for name, pattern in self.patterns.items() if pattern in content]


@pytest.fixture
def secrets(hidden, vault, study, scored):
    return Secrets.of(hidden, vault, study.study_id, scored.pk)


@pytest.fixture
def board(tmp_path, vault, settings):
    """As `holdout up` builds the environments of its parts, with a database and brokers of others."""
    return Board(
        folder=tmp_path,
        port=8000,
        sandbox=SandboxKind.DOCKER,
        secret_key=settings.SECRET_KEY,
        given={
            "PATH": "/bin",
            "DATABASE_URL": "postgresql://holdout_site:site-password@db/holdout",
            "REDIS_URL": "redis://:site-password@redis-site/0",
            "HOLDOUT_HOST_BROKER": "redis://:hosts-password@redis-hosts/0",
            "HOLDOUT_STORAGE": settings.STORAGE,
            "HOLDOUT_SCORER_KEYS": str(vault.keys),
            "HOLDOUT_SCORER_PUBLIC": str(vault.keys),
            "HOLDOUT_SCORER_BROKER": "redis://:sealed-password@redis-sealed/0",
            "HOLDOUT_SCORER_DATABASE_URL": "postgresql://holdout_scorer:scorer-password@db/holdout",
        },
    )


def everything_in(folder: Path) -> bytes:
    """Names of files too: a name can carry something."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\0".join(str(path).encode() + b"\0" + path.read_bytes() for path in files)


def keys_made_of(content: bytes) -> set[bytes]:
    """Whatever 32 bytes may be a key: each word as it is, in hex, and hashed; and every fourth place."""
    words = set(content.replace(b"\0", b" ").replace(b'"', b" ").replace(b"=", b" ").split())
    tried = {hashlib.sha256(word).digest() for word in words} | {word[:KEY_BYTES] for word in words}
    for word in words:
        if len(word) in (64, 128):
            try:
                raw = bytes.fromhex(word.decode("ascii"))
            except ValueError:
                continue
            tried |= {raw[:KEY_BYTES], raw[KEY_BYTES:]}
    starts = itertools.islice(range(0, max(len(content) - KEY_BYTES, 0), 4), 20_000)
    tried |= {content[start : start + KEY_BYTES] for start in starts}
    return {one for one in tried if len(one) == KEY_BYTES}
