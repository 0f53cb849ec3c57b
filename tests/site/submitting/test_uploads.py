"""Archives in pieces: what is there is known, whatever breaks off."""

import hashlib
import io
import os
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.models import Upload
from leaderboard.submitting import uploads
from leaderboard.submitting.errors import Refused
from tests.site import builders
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once

CONTENT = bytes(range(256)) * 40


def begun(cast, content=CONTENT, **values):
    told = {"name": "model.tar", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} | values
    return uploads.begin(cast.owner, cast.team, **told)


def sent(upload, offset, content):
    return uploads.append(upload, offset, io.BytesIO(content))


class BreaksOff(io.BytesIO):
    """A client that goes away in the middle."""

    def read(self, size=-1, /):
        return super().read(100) or self._gone()

    def _gone(self):
        raise OSError("connection reset")


def test_pieces_make_the_archive(cast):
    upload = begun(cast)
    upload = sent(upload, 0, CONTENT[:1000])
    assert (upload.received_bytes, upload.state) == (1000, "open")
    upload = sent(upload, 1000, CONTENT[1000:])
    assert (upload.received_bytes, upload.state) == (len(CONTENT), "complete")
    assert uploads.path_of(upload).read_bytes() == CONTENT


def test_a_piece_sent_again_is_refused_and_told_where_to_go_on(cast):
    upload = begun(cast)
    sent(upload, 0, CONTENT[:1000])
    again = refusal(sent, upload, 0, CONTENT[:1000])
    assert (again.code, again.status, again.remedy) == ("wrong_offset", 409, "Go on from byte 1000.")


@pytest.mark.parametrize("offset", [-1, 1, len(CONTENT), len(CONTENT) + 1, 2**80])
def test_no_piece_begins_anywhere_else(cast, offset):
    upload = begun(cast)
    assert refusal(sent, upload, offset, b"x").code == "wrong_offset"
    assert uploads.path_of(upload).read_bytes() == b""


def test_a_piece_that_breaks_off_leaves_what_it_had_brought(cast):
    upload = begun(cast)
    upload = uploads.append(upload, 0, BreaksOff(CONTENT[:1500]))
    assert upload.received_bytes == 1500
    assert sent(upload, 1500, CONTENT[1500:]).state == "complete"


def test_what_a_killed_process_wrote_and_did_not_tell_is_written_again(cast):
    upload = begun(cast)
    upload = sent(upload, 0, CONTENT[:1000])
    with uploads.path_of(upload).open("ab") as file:
        file.write(b"of the killed one")
    assert sent(upload, 1000, CONTENT[1000:]).state == "complete"


def test_an_upload_whose_last_answer_was_lost_completes_by_an_empty_piece(cast):
    upload = begun(cast)
    uploads.path_of(upload).write_bytes(CONTENT)
    Upload.objects.filter(pk=upload.pk).update(received_bytes=len(CONTENT))
    assert sent(upload, len(CONTENT), b"").state == "complete"


def test_more_than_was_announced_is_refused_and_leaves_nothing(cast):
    upload = begun(cast)
    refused = refusal(sent, upload, 0, CONTENT + b"more")
    upload.refresh_from_db()
    assert (refused.code, refused.status) == ("piece_too_long", 413)
    assert (upload.received_bytes, uploads.path_of(upload).stat().st_size) == (0, 0)


def test_a_piece_is_bounded_and_read_in_bounded_steps(cast, settings):
    settings.UPLOAD_CHUNK_BYTES = 4 << 20
    upload = begun(cast, size_bytes=1 << 30, sha256="0" * 64)

    class Endless:
        most = 0

        def read(self, size, /):
            self.most = max(self.most, size)
            return bytes(size)

    stream = Endless()
    with pytest.raises(Refused, match="too long"):
        uploads.append(upload, 0, stream)
    assert stream.most == uploads.READ_BYTES
    assert uploads.path_of(upload).stat().st_size == 0


def test_another_archive_than_was_announced_ends_the_upload(cast, django_capture_on_commit_callbacks):
    upload = begun(cast, sha256="0" * 64)
    with django_capture_on_commit_callbacks(execute=True):
        assert refusal(sent, upload, 0, CONTENT).code == "wrong_sha256"
    assert not uploads.path_of(upload).exists()
    assert refusal(sent, upload, 0, CONTENT).code == "not_open"


def test_a_large_archive_is_left_to_the_host_to_hash(cast, monkeypatch):
    monkeypatch.setattr(uploads, "HASHED_HERE_BYTES", 10)
    assert sent(begun(cast, sha256="0" * 64), 0, CONTENT).state == "complete"


@pytest.mark.parametrize("size", [0, -1, -(2**63), (10 << 30) + 1, 2**80])
def test_a_size_out_of_bounds_is_refused(cast, size):
    refused = refusal(begun, cast, size_bytes=size)
    assert (refused.code, refused.field) == ("bad_size", "size_bytes")


@pytest.mark.parametrize("sha256", ["", "ab", "A" * 64, "g" * 64, "0" * 65, "0" * 63 + "\n", "٠" * 64])
def test_what_is_no_sha256_is_refused(cast, sha256):
    assert refusal(begun, cast, sha256=sha256).field == "sha256"


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "\u202emodel.tar", "x" * 201, "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(cast, name):
    assert refusal(begun, cast, name=name).field == "name"


