"""Archives of `docker save`, sent in pieces of any number, up to UPLOAD_MOST_BYTES.

The row's `received_bytes` is the truth: the next piece begins there, and a client that has lost count asks. One file in
a directory takes the pieces as they come, so a storage that is not a directory is refused when the site starts.
A file's lock keeps two writers apart and goes with its process, whatever kills that.
"""

import fcntl
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from leaderboard import audit
from leaderboard.models import Person, Team, Upload
from leaderboard.models.entries import UploadState
from leaderboard.submitting import access, texts
from leaderboard.submitting.errors import Refused

log = logging.getLogger(__name__)

MOST_OPEN = 4  # of a team
MOST_HELD = 3  # archives of the largest size that a team may have here without a submission of them
DISK_KEPT_FREE_BYTES = 1 << 30
READ_BYTES = 1 << 20
HASHED_HERE_BYTES = 256 << 20
"""A larger archive is hashed by the host that checks it: here a request would wait for minutes."""
ROWS_KEPT = timedelta(days=30)
SHA256 = re.compile(r"[0-9a-f]{64}")


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def begin(person: Person, team: Team, name: str, size_bytes: int, sha256: str) -> Upload:
    access.demand(access.may_submit, person, team)
    name = texts.plain(name, field="name", most=200) or "archive.tar"
    if not SHA256.fullmatch(sha256):
        remedy = "Give the 64 hexadecimal digits that `sha256sum` prints for it."
        raise Refused("bad_sha256", "The checksum is no sha256.", remedy, "sha256")
    if not 0 < size_bytes <= settings.UPLOAD_MOST_BYTES:
        remedy = f"Send 1 to {settings.UPLOAD_MOST_BYTES} bytes; push a larger image to a registry."
        raise Refused("bad_size", f"An archive cannot have {size_bytes} bytes here.", remedy, "size_bytes")
    with transaction.atomic():
        access.one(Team.objects.select_for_update(), pk=team.pk)
        _demand_room(team, size_bytes)
        upload = Upload.objects.create(team=team, person=person, name=name, size_bytes=size_bytes, sha256=sha256)
        path = path_of(upload)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return upload


def append(upload: Upload, offset: int, stream: Stream) -> Upload:
    """Add what the stream holds, UPLOAD_CHUNK_BYTES at most. A stream that breaks off leaves what it had brought.

    The piece that brings the last byte completes the upload; one of another checksum ends it.
    """
    with _alone(upload) as file:
        upload = access.one(Upload.objects.all(), pk=upload.pk)
        if upload.state != UploadState.OPEN:
            raise Refused("not_open", f"This upload is {upload.state}.", "Begin another upload.", status=409)
        if offset != upload.received_bytes:
            remedy = f"Go on from byte {upload.received_bytes}."
            raise Refused("wrong_offset", f"A piece cannot begin at byte {offset}.", remedy, "offset", 409)
        received = _take(upload, file, stream)
        if not Upload.objects.filter(pk=upload.pk, state=UploadState.OPEN).update(
            received_bytes=received, touched_at=timezone.now()
        ):
            raise access.not_found("upload")
        upload.received_bytes = received
        if received == upload.size_bytes:
            _complete(upload, file)
    return upload


def take_whole(person: Person, team: Team, name: str, file: IO[bytes]) -> Upload:
    """An archive that a form has brought to this machine's disk."""
    file.seek(0)
    sha256, size = _sha256(file), file.tell()
    file.seek(0)
    upload = begin(person, team, name, size, sha256)
    while upload.state == UploadState.OPEN:
        upload = append(upload, upload.received_bytes, _Piece(file, settings.UPLOAD_CHUNK_BYTES))
    return upload


def remove(person: access.Who, upload: Upload) -> None:
    """Forget an archive that no submission uses."""
    with transaction.atomic():
        upload = access.one(Upload.objects.select_for_update(), pk=upload.pk)
        if upload.submissions.filter(deleted_at=None).exists():
            raise Refused(
                "in_use", "A submission uses this archive.", "Delete the submission with its data.", status=409
            )
        audit.note(person, "remove", upload, team=upload.team.name)
        discard(upload)


def discard(upload: Upload) -> None:
    """End it now, and its file on commit; one that is left by a crash is swept by `expire`."""
    Upload.objects.filter(pk=upload.pk).update(state=UploadState.EXPIRED, touched_at=timezone.now())
    upload.state = UploadState.EXPIRED
    transaction.on_commit(lambda: path_of(upload).unlink(missing_ok=True))


def expire() -> int:
    """End uploads that nobody goes on with or uses, and sweep files that no row stands for. Returns how many ended."""
    now = timezone.now()
    silent = Upload.objects.filter(touched_at__lt=now - timedelta(hours=settings.UPLOAD_KEPT_H), submissions=None)
    ended = 0
    for pk in silent.exclude(state=UploadState.EXPIRED).values_list("pk", flat=True):
        # Asked again, of this row alone: a submission that takes it touches it.
        ended += silent.filter(pk=pk).update(state=UploadState.EXPIRED, touched_at=now)
    Upload.objects.filter(state=UploadState.EXPIRED, touched_at__lt=now - ROWS_KEPT, submissions=None).delete()
    _sweep()
    return ended


