"""A bounded disk: an ext4 file system in one sparse file, mounted while a stage runs.

Bytes and number of files end where the disk ends, clean-up is one unmount and one unlink however hostile the tree is,
and a trained model stays the one file that it already is. Needs root and loop devices.
"""

import errno
import hashlib
import os
import subprocess
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.stages import ModelFile

MIB = 1 << 20
BLOCK_BYTES = 1 << 16
FILES_PER_MIB = 16
LARGE_WRITE_BYTES = 9 * MIB // 4
# What ext4 needs for itself, so that a job gets the megabytes it was promised.
OVERHEAD_SHARE, OVERHEAD_MB = 1.06, 2
UNMOUNT_TRIES, UNMOUNT_PAUSE_S = 40, 0.05


def make(image: Path, *, size_mb: float) -> None:
    """An empty file system. No journal: what a crash of the host spoils belongs to a stage that is redone anyway."""
    with image.open("xb") as file:
        file.truncate(int((size_mb * OVERHEAD_SHARE + OVERHEAD_MB) * MIB))
    inodes = max(1024, int(size_mb * FILES_PER_MIB))
    options = ["-q", "-F", "-t", "ext4", "-m", "0", "-N", str(inodes), "-b", "4096", "-O", "^has_journal,^resize_inode"]
    _run(["mke2fs", *options, "-E", "lazy_itable_init=1,nodiscard", str(image)])


def mount(image: Path, at: Path, *, read_only: bool = False) -> None:
    at.mkdir(exist_ok=True)
    if not at.is_mount():
        _run(
            [
                "mount",
                "-t",
                "ext4",
                "-o",
                f"loop,nodev,nosuid,noatime,{'ro' if read_only else 'rw'}",
                str(image),
                str(at),
            ]
        )


def make_directories(mounted: Path, names: Collection[str], *, uid: int) -> None:
    for name in names:
        (mounted / name).mkdir(mode=0o700, exist_ok=True)
        os.chown(mounted / name, uid, uid)


def unmount(at: Path) -> None:
    """Nothing of a dead container holds a mount for long, so a busy one is asked again for two seconds.

    Any process that made a mount namespace of its own meanwhile keeps the file system alive in it, and would have it
    write to the file once more at its end. So it is made read-only, which holds everywhere, before it is let go.
    """
    for _ in range(UNMOUNT_TRIES):
        if not at.is_mount():
            return
        for command in (["mount", "-o", "remount,ro", str(at)], ["umount", str(at)]):
            if subprocess.run(command, capture_output=True, check=False).returncode:
                time.sleep(UNMOUNT_PAUSE_S)
                break
    if at.is_mount():
        raise SandboxRefusalError(
            Outcome.HOST_SHORT, f"{at} cannot be unmounted: see what holds it with `fuser -vm {at}`"
        )


def is_full(at: Path) -> bool:
    """Full enough that a write failed, or no file could be made. Large writes fail as a whole, so a little is left."""
    space = os.statvfs(at)
    left, size = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize
    return space.f_ffree == 0 or left < max(LARGE_WRITE_BYTES, size // 50)


def written_bytes(at: Path) -> int:
    """What reached the disk's loop device, ever: rewritten blocks count again, and so do the device's earlier disks."""
    _run(["sync", "--file-system", str(at)])
    device = at.stat().st_dev
    fields = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
    return int(fields[6]) * 512  # field 7: sectors written, always of 512 bytes


def sealed(image: Path) -> ModelFile:
    """The unmounted file as a value; two files of equal content are equal here, wherever their holes are."""
    return ModelFile(image, image.stat().st_blocks * 512, fingerprint(image))


def verify(model: ModelFile) -> None:
    """Before it is mounted: the kernel trusts what it mounts, so the file must be what a kernel of ours wrote."""
    if not model.path.is_file() or fingerprint(model.path) != model.sha256:
        raise SandboxRefusalError(
            Outcome.SANDBOX_LOST, f"the kept model {model.path} is missing or changed: train again"
        )


def fingerprint(image: Path) -> str:
    """SHA-256 over the length and the blocks that are not all zero, each after its number. Holes are not read."""
    digest = hashlib.sha256()
    zeros = bytes(BLOCK_BYTES)
    with image.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        digest.update(length.to_bytes(8, "big"))
        for start, end in _extents(file.fileno(), length):
            for number in range(start // BLOCK_BYTES, -(-end // BLOCK_BYTES)):
                block = os.pread(file.fileno(), BLOCK_BYTES, number * BLOCK_BYTES)
                if block != zeros[: len(block)]:
                    digest.update(number.to_bytes(8, "big"))
                    digest.update(block)
    return digest.hexdigest()


def _extents(fd: int, length: int) -> Iterator[tuple[int, int]]:
    """Where the file has bytes, widened to whole blocks, none twice."""
    end = 0
    while end < length:
        try:
            first = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole follows
                return
            raise
        start = first - first % BLOCK_BYTES
        end = -(-os.lseek(fd, first, os.SEEK_HOLE) // BLOCK_BYTES) * BLOCK_BYTES
        yield start, min(end, length)


def move(image: Path, to: Path) -> None:
    """To another place, which may be on another disk; holes stay holes."""
    try:
        image.replace(to)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        half = to.with_name(to.name + ".part")
        _run(["cp", "--sparse=always", "--no-target-directory", str(image), str(half)])
        half.replace(to)
        image.unlink()


def _run(command: list[str]) -> None:
    if os.geteuid() != 0:
        reason = "bounded disks need root: run this as root, or reference models with the process sandbox"
        raise SandboxRefusalError(Outcome.HOST_SHORT, reason)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        reason = f"{command[0]} is not installed: apt-get install e2fsprogs mount"
        raise SandboxRefusalError(Outcome.HOST_SHORT, reason) from None
    if done.returncode:
        raise SandboxRefusalError(Outcome.HOST_SHORT, f"`{' '.join(command)}` failed: {done.stderr.strip()}")
