"""Takes the archive of a sealed study: read strictly, refused with one sentence, kept in storage as it was sealed."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from fsspec.core import url_to_fs

from benchmark_data.errors import ReleaseError
from benchmark_data.release import Release
from benchmark_data.sealed_ask import ask
from benchmark_data.sealed_study import Bundle
from benchmark_data.sealed_tar import unpack
from evaluator.sealing import keys
from evaluator.sealing.errors import SealingError
from leaderboard import audit
from leaderboard.models import Person, SealedStudy, Track
from leaderboard.sealed import queue
from leaderboard.sealed.life import demand_curator
from leaderboard.states import StudyState
from leaderboard.submitting import access
from leaderboard.submitting.errors import Refused
from leaderboard.submitting.uploads import Stream

MOST_BYTES = 4 << 30
DISK_KEPT_FREE_BYTES = 1 << 30
READ_BYTES = 1 << 20
INCOMING = "incoming-"
LONGEST_S = 86400
DRAFTS_COUNT = timedelta(days=7)
AGAIN = "Seal it again with `holdout seal`, and send the file that it writes."


def take(person: Person, track: str, stream: Stream) -> SealedStudy:
    """A draft, its bundle in storage. Nothing of an archive that is refused stays."""
    demand_curator(person)
    _demand_few_drafts(person)  # before 4 GB are sent
    row = access.one(Track.objects.select_related("release"), field="track", slug=track)
    with _room() as place:
        _save(stream, place / "study.tar")
        bundle = _read(place / "study.tar", place / "bundle", row)
        _demand_known_key(bundle)
        with transaction.atomic():
            _demand_few_drafts(Person.objects.select_for_update().get(pk=person.pk))  # two at once are counted in turn
            study = _made(person, row, bundle)
            _keep(bundle, place / "study.tar")
            audit.note(person, "bring in a sealed study", study, commitment=study.commitment)
        queue.wake()
    return study


def sweep() -> None:
    """What a process that was killed had begun to take; nobody takes a day over it."""
    old = time.time() - LONGEST_S
    for left in _shelf().glob(f"{INCOMING}*"):
        if left.stat().st_mtime < old:
            shutil.rmtree(left, ignore_errors=True)


def tar_of(study_id: str) -> Path:
    """The archive as it came, for everybody once its study is released."""
    return _shelf() / f"{study_id}.tar"


def site_key() -> keys.PublicKey | None:
    """The scorer's, which studies have to be sealed to; None while the site has none."""
    try:
        return keys.public_key(settings.SCORER_PUBLIC)
    except SealingError:
        return None


def site_key_id() -> str:
    found = site_key()
    return found.id if found else ""


def _demand_few_drafts(person: Person) -> None:
    """Within some days, for a draft cannot be deleted: its report opened it, and openings are kept."""
    since = timezone.now() - DRAFTS_COUNT
    mine = SealedStudy.objects.filter(uploaded_by=person, state=StudyState.DRAFT, created_at__gt=since)
    drafts = list(mine.order_by("created_at", "pk"))
    if len(drafts) >= settings.DRAFTS_PER_CURATOR:
        names = ", ".join(map(str, drafts)) or "none"
        sentence = (
            f"You brought {len(drafts)} drafts within {DRAFTS_COUNT.days} days, as many as a curator may: {names}."
        )
        remedy = "Have one of them sealed first, or send it when the first of them is older."
        raise Refused("too_many_drafts", sentence, remedy, "file", 409)


@contextmanager
def _room() -> Iterator[Path]:
    """Beside where the study will stand, so that it gets there in one step."""
    shelf = _shelf()
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf, prefix=INCOMING) as place:
        yield Path(place)


def _shelf() -> Path:
    return Path(url_to_fs(settings.STORAGE)[1]) / "sealed"


def _save(stream: Stream, to: Path) -> None:
    free = shutil.disk_usage(to.parent).free - DISK_KEPT_FREE_BYTES
    received = 0
    with to.open("xb") as file:
        while content := stream.read(READ_BYTES):
            received += len(content)
            if received > MOST_BYTES:
                raise Refused("too_large", "A sealed study has at most 4 GB here.", AGAIN, "file", 413)
            if 2 * received > free:  # it stands here twice until it is read
                remedy = "Tell the operator, and send it again."
                raise Refused("storage_full", "The site has no room for it now.", remedy, "file", 507)
            file.write(content)


def _read(tar: Path, folder: Path, track: Track) -> Bundle:
    try:
        bundle = unpack(tar, folder)
        if bundle.facts.release_id != track.release.release_id:
            sentence = f"It was sealed for the release {bundle.facts.release_name}; {track} is on {track.release}."
            raise Refused("other_release", sentence, "Choose a track of its release, or seal it for this one.", "track")
        ask(bundle, Release.open(Path(track.release.folder)))
    except ReleaseError as error:
        raise Refused("bad_study", f"This is no sealed study: {error}.", AGAIN, "file") from error
    return bundle


def _demand_known_key(bundle: Bundle) -> None:
    known = site_key_id()
    if not known:
        remedy = "Put the scorer's sealing.pub into HOLDOUT_SCORER_PUBLIC."
        raise Refused("no_key", "This site knows no scorer's key yet.", remedy, status=409)
    if bundle.facts.key_id != known:
        sentence = f"It is sealed to the key {bundle.facts.key_id[:16]}, and this site's scorer has {known[:16]}."
        raise Refused("other_key", sentence, "Seal it to the key at /keys/ of this site.", "file")


def _made(person: Person, track: Track, bundle: Bundle) -> SealedStudy:
    facts = bundle.facts
    earlier = SealedStudy.objects.filter(name=facts.name, track=track).exclude(state=StudyState.DRAFT)
    try:
        with transaction.atomic():
            return SealedStudy.objects.create(
                study_id=bundle.study_id,
                name=facts.name,
                version=facts.version,
                track=track,
                summary=facts.plain(),
                commitment=facts.commitment,
                key_id=facts.key_id,
                uploaded_by=person,
                corrects=earlier.order_by("-created_at").first(),
            )
    except IntegrityError:
        sentence = f"{facts.name} {facts.version} is here already."
        raise Refused("here_already", sentence, "Give a correction a version of its own.", "file", 409) from None


def _keep(bundle: Bundle, tar: Path) -> None:
    """In storage before its row is committed; what a rolled back row left there is the same, to the byte."""
    place = _shelf() / bundle.study_id
    if place.exists():
        shutil.rmtree(place)
    bundle.folder.rename(place)
    tar.rename(tar_of(bundle.study_id))