def is_another(upload: Upload) -> bool:
    """Whether what lies here, too large to be hashed in a request, is not what was announced. Reads all of it."""
    if upload.size_bytes <= HASHED_HERE_BYTES or not path_of(upload).exists():
        return False
    with path_of(upload).open("rb") as file:
        return _sha256(file) != upload.sha256


def name_of(upload: Upload) -> str:
    """Its file's name in storage."""
    return f"uploads/{upload.id}"


def path_of(upload: Upload) -> Path:
    return folder() / str(upload.id)


def folder() -> Path:
    files, root = url_to_fs(settings.STORAGE)
    if not isinstance(files, LocalFileSystem):
        raise TypeError(f"HOLDOUT_STORAGE is {settings.STORAGE!r}: uploads need a directory")
    return Path(root) / "uploads"


def _demand_room(team: Team, size_bytes: int) -> None:
    mine = Upload.objects.filter(team=team, submissions=None)
    if mine.filter(state=UploadState.OPEN).count() >= MOST_OPEN:
        remedy = "Finish or remove one of them."
        raise Refused("too_many_uploads", f"{team.name} has {MOST_OPEN} unfinished uploads.", remedy, status=409)
    held = mine.exclude(state=UploadState.EXPIRED).aggregate(all=Sum("size_bytes", default=0))["all"]
    if held + size_bytes > MOST_HELD * settings.UPLOAD_MOST_BYTES:
        sentence = f"{team.name} has {held} bytes of archives here that no submission uses."
        raise Refused("too_many_bytes", sentence, "Submit or remove one of them.", "size_bytes", 409)
    promised = Upload.objects.filter(state=UploadState.OPEN).aggregate(
        all=Sum(F("size_bytes") - F("received_bytes"), default=0)
    )["all"]
    folder().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder()).free - promised - size_bytes < DISK_KEPT_FREE_BYTES:
        log.error("an upload of %s bytes was refused: the storage is full", size_bytes)
        raise _no_room()


def _no_room() -> Refused:
    remedy = "Try again later, or push the image to a registry."
    return Refused("storage_full", "The site has no room for this archive now.", remedy, status=507)


@contextmanager
def _alone(upload: Upload) -> Iterator[IO[bytes]]:
    try:
        file = path_of(upload).open("r+b")
    except FileNotFoundError:
        raise Refused("not_open", "This upload has ended.", "Begin another upload.", status=409) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "Wait for the other piece, then ask where to go on."
            raise Refused("busy", "Another piece of this upload is on its way.", remedy, status=409) from None
        yield file


def _take(upload: Upload, file: IO[bytes], stream: Stream) -> int:
    """Returns the bytes that are here now, all of them on disk. Too long a piece leaves nothing."""
    start = upload.received_bytes
    most = min(settings.UPLOAD_CHUNK_BYTES, upload.size_bytes - start)
    file.truncate(start)  # what a killed process had written and not told
    file.seek(start)
    try:
        for content in _read(stream, most + 1):
            file.write(content)
        file.flush()
        os.fdatasync(file.fileno())
    except OSError as full:
        log.exception("upload %s cannot be written", upload.id)
        raise _no_room() from full
    received = file.tell()
    if received > start + most:
        file.truncate(start)
        remedy = f"Send at most {most} bytes from byte {start} on; {upload.size_bytes} were announced in all."
        raise Refused("piece_too_long", "The piece is too long.", remedy, status=413)
    return received


def _read(stream: Stream, most: int) -> Iterator[bytes]:
    """Until the stream ends, breaks off or has given so much."""
    while most:
        try:
            content = stream.read(min(READ_BYTES, most))
        except OSError as broken:
            log.info("a piece of an upload broke off: %s", broken)
            return
        if not content:
            return
        most -= len(content)
        yield content


def _complete(upload: Upload, file: IO[bytes]) -> None:
    if upload.size_bytes <= HASHED_HERE_BYTES:
        file.seek(0)
        if _sha256(file) != upload.sha256:
            discard(upload)
            remedy = "Compute the checksum again and begin another upload."
            raise Refused("wrong_sha256", "The archive is not the announced one.", remedy, "sha256", 422)
    Upload.objects.filter(pk=upload.pk, state=UploadState.OPEN).update(state=UploadState.COMPLETE)
    upload.refresh_from_db()


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while content := file.read(READ_BYTES):
        digest.update(content)
    return digest.hexdigest()


def _sweep() -> None:
    kept = {str(pk) for pk in Upload.objects.exclude(state=UploadState.EXPIRED).values_list("pk", flat=True)}
    # A young file may be of a row that is not committed yet.
    young = (timezone.now() - timedelta(hours=1)).timestamp()
    for path in folder().glob("*"):
        if path.name not in kept and path.stat().st_mtime < young:
            path.unlink(missing_ok=True)


class _Piece:
    """The next bytes of a file, as many as fit into one piece."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self.file, self.left = file, most

    def read(self, size: int, /) -> bytes:
        content = self.file.read(min(size, self.left))
        self.left -= len(content)
        return content
