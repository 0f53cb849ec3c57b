"""The shell lines that the form shows are what they say: they send an archive, and go on after a break."""

import html
import os
import re
import shutil
import subprocess

import pytest
from django.urls import reverse

from leaderboard.api import tokens
from leaderboard.models import Scope, Upload
from leaderboard.models.entries import UploadState
from leaderboard.submitting import uploads
from tests.site.builders import make_cast, make_track

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq: apt-get install"),
]
SIZE, PIECE = 10_000, 4_096


def test_the_lines_send_an_archive_piece_by_piece(client, live_server, settings, tmp_path):
    settings.SITE_URL, settings.UPLOAD_CHUNK_BYTES, settings.STORAGE = live_server.url, PIECE, str(tmp_path / "kept")
    cast, content = make_cast(), os.urandom(SIZE)
    make_track()
    (tmp_path / "model.tar").write_bytes(content)
    client.force_login(cast.owner)
    page = client.get(reverse("submit")).text
    shown = html.unescape(re.search(r'aria-label="With curl"><code>(.*?)</code>', page, re.S)[1])
    save, script = shown.split("\n", 1)
    assert save == "docker save IMAGE -o model.tar"
    token = tokens.make(cast.owner, name="shell", scope=Scope.SUBMIT)[1]
    environ = {**os.environ, "HOLDOUT_TOKEN": token}
    subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, env=environ, check=True, timeout=60)
    upload = Upload.objects.get()
    assert upload.state == UploadState.COMPLETE
    assert uploads.path_of(upload).read_bytes() == content
