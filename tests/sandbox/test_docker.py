"""What only containers have: an engine that dies between two calls, a log kept inside, disks, control groups."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from requests import ConnectionError

from evaluator.sandbox import cgroups, disks
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.selftest import waited
from evaluator.sandbox.stages import Gone, Mount, Running
from tests.sandbox.stages import LIMITS

pytestmark = pytest.mark.docker


def ended(kit, text, **changes):
    kit.sandbox.start(kit.script(text, **changes))
    return waited(kit.sandbox, "stage")


def test_of_a_long_log_head_and_tail_are_kept(docker_kit):
    log = ended(docker_kit, "echo first; for i in $(seq 9000); do echo line; done; echo last").log
    assert log.head.startswith("first\n")
    assert log.tail.endswith("last\n")
    assert len(log.head) == len(log.tail) == LIMITS.log_kb * 1024


def test_a_short_log_is_whole(docker_kit):
    assert ended(docker_kit, "echo out; echo err >&2").log.head == "out\nerr\n"


def test_a_log_that_is_slow_to_be_written_down_is_whole(docker_kit):
    """head closes what it read before it has written all; this one is a head that does so early."""
    slow = docker_kit.folder / "head"
    slow.write_text('#!/bin/sh\nexec 3<&0 0<&-\nread=$(/usr/bin/head "$@" <&3)\nsleep .5\necho "$read"\n')
    slow.chmod(0o755)
    spec = docker_kit.script("sleep .5; echo out; echo err >&2")
    docker_kit.sandbox.start(replace(spec, mounts=(*spec.mounts, Mount(slow, "/usr/local/bin/head"))))
    assert waited(docker_kit.sandbox, "stage").log.head == "out\nerr\n"


def test_a_stage_that_runs_out_of_time_leaves_its_log(docker_kit):
    ending = ended(docker_kit, "echo working; sleep 3600", limits=replace(LIMITS, wall_s=1))
    assert (ending.outcome, ending.log.head) == (Outcome.TIMED_OUT, "working\n")


def test_a_stage_whose_disks_a_restart_took_still_has_an_ending(docker_kit):
    docker_kit.sandbox.start(docker_kit.spec("endless"))
    docker_kit.sandbox.api.kill(f"{docker_kit.sandbox.namespace}-stage")
    docker_kit.sandbox.rooms.of("stage").unmount()
    ending = waited(docker_kit.sandbox, "stage")
    assert (ending.outcome, ending.peaks.written_bytes) == (Outcome.SANDBOX_LOST, None)


def test_a_job_that_dies_by_a_signal_of_its_own_crashed(docker_kit):
    assert ended(docker_kit, "kill -9 $$").outcome is Outcome.CRASHED


def test_a_container_that_somebody_kills_is_lost_and_ours(docker_kit):
    docker_kit.sandbox.start(docker_kit.spec("endless"))
    docker_kit.sandbox.api.kill(f"{docker_kit.sandbox.namespace}-stage")
    assert waited(docker_kit.sandbox, "stage").outcome is Outcome.SANDBOX_LOST


def test_a_container_that_vanishes_is_lost_and_ours(docker_kit):
    docker_kit.sandbox.start(docker_kit.spec("endless"))
    docker_kit.sandbox.api.remove_container(f"{docker_kit.sandbox.namespace}-stage", force=True)
    assert waited(docker_kit.sandbox, "stage").outcome is Outcome.SANDBOX_LOST


def test_an_engine_that_died_between_create_and_start_is_carried_on(docker_kit, monkeypatch):
    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    sandbox, spec = docker_kit.sandbox, docker_kit.spec("endless")
    with monkeypatch.context() as patch:
        patch.setattr(sandbox.api, "start", die)
        patch.setattr(sandbox, "_clear", lambda *_: None)
        with pytest.raises(Died):
            sandbox.start(spec)
    assert isinstance(sandbox.look("stage"), Gone)
    sandbox.start(spec)
    assert isinstance(sandbox.look("stage"), Running)


def test_an_engine_that_died_after_the_start_is_carried_on(docker_kit):
    sandbox, spec = docker_kit.sandbox, docker_kit.spec("endless")
    sandbox.start(spec)
    (sandbox.rooms.of("stage").path / "started").unlink()
    assert isinstance(sandbox.look("stage"), Gone)
    docker_kit.again().start(spec)
    assert isinstance(sandbox.look("stage"), Running)


def test_an_engine_that_does_not_answer_is_our_trouble_and_ends_nothing(docker_kit, monkeypatch):
    def silent(*_):
        raise ConnectionError("no answer")

    docker_kit.sandbox.start(docker_kit.spec("endless"))
    with monkeypatch.context() as patch:
        patch.setattr(docker_kit.sandbox.api, "inspect_container", silent)
        with pytest.raises(SandboxRefusalError, match="does not answer: no answer") as refusal:
            docker_kit.sandbox.look("stage")
    assert refusal.value.outcome.fault == "ours"
    assert isinstance(docker_kit.sandbox.look("stage"), Running)


def test_what_an_engine_left_half_furnished_is_cleared(docker_kit):
    spec = docker_kit.spec()
    docker_kit.sandbox.rooms.of("stage").furnish(spec)
    docker_kit.sandbox.start(spec)
    assert waited(docker_kit.sandbox, "stage").outcome is Outcome.FINISHED
    docker_kit.sandbox.rooms.of("other").furnish(spec)
    assert docker_kit.sandbox.reap(keep=["stage"]) == ("other",)


def test_no_trace_of_a_discarded_stage_is_left_on_the_host(docker_kit):
    sandbox = docker_kit.sandbox
    ended(docker_kit, "true")
    parent = sandbox._cgroup("stage")
    assert cgroups.usage(parent).memory_mb is not None
    sandbox.discard("stage")
    assert list((docker_kit.folder / "root" / "stages").iterdir()) == []
    assert cgroups.usage(parent) == cgroups.Usage(None, None)
    assert str(docker_kit.folder) not in "".join(
        path.read_text() for path in Path("/sys/block").glob("loop*/loop/backing_file")
    )


def test_a_disk_has_the_room_it_promises_and_an_end(docker_kit):
    image, at = docker_kit.folder / "disk.ext4", docker_kit.folder / "disk"
    disks.make(image, size_mb=8)
    disks.mount(image, at)
    try:
        assert not disks.is_full(at)
        (at / "file").write_bytes(bytes(8 << 20))
        with pytest.raises(OSError, match="No space left"):
            (at / "more").write_bytes(bytes(8 << 20))
        assert disks.is_full(at)
    finally:
        disks.unmount(at)


def test_a_models_checksum_is_of_its_content_wherever_its_holes_are(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    block = b"x" * disks.BLOCK_BYTES
    with one.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(32 << 20)
        file.write(block)
    other.write_bytes(bytes(32 << 20) + block + bytes((32 << 20) - len(block)))
    assert one.stat().st_blocks < other.stat().st_blocks
    assert disks.fingerprint(one) == disks.fingerprint(other)
    other.write_bytes(bytes((32 << 20) - 1) + block + bytes((32 << 20) - len(block) + 1))
    assert disks.fingerprint(one) != disks.fingerprint(other)


def test_a_disk_says_the_same_after_another_mount_namespace_let_go_of_it(tmp_path):
    image, at = tmp_path / "disk.ext4", tmp_path / "at"
    disks.make(image, size_mb=8)
    disks.mount(image, at)
    holder = subprocess.Popen(["unshare", "--mount", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        holder.stdin.write(b"here\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"here\n"  # it runs, with a mount table of its own
        (at / "model").write_bytes(b"x" * 100_000)
        disks.unmount(at)
        kept = disks.sealed(image)
        holder.stdin.close()
    disks.verify(kept)


def test_a_disk_that_cannot_be_mounted_is_our_trouble(tmp_path):
    (tmp_path / "no.ext4").write_bytes(bytes(1 << 20))
    with pytest.raises(SandboxRefusalError, match=r"mount.*failed") as refusal:
        disks.mount(tmp_path / "no.ext4", tmp_path / "at")
    assert refusal.value.outcome.fault == "ours"
