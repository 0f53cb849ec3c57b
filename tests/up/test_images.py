"""The demonstration's images, with small shells in the place of Docker's client."""

import pytest

from leaderboard.up.images import BuildError, archive_of, build


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Puts a `docker` before all others on the path."""

    def put(name, script):
        folder = tmp_path / name
        folder.mkdir()
        docker = folder / "docker"
        docker.write_text(f"#!/bin/sh\n{script}\n")
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    return put


OLD = 'case $1 in --version) echo "Docker version 20.10.24";;'


def test_an_image_is_saved_once_under_the_models_name(client, tmp_path):
    client("docker", f"{OLD} save) echo saved >> $3;; esac")
    for _ in range(2):
        build("drug_mean", tmp_path / "demo")
    assert archive_of("drug_mean", tmp_path / "demo").read_text() == "saved\n"
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["drug_mean.tar"]


def test_a_build_that_fails_says_why_in_one_sentence(client, tmp_path):
    client("docker", f"{OLD} build) echo step 1 >&2; echo no registry answers >&2; exit 1;; esac")
    with pytest.raises(BuildError, match=r"^no registry answers$"):
        build("drug_mean", tmp_path / "demo")


def test_a_save_that_breaks_off_leaves_no_archive(client, tmp_path):
    client("docker", f"{OLD} save) echo half > $3; exit 1;; esac")
    with pytest.raises(BuildError, match="save"):
        build("drug_mean", tmp_path / "demo")
    assert not archive_of("drug_mean", tmp_path / "demo").exists()


def test_a_client_that_cannot_mount_during_a_build_is_passed_over(client, tmp_path):
    client("older", f"{OLD} save) echo older > $3;; esac")
    client(
        "newer", 'case $1 in --version) echo "Docker version 28.0.1";; buildx) exit 1;; save) echo newer > $3;; esac'
    )
    build("drug_mean", tmp_path / "demo")
    assert archive_of("drug_mean", tmp_path / "demo").read_text() == "older\n"