def test_a_name_with_a_path_in_it_leads_nowhere(cast):
    upload = begun(cast, name="../../etc/passwd")
    assert uploads.path_of(upload) == uploads.folder() / str(upload.id)


def test_a_stranger_finds_no_team_to_upload_for(cast):
    assert refusal(uploads.begin, cast.stranger, cast.team, "a.tar", 1, "0" * 64).status == 404


def test_a_team_has_few_unfinished_uploads(cast):
    for _ in range(uploads.MOST_OPEN):
        begun(cast)
    assert refusal(begun, cast).code == "too_many_uploads"


def test_a_team_holds_few_bytes_that_it_does_not_use(cast, settings):
    settings.UPLOAD_MOST_BYTES = len(CONTENT)
    for _ in range(uploads.MOST_HELD):
        sent(begun(cast), 0, CONTENT)
    assert refusal(begun, cast).code == "too_many_bytes"


def test_what_does_not_fit_on_the_disk_is_refused_as_ours(cast, monkeypatch):
    monkeypatch.setattr(uploads, "DISK_KEPT_FREE_BYTES", 1 << 60)
    refused = refusal(begun, cast)
    assert (refused.code, refused.status) == ("storage_full", 507)


def test_a_disk_that_fills_up_loses_nothing_that_was_told(cast, monkeypatch):
    upload = sent(begun(cast), 0, CONTENT[:1000])

    def full(_fd):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fdatasync", full)
        assert refusal(sent, upload, 1000, CONTENT[1000:]).code == "storage_full"
    assert sent(upload, 1000, CONTENT[1000:]).state == "complete"


def test_a_file_from_a_form_is_taken_in_pieces(cast, settings):
    settings.UPLOAD_CHUNK_BYTES = 1000
    upload = uploads.take_whole(cast.owner, cast.team, "model.tar", io.BytesIO(CONTENT))
    assert upload.state == "complete"
    assert uploads.path_of(upload).read_bytes() == CONTENT


def test_an_archive_in_use_is_not_removed(cast):
    upload = sent(begun(cast), 0, CONTENT)
    builders.make_submission(team=cast.team, upload=upload)
    assert refusal(uploads.remove, None, upload).code == "in_use"
    assert uploads.path_of(upload).exists()


def test_a_removed_archive_takes_nothing_more(cast, django_capture_on_commit_callbacks):
    upload = begun(cast)
    with django_capture_on_commit_callbacks(execute=True):
        uploads.remove(None, upload)
    assert not uploads.path_of(upload).exists()
    assert refusal(sent, upload, 0, CONTENT).status == 409


def test_silent_and_unused_uploads_expire_and_others_stay(cast):
    silent, fresh, unused, used = (begun(cast) for _ in range(4))
    for upload in (unused, used):
        sent(upload, 0, CONTENT)
    builders.make_submission(team=cast.team, upload=used)
    long_ago = timezone.now() - timedelta(hours=49)
    Upload.objects.exclude(pk=fresh.pk).update(touched_at=long_ago)
    for path in uploads.folder().iterdir():
        os.utime(path, (long_ago.timestamp(),) * 2)
    assert uploads.expire() == 2
    states = {one.pk: one.state for one in Upload.objects.all()}
    assert (states[silent.pk], states[unused.pk]) == ("expired", "expired")
    assert {path.name for path in uploads.folder().iterdir()} == {str(fresh.pk), str(used.pk)}


def test_a_file_that_no_row_stands_for_is_swept_when_it_is_old(cast):
    begun(cast)
    old, young = uploads.folder() / "left-behind", uploads.folder() / "young"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    uploads.expire()
    assert (old.exists(), young.exists()) == (False, True)


def test_nothing_to_expire_is_no_fault(cast):
    assert uploads.expire() == 0


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_do_not_interleave(cast):
    upload = begun(cast)
    held, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size=-1, /):
            held.set()
            assert go_on.wait(30)
            return super().read(size)

    def second():
        assert held.wait(30)
        try:
            return sent(upload, 0, b"x" * 500)
        finally:
            go_on.set()

    first, told = at_once(lambda: uploads.append(upload, 0, Slow(CONTENT[:1000])), second)
    assert (first.received_bytes, told) == (1000, "busy")
    assert uploads.path_of(upload).read_bytes() == CONTENT[:1000]


@pytest.mark.django_db(transaction=True)
def test_the_same_piece_from_many_threads_counts_once(cast):
    upload = begun(cast)
    results = at_once(*[lambda: sent(upload, 0, CONTENT[:1000])] * 6)
    refused = [result for result in results if isinstance(result, str)]
    assert (len(refused), set(refused) <= {"busy", "wrong_offset"}) == (5, True)
    assert sent(upload, 1000, CONTENT[1000:]).state == "complete"


@pytest.mark.django_db(transaction=True)
def test_a_bound_on_uploads_holds_when_all_begin_at_once(cast):
    results = at_once(*[lambda: begun(cast)] * (uploads.MOST_OPEN + 3))
    assert results.count("too_many_uploads") == 3


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_is_removed_while_a_piece_comes_stays_removed(cast):
    upload = begun(cast)

    class Removes(io.BytesIO):
        def read(self, size=-1, /):
            uploads.remove(None, upload)
            return super().read(size)

    assert refusal(uploads.append, upload, 0, Removes(CONTENT)).status == 404
    assert not uploads.path_of(upload).exists()
