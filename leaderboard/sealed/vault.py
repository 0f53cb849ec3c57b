"""The scorer's own folder: its keys, the secret seed that it makes of them for each study, and what it computed.

It lies outside of the site's storage and of its backup, and no other process can read it: with the seed, or with the
draws that were made with it, known weights turn scores into equations for the answers.
"""

import hmac
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from evaluator.engine.ledger import write_whole
from evaluator.scoring.pair_sums import Floats
from evaluator.sealing import boxes, keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind, PrivateKey

SEED_BYTES = 16


@dataclass(frozen=True, slots=True)
class Found:
    """All that was computed of one evaluation.

    `draws` are (1 + replicates,) of the score that ranks are made of, `whole` is measuring's JSON of everything else.
    """

    draws: Floats
    whole: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vault:
    keys: Path

    @classmethod
    def ours(cls) -> "Vault":
        if settings.SCORER_KEYS is None:
            raise ImproperlyConfigured("this process is not the scorer: HOLDOUT_SCORER_KEYS is not set")
        return cls(settings.SCORER_KEYS)

    @property
    def draws(self) -> Path:
        return self.keys.parent / "draws"

    def seed(self, study_id: str) -> int:
        """Made of the signing key, which is never rotated and is in the keys' backup: whatever else of this folder is
        lost, scores come out the same again, and nobody is given a second sample of them."""
        of_study = hmac.digest(self.signing_key().raw, b"holdout bootstrap seed " + study_id.encode(), "sha256")
        return int.from_bytes(of_study[:SEED_BYTES])

    def keep(self, study_id: str, evaluation: int, found: Found) -> None:
        """The smallest part last: an evaluation that has it is kept whole. Cards, megabytes each, lie apart."""
        folder, content = self._folder(study_id), io.BytesIO()
        np.save(content, found.draws, allow_pickle=False)
        write_whole(folder / f"{evaluation}.npy", content.getvalue())
        write_whole(folder / f"{evaluation}.card.json", json.dumps(found.whole["card"]).encode())
        rest = {name: part for name, part in found.whole.items() if name != "card"}
        write_whole(folder / f"{evaluation}.json", json.dumps(rest).encode())

    def kept(self, study_id: str, evaluation: int, *, with_card: bool = True) -> Found | None:
        folder = self._folder(study_id)
        try:
            whole = json.loads((folder / f"{evaluation}.json").read_bytes())
        except FileNotFoundError:
            return None
        if with_card:
            whole["card"] = json.loads((folder / f"{evaluation}.card.json").read_bytes())
        return Found(np.load(folder / f"{evaluation}.npy", allow_pickle=False), whole)

    def told(self, study_id: str) -> str:
        """What was last told of the study, as outlet hashes it."""
        try:
            return (self._folder(study_id) / "told").read_text()
        except FileNotFoundError:
            return ""

    def keep_told(self, study_id: str, state: str) -> None:
        write_whole(self._folder(study_id) / "told", state.encode())

    def opening_key(self, key_id: str) -> PrivateKey:
        return keys.sealing_key(self.keys, key_id)

    def signing_key(self) -> PrivateKey:
        return keys.current(self.keys, Kind.SIGNING)

    def unsealed(self, sealed: bytes) -> bytes:
        """What was encrypted to the scorer, with its current key or one that was rotated out since."""
        ours = [keys.current(self.keys, Kind.SEALING), *keys.older(self.keys)]
        for key in ours:
            try:
                return boxes.open(sealed, key)
            except SealingError:
                continue
        raise SealingError(f"the box opens with none of the {len(ours)} keys of {self.keys}")

    def _folder(self, study_id: str) -> Path:
        for folder in (self.draws, self.draws / study_id):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.draws / study_id
