"""The sealed studies that a host was asked about: fetched from storage, all but their answers, and checked."""

import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmark_data.errors import ReleaseError
from benchmark_data.sealed_study import read
from benchmark_data.study_facts import LARGEST_STUDY_BYTES, SEALED, STUDY, parse_study
from evaluator.agent.uploads import Store, UploadError
from evaluator.engine.sealed_target import SealedTarget
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError

MOST_KEPT = 4


class Studies(Protocol):
    def fetched(self, study_id: str) -> SealedTarget:
        """Raises SandboxRefusalError when the study is not in storage as its id says."""


@dataclass
class StudyFolder:
    """One sub-folder a study, of those asked for last. What is in one was checked before it got its name."""

    storage: Store
    folder: Path
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def fetched(self, study_id: str) -> SealedTarget:
        place = self.folder / study_id
        with self._alone:
            if not place.exists():
                try:
                    self._fetch(study_id, place)
                except (ReleaseError, UploadError, FileNotFoundError) as error:
                    reason = f"sealed study {study_id[:12]} cannot be had from storage: {error}"
                    raise SandboxRefusalError(Outcome.HOST_SHORT, reason) from error
                self._forget_oldest(but=place)
            place.touch()
        return SealedTarget(study_id, place)

    def _fetch(self, study_id: str, place: Path) -> None:
        stored = f"sealed/{study_id}"
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".") as made:
            partial = Path(made) / "study"
            partial.mkdir(mode=0o711)
            content = self.storage.read(f"{stored}/{STUDY}", most_bytes=LARGEST_STUDY_BYTES)
            facts, found = parse_study(content)
            if found != study_id:
                raise UploadError(f"{stored} holds the study {found[:12]}")
            (partial / STUDY).write_bytes(content)
            for path in (file.path for file in facts.file if file.path != SEALED):
                (partial / path).parent.mkdir(parents=True, exist_ok=True)
                self.storage.fetch(f"{stored}/{path}", partial / path)
            read(partial, has_answers=False)
            partial.rename(place)

    def _forget_oldest(self, *, but: Path) -> None:
        kept = [one for one in self.folder.iterdir() if not one.name.startswith(".") and one != but]
        for old in sorted(kept, key=lambda one: one.stat().st_mtime)[: max(0, len(kept) + 1 - MOST_KEPT)]:
            shutil.rmtree(old, ignore_errors=True)
