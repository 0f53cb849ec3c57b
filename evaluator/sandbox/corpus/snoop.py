"""Looks for the truth, the host and the neighbours wherever a process can look."""

import os
from pathlib import Path

from evaluator.sandbox.corpus.probe import attempt

WORD = os.environ["WORD"][::-1]  # turned round, so that finding it is no finding of this


def searched(path: str) -> str:
    text = Path(path).read_bytes()[: 1 << 20].decode("utf-8", "replace")
    if WORD in text:
        return text[max(0, text.index(WORD) - 80) :][:160]
    raise LookupError("nothing there")


for process in sorted(path.name for path in Path("/proc").iterdir() if path.name.isdigit()):
    for name in ("environ", "cmdline", "mountinfo", "cgroup"):
        attempt(f"/proc/{process}/{name}", searched, f"/proc/{process}/{name}")
for path in ("/proc/mounts", "/proc/cmdline", "/proc/keys", "/etc/hostname", "/etc/hosts", "/proc/net/unix"):
    attempt(path, searched, path)
for folder, folders, names in os.walk("/"):
    folders[:] = [
        name for name in folders if f"{folder}/{name}".lstrip("/").split("/")[0] not in ("proc", "sys", "usr")
    ]
    if WORD in f"{folder} {folders} {names}":
        print(f"reached: a name in {folder}")
    for name in names:
        if folder.startswith(("/holdout/out", "/holdout/model", "/tmp", "/dev/shm", "/var", "/run", "/mnt", "/home")):
            attempt(f"{folder}/{name}", searched, f"{folder}/{name}")
for path in ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/loop0", "/dev/kvm"):
    attempt(path, open, path, "rb")
for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/x"):
    attempt(f"write {path}", open, path, "wb")
attempt("the first process's root", os.listdir, "/proc/1/root/var/lib/docker")
attempt("the kernel's debug files", lambda: next(Path("/sys/kernel/debug").iterdir()))
print("done")
